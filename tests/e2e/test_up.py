"""What ``visionflow up`` leaves behind, and a second one."""

import json
from pathlib import Path

import boto3
import psutil
import pytest
from botocore.exceptions import ClientError

from tests.e2e.cloud import Cloud
from tests.e2e.conftest import free_port, processes_of, visionflow

pytestmark = pytest.mark.e2e


def test_the_sample_images_are_answered(cloud: Cloud) -> None:
    samples = {file.name for file in Path("infra/samples").glob("*.jpg")}
    assert set(cloud.answers) == samples
    answers = cloud.answers.values()
    assert {answer["source"] for answer in answers} == {"api", "s3"}
    assert {answer["status"] for answer in answers} <= {"ok", "unknown"}
    assert {answer["model"]["name"] for answer in answers} == {"starter"}


def test_outputs_are_written_for_programs(cloud: Cloud) -> None:
    outputs = json.loads((cloud.state / "outputs.json").read_text())
    assert outputs["endpoint_url"] == cloud.emulator.endpoint_url
    assert outputs["api_url"].startswith(outputs["endpoint_url"])
    buckets = {bucket["Name"] for bucket in cloud.s3.list_buckets()["Buckets"]}
    assert {outputs["images_bucket"], outputs["models_bucket"]} <= buckets
    assert outputs["predictions_table"] in cloud.dynamodb.list_tables()["TableNames"]


def test_it_listens_on_loopback_only(cloud: Cloud) -> None:
    listening = {
        connection.laddr.ip
        for process in processes_of(cloud.emulator)
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_iam_is_enforced(cloud: Cloud) -> None:
    options = cloud.emulator.client_options | {"aws_access_key_id": "AKIAEXAMPLE000000000"}
    with pytest.raises(ClientError, match=r"InvalidAccessKeyId|InvalidClientTokenId|AccessDenied"):
        boto3.client("s3", **options).list_buckets()


def test_a_second_up_reuses_what_runs(cloud: Cloud) -> None:
    again = visionflow("up", "--detach", "--json", state=cloud.state)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["api_url"] == cloud.outputs.api_url
    assert "already up to date" in again.stderr
    assert cloud.emulator.is_alive()


def test_a_second_up_on_another_port_is_refused_and_harmless(cloud: Cloud) -> None:
    refused = visionflow("up", "--detach", "--port", str(free_port()), state=cloud.state)
    assert refused.returncode == 1
    assert f"already runs on port {cloud.emulator.port}" in refused.stderr
    assert cloud.emulator.is_healthy()


def test_predict_and_logs_answer_on_the_command_line(cloud: Cloud) -> None:
    image = "infra/samples/panda.jpg"
    predicted = visionflow("predict", image, "--top-k", "3", "--json", state=cloud.state)
    assert predicted.returncode == 0, predicted.stderr
    answer = json.loads(predicted.stdout)
    assert len(answer["top_k"]) == 3
    listed = visionflow("logs", "--json", "--limit", "1", state=cloud.state)
    assert json.loads(listed.stdout)["id"] == answer["id"]
    table = visionflow("logs", "--label", answer["label"], state=cloud.state).stdout
    assert "panda.jpg" in table


def test_an_image_that_is_none_is_one_sentence_on_stderr(cloud: Cloud) -> None:
    refused = visionflow("predict", "pyproject.toml", state=cloud.state)
    assert refused.returncode == 1
    assert "image_unreadable" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
