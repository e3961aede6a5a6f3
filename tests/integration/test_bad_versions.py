"""Versions that are whole by their checksums and hurt whoever opens or runs them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import lambdas.predict.handler
from tests.bad_models import FOR_SPECIAL, KINDS, SPECIAL, bad_graph, write_bad_artifact
from tests.images import encode, plain
from tests.integration.conftest import Cloud
from tests.tiny_model import write_tiny_artifact
from visionflow import strict
from visionflow.errors import ArtifactError, ConfigError
from visionflow.models.manifest import MANIFEST_NAME, Manifest, artifact_prefix
from visionflow.models.ref import ModelRef
from visionflow.models.registry import Tried, registration

IMAGE = encode(plain("red"))
SPECIAL_IMAGE = encode(Image.fromarray(np.full((32, 32, 3), SPECIAL, np.uint8)))
BAD = {"name": "tiny", "version": "2"}
AT = "2030-01-01T00:00:00.000000Z"


@pytest.fixture
def served(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Version 1 serves and is loaded; moves are followed at once, and nobody waits long."""
    monkeypatch.setattr("lambdas.classification.active_model.REFRESH_S", 0)
    monkeypatch.setattr("lambdas.shadow.model.REFRESH_S", 0)
    monkeypatch.setattr("visionflow.answers.tryout.ANSWER_S", 0.3)
    monkeypatch.setattr("lambdas.classification.loading.ANSWER_S", 0.3)
    assert cloud.predict(IMAGE).body["model"]["version"] == "1"
    return cloud


def smuggle(cloud: Cloud, folder: Path, manifest: Manifest, **changes: object) -> None:
    """Put version 2 into the bucket and its row into the registry, past the checks of publishing,
    as somebody with the rights to both could."""
    prefix = artifact_prefix("tiny", "2")
    document: dict[str, Any] = {**strict.to_dict(manifest), **changes}
    cloud.s3.put_object(Bucket="models", Key=prefix + MANIFEST_NAME, Body=json.dumps(document))
    model = (folder / "model.onnx").read_bytes()
    cloud.s3.put_object(Bucket="models", Key=prefix + "model.onnx", Body=model)
    cloud.dynamodb.put_item(**registration("registry", manifest, Tried(1.0, 1.0, AT)))
    cloud.promote("2")


def assert_the_last_good_goes_on(cloud: Cloud, image: bytes) -> None:
    """In the warm container, and in a new one, where there is no last good in memory."""
    for _ in range(2):
        answer = cloud.predict(image)
        assert answer.status == 200
        assert answer.body["model"]["version"] == "1"
        assert answer.body["refused"] == BAD
        lambdas.predict.handler.service.cache_clear()


