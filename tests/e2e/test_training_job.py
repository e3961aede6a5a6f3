"""Training jobs on the local cloud: the deployed state machine, its functions and roles, the job's
own script as a process with the machines' role."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest

from infra.local_cloud.emulator import ClientOptions
from tests.e2e.cloud import Cloud, Record, eventually
from tests.e2e.conftest import VISIONFLOW, visionflow
from visionflow.jobs.store import JobStore

pytestmark = pytest.mark.e2e

# Seconds of training; everything around it is the real thing.
FIELDS = {
    "name": "drawn",
    "scratch.epochs": 4,
    "scratch.batch_size": 16,
    "scratch.ema_decay": 0.0,
    "data.workers": 0,
    "data.group_by": "content",
    "export.calibration_images": 16,
    "export.max_accuracy_drop": 1.0,
    "export.max_class_drop": 1.0,
}


def start_local(cloud: Cloud, drawn_flowers: str) -> subprocess.Popen[str]:
    assignments = [f"--set={name}={json.dumps(value)}" for name, value in FIELDS.items()]
    return subprocess.Popen(
        [
            *VISIONFLOW,
            *("jobs", "start", "--local", "--config", "cifar10-small", "--data", drawn_flowers),
            *(*assignments, "--json", "--state", str(cloud.state)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def newest_job(cloud: Cloud) -> Record | None:
    items = cloud.call("GET", "/training-jobs", query={"limit": 1}).body["items"]
    return items[0] if items else None


def script_of(command: subprocess.Popen[str]) -> psutil.Process | None:
    for child in psutil.Process(command.pid).children(recursive=True):
        if "training.job" in " ".join(child.cmdline()):
            return child
    return None


def test_a_local_job_that_is_killed_goes_on_and_is_published(
    cloud: Cloud, drawn_flowers: str
) -> None:
    command = start_local(cloud, drawn_flowers)

    def after_an_epoch() -> Record | None:
        assert command.poll() is None, command.communicate()
        job = newest_job(cloud)
        # Before it is listed, the newest is one of an earlier test.
        return job if job and job["config"]["place"] == "local" and job["epochs"] else None

    job = eventually(after_an_epoch, 240, "the first epoch of a local job")
    assert (job["state"], job["config"]["place"]) == ("running", "local")
    script = script_of(command)
    assert script is not None
    os.kill(script.pid, signal.SIGKILL)
    output, errors = command.communicate(timeout=300)
    assert command.returncode == 1, errors
    killed = json.loads(output)
    assert killed["state"] == "failed"
    assert killed["reason"] == "The process ended with code -9. Resume the job to go on."

    # What was done before is not done again.
    resumed = visionflow("jobs", "resume", job["id"], "--json", state=cloud.state)
    assert resumed.returncode == 0, resumed.stderr + resumed.stdout
    ended = json.loads(resumed.stdout)
    assert ended["state"] == "succeeded", ended
    before = [epoch["seconds"] for epoch in job["epochs"]]
    assert [epoch["seconds"] for epoch in ended["epochs"]][: len(before)] == before
    assert len(ended["epochs"]) == FIELDS["scratch.epochs"]
    model = ended["model"]
    assert model["name"] == "drawn"
    published = cloud.call("GET", "/models").body["items"]
    assert model["version"] in {item["version"] for item in published if item["name"] == "drawn"}

    logs = visionflow("jobs", "logs", job["id"], state=cloud.state)
    assert "scratch 4/4: train loss" in logs.stdout
    listed = visionflow("jobs", "list", state=cloud.state).stdout
    assert job["id"] in listed
    shown = visionflow("jobs", "status", job["id"], state=cloud.state).stdout
    assert "validation top-1" in shown
    assert f"published as drawn {model['version']}" in shown


def machines_of(cloud: Cloud, job_id: str) -> list[Any]:
    ec2: Any = boto3.client("ec2", **cloud.emulator.client_options)
    found = ec2.describe_instances(Filters=[{"Name": "tag:visionflow-job", "Values": [job_id]}])
    return [x for reservation in found["Reservations"] for x in reservation["Instances"]]


def test_a_job_gets_a_machine_and_loses_it_when_it_is_stopped(
    cloud: Cloud, drawn_flowers: str
) -> None:
    asked = {"config": "cifar10-small", "data": drawn_flowers, "max_hours": 1}
    started = cloud.call("POST", "/training-jobs", json.dumps(asked).encode(), "application/json")
    assert started.status == 202, started.body
    job_id = started.body["id"]

    def running() -> Record | None:
        answer = cloud.call("GET", f"/training-jobs/{job_id}")
        assert answer.status == 200, answer.body
        assert answer.body["state"] in ("queued", "launching", "running"), answer.body
        return answer.body if answer.body["state"] == "running" else None

    job = eventually(running, 240, "a machine")
    (machine,) = machines_of(cloud, job_id)
    assert machine["InstanceId"] == job["instance"]["id"]
    assert machine["State"]["Name"] == "running"
    assert job["instance"]["spot"] is True
    store = JobStore(cloud.outputs.jobs_table, cloud.dynamodb)
    role_id, _, name = str(store.get(job_id).reporter).partition(":")
    assert role_id.startswith("AROA")
    assert name == machine["InstanceId"]

    stopped = cloud.call("DELETE", f"/training-jobs/{job_id}")
    assert stopped.status == 202, stopped.body

    def cancelled() -> Record | None:
        found = cloud.call("GET", f"/training-jobs/{job_id}").body
        return found if found["state"] == "cancelled" else None

    ended = eventually(cancelled, 240, "a cancelled job")
    assert ended["reason"] == "Stopped on request."
    assert [x["State"]["Name"] for x in machines_of(cloud, job_id)] == ["terminated"]


def test_a_request_that_cannot_be_done_ends_with_its_reason(cloud: Cloud) -> None:
    missing = f"s3://{cloud.outputs.datasets_bucket}/nothing-here"
    asked = {"config": "flowers", "data": missing}
    started = cloud.call("POST", "/training-jobs", json.dumps(asked).encode(), "application/json")

    def failed() -> Record | None:
        found = cloud.call("GET", f"/training-jobs/{started.body['id']}").body
        return found if found["state"] == "failed" else None

    job = eventually(failed, 240, "a refused job")
    assert job["reason"] == f"{missing}: there is nothing below this prefix."
    assert machines_of(cloud, job["id"]) == []


def test_the_machines_role_reads_data_and_writes_its_own_folder_and_nothing_else(
    cloud: Cloud, drawn_flowers: str, tmp_path: Path
) -> None:
    sts: Any = boto3.client("sts", **cloud.emulator.client_options)
    session = sts.assume_role(RoleArn=cloud.outputs.job_role, RoleSessionName="local-test-1")
    credentials = session["Credentials"]
    options: ClientOptions = {
        **cloud.emulator.client_options,
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }
    s3: Any = boto3.client("s3", **options)
    out = cloud.outputs
    assert s3.list_objects_v2(Bucket=out.datasets_bucket)["KeyCount"] > 0
    own = session["AssumedRoleUser"]["AssumedRoleId"]
    s3.put_object(Bucket=out.jobs_bucket, Key=f"jobs/{own}/checkpoint.pt", Body=b"x")
    for bucket, key in (
        (out.datasets_bucket, "drawn-flowers/mine.jpg"),
        (out.models_bucket, "models/drawn/9/manifest.json"),
        (out.images_bucket, "uploads/mine.jpg"),
        (out.jobs_bucket, "wheelhouse/mine.whl"),
    ):
        with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
            s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    dynamodb: Any = boto3.client("dynamodb", **options)
    for table in (out.registry_table, out.predictions_table):
        with pytest.raises(dynamodb.exceptions.ClientError, match="AccessDenied"):
            dynamodb.put_item(TableName=table, Item={"pk": {"S": "x"}, "sk": {"S": "x"}})
    ec2: Any = boto3.client("ec2", **options)
    with pytest.raises(ec2.exceptions.ClientError, match=r"UnauthorizedOperation|AccessDenied"):
        ec2.describe_instances()
