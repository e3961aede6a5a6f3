"""The examples of the help, as a person runs them, on a running local cloud."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.cli.main import main
from infra.cli.parsing.parser import examples_of
from infra.packaging.workspace import PROJECT
from tests.e2e.cloud import Cloud
from tests.e2e.conftest import visionflow

pytestmark = pytest.mark.e2e

# What needs nothing but what a new local cloud has, and changes nothing that other tests see.
NAMES = (
    *("health", "stats", "uncertain", "logs", "predict", "feedback", "audit", "cost"),
    *(
        "datasets list",
        "models list",
        "models history",
        "jobs list",
        "backfill list",
        "keys list",
        "budget status",
    ),
)
# One line for each image or record; all others print one document.
STREAMS = ("logs", "predict")
AN_ID = "01M8D3W573A3M1D9BYN0M7ES5E"


def runnable() -> Iterator[tuple[str, str]]:
    for name in NAMES:
        for example in examples_of(f"visionflow {name}"):
            if " | " not in example and "--follow" not in example:
                yield name, example


@pytest.fixture(scope="module")
def place(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the examples name."""
    folder = tmp_path_factory.mktemp("examples")
    (folder / "photos").symlink_to(PROJECT / "infra" / "samples")
    (folder / "more").symlink_to(PROJECT / "infra" / "samples")
    sample = next((PROJECT / "infra" / "samples").glob("*.jpg"))
    (folder / "rose.jpg").write_bytes(sample.read_bytes())
    return folder


@pytest.mark.parametrize(("name", "example"), list(runnable()), ids=lambda text: text)
def test_an_example_of_the_help_works(
    name: str,
    example: str,
    place: Path,
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(place)
    arguments = shlex.split(example)[1:]
    if "--stage" in arguments:
        at = arguments.index("--stage")
        del arguments[at : at + 2]
    if AN_ID in arguments:
        last = cloud.call("GET", "/logs", query={"limit": 1, "source": "api"}).body["items"][0]
        arguments[arguments.index(AN_ID)] = last["id"]
        arguments = ["daisy" if part == "rose" else part for part in arguments]
    state = [] if name == "cost" else ["--state", str(cloud.state)]
    as_json = [] if "--json" in arguments else ["--json"]
    capfd.readouterr()
    # Nothing among the samples is HEIC, which is said, and what there is is classified.
    expected = 1 if "*.heic" in example else 0
    assert main([*arguments, *as_json, *state]) == expected, capfd.readouterr().err
    lines = capfd.readouterr().out.splitlines()
    assert name in STREAMS or len(lines) == 1
    assert all(isinstance(json.loads(line), dict) for line in lines)


def test_head_is_answered_wherever_get_is(cloud: Cloud) -> None:
    for path in ("/health", "/logs", "/models"):
        got = cloud.call("GET", path)
        assert cloud.head(path) == (got.status, got.content_type, b"")


def test_a_command_of_a_shell_prints_its_result_alone(cloud: Cloud) -> None:
    ended = visionflow("models", "list", "--json", state=cloud.state)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)["items"]
    refused = visionflow("models", "show", "nothing/1", "--json", state=cloud.state)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert json.loads(refused.stderr)["error"]["code"] == "model_not_found"