@pytest.mark.parametrize(
    "changes",
    [
        {"input": {"size": 10_000_000, "resize": 10_000_000, "crop": "center"}},
        {"labels": [{"name": "a" * 3_000, "parent": None}] * 3},
        {"temperature": 1e-300},
    ],
)
def test_a_manifest_out_of_range_hurts_nobody(
    served: Cloud,
    tmp_path: Path,
    changes: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    manifest = write_tiny_artifact(tmp_path / "2", "2")
    if "input" in changes:
        changes["input"]["interpolation"] = "bilinear"
    smuggle(served, tmp_path / "2", manifest, **changes)
    assert_the_last_good_goes_on(served, IMAGE)
    assert '"ModelRefused":[1.0]' in capsys.readouterr().out


@pytest.mark.parametrize("kind", KINDS)
def test_a_graph_that_takes_too_much_hurts_nobody(
    served: Cloud, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = write_bad_artifact(tmp_path / "2", "2", bad_graph(KINDS[kind]()))
    smuggle(served, tmp_path / "2", manifest)
    assert_the_last_good_goes_on(served, IMAGE)
    assert '"ModelRefused":[1.0]' in capsys.readouterr().out


@pytest.mark.parametrize("kind", FOR_SPECIAL)
def test_a_graph_that_passes_every_trial_and_fails_at_an_image_hurts_nobody(
    served: Cloud, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_bad_artifact(tmp_path / "2", "2", bad_graph(FOR_SPECIAL[kind]()))
    served.publish(tmp_path / "2")
    assert served.predict(IMAGE).body["model"]["version"] == "2"
    capsys.readouterr()
    assert_the_last_good_goes_on(served, SPECIAL_IMAGE)
    assert '"ModelRefused":[1.0]' in capsys.readouterr().out
    served.drop("uploads/special.png", SPECIAL_IMAGE)
    assert served.deliver(served.messages()) == []
    record = served.logs(limit=1)[0]
    assert (record["source"], record["model"]["version"], record["refused"]) == ("s3", "1", BAD)


def test_a_bad_version_is_not_published(served: Cloud, tmp_path: Path) -> None:
    write_bad_artifact(tmp_path / "2", "2", bad_graph(KINDS["hungry"]()))
    with pytest.raises(ArtifactError, match="tiny 2 cannot serve"):
        served.publish(tmp_path / "2")
    assert served.registry.version(ModelRef("tiny", "2")) is None
    assert (
        served.s3.list_objects_v2(Bucket="models", Prefix=artifact_prefix("tiny", "2"))["KeyCount"]
        == 0
    )
    assert served.registry.current() == ModelRef("tiny", "1")


def test_a_report_that_cannot_be_shown_is_not_published(served: Cloud, tmp_path: Path) -> None:
    for text in ("[]", "{", '{"a": NaN}', '{"a": 1e999}', '{"a": "\\ud800"}'):
        (tmp_path / "2").mkdir(exist_ok=True)
        (tmp_path / "2" / "report.json").write_text(text)
        write_tiny_artifact(tmp_path / "2", "2", extra=("report.json",))
        with pytest.raises(ConfigError, match=r"report\.json"):
            served.publish(tmp_path / "2")


@pytest.mark.parametrize(
    ("path", "body"),
    [("promote", b"{}"), ("canary", b'{"percent": 5}'), ("shadow", b"{}"), ("device", None)],
)
def test_a_version_that_was_never_tried_serves_as_nothing(
    served: Cloud, tmp_path: Path, path: str, body: bytes | None
) -> None:
    write_tiny_artifact(tmp_path / "2", "2")
    manifest = served.publish(tmp_path / "2", promote=False)
    row = registration("registry", manifest, Tried(1.0, 1.0, AT))["Item"]
    old = {name: value for name, value in row.items() if name != "tried"}
    served.dynamodb.put_item(TableName="registry", Item=old)
    method = "GET" if body is None else "POST"

    def serve() -> Any:
        return served.call(method, f"/models/tiny/2/{path}", None, body, "application/json")

    answer = serve()
    assert (answer.status, answer.body["code"]) == (409, "model_untried")
    assert "visionflow publish RUN" in answer.body["detail"]
    assert served.call("GET", "/models/tiny/2").body["tried"] is None
    # Published again it is tried, and may serve.
    served.publish(tmp_path / "2", promote=False)
    assert serve().status == 200


@pytest.mark.parametrize("kind", FOR_SPECIAL)
def test_a_shadow_that_fails_is_left_out_and_its_messages_are_done(
    served: Cloud, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_bad_artifact(tmp_path / "2", "2", bad_graph(FOR_SPECIAL[kind]()))
    served.publish(tmp_path / "2", promote=False)
    assert served.call("POST", "/models/tiny/2/shadow").status == 200
    served.predict(SPECIAL_IMAGE)
    served.count(served.stream())
    assert served.run_shadow() == 2, "that and the one before, both done"
    assert '"ModelRefused":[1.0]' in capsys.readouterr().out


def test_the_row_of_a_version_says_what_its_trial_took(served: Cloud) -> None:
    tried = served.registry.version(ModelRef("tiny", "1"))
    assert tried is not None
    assert tried.tried is not None
    assert replace(tried.tried, at="") != Tried(None, None, "")
