"""Training jobs on the local cloud: the deployed state machine, its functions and roles, the job's
own script as a process with the machines' role."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import psutil
import pytest

from infra.cli.endpoints import Endpoints
from infra.cli.jobs.machine_role import MachineRole
from infra.local_cloud.emulator import ClientOptions
from tests.e2e.cloud import Cloud, Record, eventually
from tests.e2e.conftest import VISIONFLOW, visionflow
from training.data.sources.flowers import write_flowers
from visionflow.jobs.store import JobStore

pytestmark = pytest.mark.e2e

# Seconds of training; everything around it is the real thing.
FIELDS = {
    "name": "drawn",
    "scratch.epochs": 4,
    "scratch.batch_size": 16,
    "scratch.ema_decay": 0.0,
    "data.workers": 0,
    "export.calibration_images": 16,
}


DATASET = "pushed-flowers"
# Of each kind: a sealed set has 20 images at least.
TESTED, TRAINED = 6, 24


@pytest.fixture(scope="module")
def version(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> int:
    """The number of a version of `DATASET`: drawn flowers, six of each kind set aside for the test.

    A job that names no version would wait until the images are compared, a quarter of a minute.
    """
    drawn, divided = (tmp_path_factory.mktemp("flowers") / name for name in ("drawn", "divided"))
    write_flowers(drawn, images=TESTED + TRAINED, size=32)
    for file in sorted(drawn.rglob("*.jpg")):
        part = "test" if int(file.stem) < TESTED else "train"
        (divided / part / file.parent.name).mkdir(parents=True, exist_ok=True)
        file.rename(divided / part / file.parent.name / file.name)
    arguments = ("data", "push", str(divided), "--dataset", DATASET, "--wait", "--json")
    pushed = visionflow(*arguments, state=cloud.state)
    assert pushed.returncode == 0, pushed.stderr + pushed.stdout
    path = f"/datasets/{DATASET}/versions"
    frozen = cloud.call("POST", path, b"{}", "application/json")
    assert frozen.body["images"] == 5 * (TESTED + TRAINED), frozen.body
    number: int = frozen.body["number"]
    return number


def start_local(cloud: Cloud, version: int) -> subprocess.Popen[str]:
    assignments = [f"--set={name}={json.dumps(value)}" for name, value in FIELDS.items()]
    return subprocess.Popen(
        [
            *VISIONFLOW,
            *("jobs", "start", "--local", "--config", "cifar10-small"),
            *("--dataset", DATASET, "--version", str(version)),
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


def test_a_local_job_that_is_killed_goes_on_and_is_published(cloud: Cloud, version: int) -> None:
    command = start_local(cloud, version)

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
    (row,) = (item for item in published if item["version"] == model["version"])
    assert row["name"] == "drawn"
    # The process had neither these images nor the right to read them.
    assert row["verified"]["images"] == 5 * TESTED
    assert row["aliases"] == []

    # From the version to the dataset's version, and back.
    assert job["config"]["dataset_version"] == version
    source = visionflow("datasets", "source", model["version"], "--json", state=cloud.state)
    assert json.loads(source.stdout)["version"] == version, source.stderr
    made = cloud.call("GET", f"/datasets/{DATASET}/versions/{version}").body["models"]
    assert made == [model]

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
    store = JobStore(cloud.outputs.jobs_table, cloud.dynamodb)
    instance = store.get(job_id).instance
    assert instance is not None
    assert machine["InstanceId"] == instance.id
    assert machine["State"]["Name"] == "running"
    assert instance.spot is True
    # It stands in for one; the computer trains, which costs nothing.
    assert (job["runs_on"], job["instance"], job["cost_usd"]) == ("local", None, 0)
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


@pytest.fixture
def as_machine(cloud: Cloud) -> Iterator[Callable[[str], ClientOptions]]:
    """Credentials with the deployed policy of machines, for one of them."""
    target = Endpoints(lambda: cloud.outputs, lambda: cloud.outputs, cloud.emulator)
    sts: Any = boto3.client("sts", **cloud.emulator.client_options)
    roles = []

    def options(reporter: str) -> ClientOptions:
        roles.append(MachineRole(target, reporter))
        session = sts.assume_role(RoleArn=roles[-1].make(), RoleSessionName="machine")
        return {
            **cloud.emulator.client_options,
            "aws_access_key_id": session["Credentials"]["AccessKeyId"],
            "aws_secret_access_key": session["Credentials"]["SecretAccessKey"],
            "aws_session_token": session["Credentials"]["SessionToken"],
        }

    yield options
    for role in roles:
        role.delete()


def test_a_machine_of_one_job_can_do_nothing_to_another(
    cloud: Cloud, drawn_flowers: str, as_machine: Callable[[str], ClientOptions]
) -> None:
    out, mine, other = cloud.outputs, "AROA:local-a-1", "AROA:local-b-1"
    root: Any = boto3.client("s3", **cloud.emulator.client_options)
    image = root.list_objects_v2(Bucket=out.datasets_bucket, MaxKeys=1)["Contents"][0]["Key"]
    model = root.list_objects_v2(Bucket=out.models_bucket, MaxKeys=1)["Contents"][0]["Key"]
    for key in (f"jobs/{other}/job.json", "sealed/a.json", "wheelhouse/torch.whl"):
        root.put_object(Bucket=out.jobs_bucket, Key=key, Body=b"x")
    options = as_machine(mine)
    s3: Any = boto3.client("s3", **options)

    # Its own folder, and the wheels.
    s3.put_object(Bucket=out.jobs_bucket, Key=f"jobs/{mine}/report.json", Body=b"x")
    assert s3.get_object(Bucket=out.jobs_bucket, Key=f"jobs/{mine}/report.json")["Body"].read()
    assert s3.get_object(Bucket=out.jobs_bucket, Key="wheelhouse/torch.whl")["Body"].read()
    wheels = s3.list_objects_v2(Bucket=out.jobs_bucket, Prefix="wheelhouse/")
    assert wheels["KeyCount"] == 1

    denied = pytest.raises(s3.exceptions.ClientError, match="AccessDenied")
    for bucket, key in (
        (out.datasets_bucket, image),
        (out.jobs_bucket, f"jobs/{other}/job.json"),
        (out.jobs_bucket, "sealed/a.json"),
        (out.models_bucket, model),
    ):
        with denied:
            s3.get_object(Bucket=bucket, Key=key)
        with denied:
            s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    for bucket, prefix in (
        (out.datasets_bucket, ""),
        (out.models_bucket, ""),
        (out.jobs_bucket, ""),
        (out.jobs_bucket, f"jobs/{other}/"),
    ):
        with denied:
            s3.list_objects_v2(Bucket=bucket, Prefix=prefix)
    for key in ("wheelhouse/mine.whl", "sealed/b.json"):
        with denied:
            s3.put_object(Bucket=out.jobs_bucket, Key=key, Body=b"x")

    # No row of any table, and no stream of any log: what it says lies in its folder.
    dynamodb: Any = boto3.client("dynamodb", **options)
    no_row = pytest.raises(dynamodb.exceptions.ClientError, match="AccessDenied")
    for table in (out.jobs_table, out.registry_table, out.predictions_table):
        row = {"pk": {"S": other}, "sk": {"S": "x"}}
        with no_row:
            dynamodb.get_item(TableName=table, Key=row)
        with no_row:
            dynamodb.put_item(TableName=table, Item=row)
    logs: Any = boto3.client("logs", **options)
    (group, *_) = boto3.client("logs", **cloud.emulator.client_options).describe_log_groups()[
        "logGroups"
    ]
    stream = {"logGroupName": group["logGroupName"], "logStreamName": "b/1"}
    no_stream = pytest.raises(logs.exceptions.ClientError, match="AccessDenied")
    with no_stream:
        logs.create_log_stream(**stream)
    with no_stream:
        logs.put_log_events(**stream, logEvents=[{"timestamp": 0, "message": "x"}])
    ec2: Any = boto3.client("ec2", **options)
    with pytest.raises(ec2.exceptions.ClientError, match=r"UnauthorizedOperation|AccessDenied"):
        ec2.describe_instances()
