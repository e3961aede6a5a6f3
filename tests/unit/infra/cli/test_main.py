"""The command line's own promises: one sentence on stderr, exit code 1, JSON for machines."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.cli import main
from infra.local_cloud.outputs import Outputs, read_outputs
from visionflow.client.connection import Connection
from visionflow.client.errors import ApiError

OUTPUTS = Outputs(
    api_url="http://127.0.0.1:9",
    dashboard_url="http://127.0.0.1:9/page",
    endpoint_url="http://127.0.0.1:9",
    region="us-east-1",
    images_bucket="images",
    models_bucket="models",
    dashboard_bucket="dashboard",
    datasets_bucket="datasets",
    datasets_table="datasets-table",
    predictions_table="predictions",
    registry_table="registry",
    insights_table="insights",
    audit_table="audit",
    usage_table="usage",
    budget_topic="arn:aws:sns:us-east-1:000000000000:budget",
    jobs_bucket="job-files",
    jobs_table="jobs",
    job_state_machine="arn:aws:states:us-east-1:000000000000:stateMachine:jobs",
    job_role="arn:aws:iam::000000000000:role/machines",
    queue_url="http://127.0.0.1:9/queue",
    dead_letter_queue_url="http://127.0.0.1:9/dead",
    event_bus="bus",
)


def run(*arguments: object) -> int:
    return main.main([str(argument) for argument in arguments])


def test_down_without_a_local_cloud_is_no_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("down", "--state", tmp_path, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"ended": False}


def test_asking_without_a_local_cloud_says_how_to_start_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("logs", "--state", tmp_path) == 1
    assert capsys.readouterr().err == (
        "visionflow: No local cloud is running; start one with 'visionflow up'.\n"
    )


def test_outputs_survive_being_written_and_read(tmp_path: Path) -> None:
    OUTPUTS.write(tmp_path / "outputs.json")
    assert read_outputs(tmp_path / "outputs.json") == OUTPUTS


def test_outputs_of_another_version_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "outputs.json").write_text('{"api_url": "http://127.0.0.1:9"}')
    assert run("logs", "--state", tmp_path) == 1
    assert "missing field" in capsys.readouterr().err


def test_an_api_that_does_not_answer_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    OUTPUTS.write(tmp_path / "outputs.json")
    assert run("logs", "--state", tmp_path) == 1
    assert capsys.readouterr().err.startswith("visionflow: http://127.0.0.1:9 does not answer")


def test_a_file_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("predict", tmp_path / "nothing.jpg", "--api-url", "http://127.0.0.1:9") == 1
    assert "nothing.jpg: cannot be read" in capsys.readouterr().err


def test_a_bad_image_stops_none_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def predict(
        _: Connection, _method: str, _path: str, _query: Any, image: bytes, *_rest: Any, **__: Any
    ) -> dict[str, Any]:
        if image == b"good":
            answer = {"status": "ok", "label": "고양이", "confidence": 0.9}
            return {**answer, "model": None, "error": None, "timings": {"infer": 1.0}}
        raise ApiError("No. (422, image_unreadable)", "image_unreadable")

    monkeypatch.setattr(Connection, "post_bytes", predict)
    files = [tmp_path / name for name in ("좋은.jpg", "bad.jpg", "good.jpg")]
    for file, data in zip(files, (b"good", b"bad", b"good"), strict=True):
        file.write_bytes(data)
    assert run("predict", *files, "--api-url", "http://127.0.0.1:9") == 1
    said = capsys.readouterr()
    assert said.err == f"visionflow: {files[1]}: No. (422, image_unreadable)\n"
    first, second = said.out.splitlines()[1:]
    assert "좋은.jpg" in first
    assert "good.jpg" in second
    # A Korean letter takes two columns of a terminal.
    assert first.index("고양이") + len("좋은") == second.index("고양이")


@pytest.fixture
def answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An image in a folder, and an API that is not sure of it."""

    def predict(
        _: Connection, _method: str, _path: str, options: Any, *_rest: Any, **__: Any
    ) -> dict[str, Any]:
        answer = {"status": "unknown", "unknown_reason": "unfamiliar", "label": "cat"}
        more = {"confidence": 0.9, "model": None, "error": None, "timings": {"infer": 1.0}}
        coverage = options["coverage"]
        labels = ["cat", "dog"] if coverage == 0.95 else []
        found = None if coverage is None else {"coverage": coverage, "labels": labels}
        return {**answer, **more, "prediction_set": found}

    monkeypatch.setattr(Connection, "post_bytes", predict)
    file = tmp_path / "cat.jpg"
    file.write_bytes(b"image")
    return file


@pytest.mark.parametrize(
    ("options", "last"),
    [
        ((), "unknown (unfamiliar)"),
        (("--coverage", 0.95), "cat, dog"),
        (("--coverage", 0.5), "(none)"),
    ],
)
def test_reason_and_prediction_set_are_in_the_table(
    answered: Path, capsys: pytest.CaptureFixture[str], options: tuple[object, ...], last: str
) -> None:
    assert run("predict", answered, *options, "--api-url", "http://127.0.0.1:9") == 0
    header, row = capsys.readouterr().out.splitlines()
    assert ("LABELS" in header) is bool(options)
    assert "unknown (unfamiliar)" in row
    assert last in row


def test_reason_and_prediction_set_are_in_the_json(
    answered: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--coverage", 0.95, "--json", "--api-url", "http://127.0.0.1:9")
    assert run("predict", answered, *options) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["unknown_reason"] == "unfamiliar"
    assert said["prediction_set"] == {"coverage": 0.95, "labels": ["cat", "dog"]}


def test_an_image_for_the_bucket_has_no_prediction_set(
    answered: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("infra.cli.classify.command.MAX_DIRECT_BYTES", 1)
    assert run("predict", answered, "--coverage", 0.95, "--api-url", "http://127.0.0.1:9") == 1
    assert "no prediction set; leave --coverage out" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_a_port_that_is_none_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("up", "--port", port) == 2
    assert "is not a port" in capsys.readouterr().err


@pytest.mark.parametrize("where", [("--api-url", "http://127.0.0.1:9"), ("--stage", "local")])
@pytest.mark.parametrize(
    "command",
    [
        ("logs",),
        ("erase", "01M8D3W573A3M1D9BYN0M7ES5E", "--yes"),
        ("audit",),
        ("keys", "list"),
        ("keys", "create", "camera", "--scopes", "predict"),
        ("keys", "revoke", "aaaaaaaa"),
    ],
    ids=" ".join,
)
def test_what_calls_the_api_says_in_one_sentence_that_it_is_not_there(
    command: tuple[str, ...],
    where: tuple[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    state = ("--state", tmp_path) if where[0] == "--stage" else ()
    assert run(*command, *where, *state) == 1
    said = capsys.readouterr().err
    assert said.startswith("visionflow: ")
    assert len(said.splitlines()) == 1
