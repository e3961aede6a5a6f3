"""One region for everything that a command starts, and none that is guessed."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.cli import main
from infra.cli.account.region import NOT_CHOSEN, VARIABLES, chosen_region, place
from infra.errors import CommandError
from infra.packaging.workspace import Workspace
from tests.unit.infra.local_cloud.programs import script

ACCOUNT = "123456789012"
SEOUL, IRELAND, OHIO = "ap-northeast-2", "eu-west-1", "us-east-2"
# Writes down how it was called.
CDK = f"""#!{sys.executable}
import json, os, pathlib, sys
names = ("AWS_REGION", "AWS_DEFAULT_REGION")
called = {{"argv": sys.argv[1:], "cwd": os.getcwd(), "env": [os.environ.get(n) for n in names]}}
pathlib.Path(os.environ["CALLED"]).write_text(json.dumps(called))
sys.exit(int(os.environ.get("FAILS", "0")))
"""


@pytest.fixture(autouse=True)
def no_region(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of the machine that runs the tests."""
    for name in (*VARIABLES, "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    config = tmp_path / "config"
    config.write_text(f"[profile here]\nregion = {IRELAND}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))


@pytest.mark.parametrize(
    ("option", "variables", "wanted"),
    [
        (SEOUL, {}, SEOUL),
        (SEOUL, {"AWS_REGION": OHIO, "AWS_DEFAULT_REGION": OHIO, "AWS_PROFILE": "here"}, SEOUL),
        (None, {"AWS_REGION": SEOUL}, SEOUL),
        (None, {"AWS_DEFAULT_REGION": SEOUL}, SEOUL),
        (None, {"AWS_REGION": SEOUL, "AWS_DEFAULT_REGION": OHIO}, SEOUL),
        (None, {"AWS_REGION": "", "AWS_DEFAULT_REGION": SEOUL}, SEOUL),
        (None, {"AWS_PROFILE": "here"}, IRELAND),
        (None, {"AWS_REGION": SEOUL, "AWS_PROFILE": "here"}, SEOUL),
        (None, {}, None),
    ],
)
def test_a_region_is_chosen_in_one_way(
    option: str | None,
    variables: Mapping[str, str],
    wanted: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    with chosen_region(option):
        assert boto3.Session().region_name == wanted
        of_children = {os.environ.get(name) or None for name in VARIABLES}
        # A profile is read by the children too.
        assert of_children == {None if wanted == IRELAND else wanted}
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    "name", ["seoul", "us-east1", "US-EAST-1", "ap-northeast-2a", "us-east-1 "]
)
def test_what_is_not_a_region_is_refused(name: str) -> None:
    with pytest.raises(CommandError, match="is not a region"), chosen_region(name):
        pass


@pytest.mark.parametrize("name", [SEOUL, "us-gov-west-1", "cn-north-1", "eusc-de-east-1"])
def test_regions_of_every_partition_are_known(name: str) -> None:
    with chosen_region(name):
        assert os.environ["AWS_REGION"] == name


def test_no_region_is_guessed(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(CommandError, match="none is guessed"):
        place()


@pytest.mark.parametrize(
    "command", [("bootstrap",), ("deploy",), ("destroy",), ("jobs", "list", "--stage", "dev")]
)
def test_every_command_says_how_to_choose_one(
    command: tuple[str, ...],
    aws: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setattr("infra.cli.cloud.toolchain.require_node", lambda: None)
    assert main.main([*command]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == f"visionflow: {NOT_CHOSEN}"


@pytest.fixture
def called(aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the stand-in of the CDK CLI writes how it was called."""
    cdk = script(tmp_path / "cdk", CDK)
    noted = tmp_path / "called.json"
    monkeypatch.setenv("CALLED", str(noted))
    monkeypatch.setattr("infra.cli.cloud.DEFAULT_STATE", tmp_path / "state")
    monkeypatch.setattr("infra.cli.cloud.toolchain.require_node", lambda: None)
    monkeypatch.setattr("infra.cli.cloud.doctor.require", lambda *_: None)
    monkeypatch.setattr("infra.cli.cloud.toolchain.cdk_cli", lambda *_: cdk)
    monkeypatch.setattr(Workspace, "built", tmp_path / "built")
    return noted


def read(noted: Path) -> Any:
    return json.loads(noted.read_text())


def test_an_account_is_bootstrapped_without_the_dashboard(
    called: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In a folder without cdk.json, whose app needs the built dashboard."""

    def not_asked(*_: object) -> None:
        raise AssertionError("the dashboard was built")

    monkeypatch.setattr("infra.cli.cloud.toolchain.dashboard", not_asked)
    assert main.main(["bootstrap", "--stage", "prod", "--region", SEOUL]) == 0
    found = read(called)
    assert found["argv"] == ["bootstrap", f"aws://{ACCOUNT}/{SEOUL}", "--no-notices"]
    assert found["env"] == [SEOUL, SEOUL]
    assert not (Path(found["cwd"]) / "cdk.json").exists()
    assert found["cwd"] == str(tmp_path / "state")
    said = capsys.readouterr()
    assert f"account {ACCOUNT}, region {SEOUL}" in said.err
    assert f"visionflow deploy --stage prod --region {SEOUL}" in said.out


def test_a_failed_bootstrap_is_a_failure(
    called: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAILS", "1")
    assert main.main(["bootstrap", "--region", SEOUL]) == 1
    assert f"cdk bootstrap of aws://{ACCOUNT}/{SEOUL} failed" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_a_stage_is_deployed_to_the_region_that_is_said(
    command: str, called: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("infra.cli.cloud.toolchain.dashboard", lambda *_: None)
    assert main.main([command, "--region", SEOUL]) == 0
    found = read(called)
    assert (found["argv"][0], found["env"]) == (command, [SEOUL, SEOUL])
    said = f"{command} of stage dev: account {ACCOUNT}, region {SEOUL}"
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(("command", "wanted"), [("deploy", []), ("destroy", [("dev", False)])])
def test_jobs_end_before_a_stage_is_removed(
    command: str,
    wanted: list[tuple[str, bool]],
    called: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended: list[tuple[str, bool]] = []
    monkeypatch.setattr("infra.cli.cloud.toolchain.dashboard", lambda *_: None)
    monkeypatch.setattr(
        "infra.cli.cloud.end_jobs_of", lambda stage, _: ended.append((stage, called.exists()))
    )
    assert main.main([command, "--region", SEOUL]) == 0
    assert ended == wanted
    assert called.exists()
