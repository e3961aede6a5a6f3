"""What ``--stage`` reaches, and what is said when it cannot be reached."""

import argparse
import json
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from infra.cli import main
from infra.cli.endpoints import api_client, endpoints
from infra.cli.models import commands as models
from infra.errors import CommandError
from visionflow.client.connection import Connection
from visionflow.client.errors import SettingError

DATA = (
    *("ImagesBucket", "ModelsBucket", "PredictionsTable", "RegistryTable", "UsageTable"),
    *("BudgetTopic", "InsightsTable", "AuditTable"),
)
JOBS = ("DatasetsBucket", "DatasetsTable", "JobsBucket", "JobsTable")
TRAINING = ("JobStateMachine", "JobRole")


def deploy(stack: str, *outputs: str, **values: str) -> None:
    """A stack of stage ``dev`` with ``outputs`` whose values do not matter, and with ``values``."""
    whole = {name: f"a-{name}" for name in outputs} | values
    template = {
        "Resources": {"Other": {"Type": "AWS::S3::Bucket"}},
        "Outputs": {name: {"Value": value} for name, value in whole.items()},
    }
    boto3.client("cloudformation").create_stack(
        StackName=f"VisionFlow-Dev-{stack}", TemplateBody=json.dumps(template)
    )


def asked(stage: str, state: Path) -> argparse.Namespace:
    return argparse.Namespace(stage=stage, state=state)


def test_a_command_reads_the_stacks_that_it_needs(aws: None, tmp_path: Path) -> None:
    deploy("Data", *DATA)
    found = endpoints(asked("dev", tmp_path))
    assert found.data.models_bucket == "a-ModelsBucket"
    assert found.cloud is None
    with pytest.raises(CommandError, match="VisionFlow-Dev-Training does not exist"):
        _ = found.training


def test_jobs_have_names_of_two_stacks(aws: None, tmp_path: Path) -> None:
    deploy("Data", *DATA, *JOBS)
    deploy("Training", *TRAINING)
    names = endpoints(asked("dev", tmp_path)).training
    assert (names.jobs_table, names.job_role) == ("a-JobsTable", "a-JobRole")


def test_an_output_that_is_missing_is_named(aws: None, tmp_path: Path) -> None:
    deploy("Data", *DATA[:-1])
    with pytest.raises(CommandError, match=r"Stage dev .* no output for audit_table\); deploy"):
        _ = endpoints(asked("dev", tmp_path)).data


def test_the_local_stage_needs_a_local_cloud(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="visionflow up"):
        endpoints(asked("local", tmp_path))


def test_a_refusal_of_aws_is_one_sentence(aws: None, capsys: pytest.CaptureFixture[str]) -> None:
    deploy("Data", *DATA)
    assert main.main(["models", "list", "--stage", "dev"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("visionflow: AWS refused: ")
    assert "ResourceNotFoundException" in error
    assert len(error.splitlines()) == 1


def test_aws_out_of_reach_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def out_of_reach(_: argparse.Namespace) -> None:
        raise EndpointConnectionError(endpoint_url="https://a")

    monkeypatch.setattr(models, "endpoints", out_of_reach)
    assert main.main(["models", "list", "--stage", "dev"]) == 1
    said = "visionflow: AWS cannot be reached: Could not connect"
    assert capsys.readouterr().err.startswith(said)


def test_the_api_of_a_stage_is_called_with_the_key_of_the_environment(
    aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for = argparse.Namespace(stage="dev", state=tmp_path, api_url=None)
    monkeypatch.delenv("VISIONFLOW_API_KEY", raising=False)
    with pytest.raises(CommandError, match="VISIONFLOW_API_KEY"):
        api_client(asked_for)
    with pytest.raises(CommandError, match="VisionFlow-Dev-Service does not exist"):
        api_client(asked_for, needs_key=False)
    monkeypatch.setenv("VISIONFLOW_API_KEY", "vf_a_b")
    with pytest.raises(CommandError, match="VisionFlow-Dev-Service does not exist"):
        api_client(asked_for)
    deploy("Service", ApiUrl="https://a.example.com")
    assert api_client(asked_for) == Connection("https://a.example.com", "vf_a_b")
    assert "vf_a_b" not in repr(api_client(asked_for))


@pytest.mark.parametrize(
    "url", ["nonsense", "", "a.example.com", "ftp://a.example.com", "https://"]
)
def test_what_is_no_url_is_one_sentence(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["health", "--api-url", url]) == 1
    assert "is not the URL of an API" in capsys.readouterr().err


@pytest.mark.parametrize(("key", "sent"), [("vf_a_b\n", "vf_a_b"), (" ", None), ("vf_a\nb", "")])
def test_a_key_is_taken_without_what_is_around_it(
    key: str, sent: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISIONFLOW_API_KEY", key)
    asked_for = argparse.Namespace(api_url="https://a.example.com", stage="local")
    if sent == "":
        with pytest.raises(SettingError, match="copy it again"):
            api_client(asked_for)
    else:
        assert api_client(asked_for).key == sent


@pytest.mark.parametrize("url", ["http://a.example.com", "ftp://a.example.com", "a.example.com"])
def test_a_key_never_travels_unencrypted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("VISIONFLOW_API_KEY", "vf_a_b")
    with pytest.raises(SettingError, match="not encrypted"):
        api_client(argparse.Namespace(stage="local", state=tmp_path, api_url=url))
