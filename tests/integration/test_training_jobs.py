"""The life of a training job on moto: the deployed state machine's definition, the functions'
handlers, EC2, S3 and DynamoDB. Each way that a life can end is made to happen here."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

import lambdas.jobs.handler
import lambdas.publish.handler
from infra.constructs.training_job.definition import DEFINITION
from lambdas.jobs.machines import JOB_TAG, Machines
from lambdas.jobs.quotas import Quotas
from lambdas.jobs.service import JobSteps
from lambdas.jobs.settings import JobsSettings
from lambdas.jobs.verdict import MachineState
from lambdas.publish.settings import PublishSettings
from tests.integration.conftest import Context
from tests.integration.state_machine import StateMachine
from tests.jobs import (
    DATASETS,
    DATASETS_TABLE,
    JOBS,
    NOW,
    ROLE_ID,
    TABLE,
    USAGE,
    folders,
    inputs,
    make_buckets,
    make_stop,
    make_table,
)
from tests.jobs import request as asked
from tests.tiny_model import LABELS, write_tiny_run
from training.job.files import JobFiles
from visionflow.errors import JobConflictError
from visionflow.jobs.control import JobControl
from visionflow.jobs.record import (
    JobInstance,
    JobOutcome,
    JobProgress,
    JobRecord,
    JobReport,
    JobRequest,
    OutcomeKind,
    TrainingJob,
)
from visionflow.jobs.store import JobStore
from visionflow.models.gate import GateLimits
from visionflow.models.manifest import MANIFEST_NAME, GateCheck
from visionflow.models.ref import ModelRef
from visionflow.models.registry import ModelRegistry
from visionflow.timestamps import timestamp

IMAGE = "/visionflow/image"
MOTO_IMAGE = "ami-03cf127a"  # moto knows some; listing them takes seconds
GATE = json.dumps(asdict(GateLimits()))
PUBLISH = PublishSettings(
    TABLE, JOBS, "models", "registry", "audit", GATE, DATASETS, DATASETS_TABLE
)
NAMED = {"name": "tiny", "version": "1"}
Override = Callable[[dict[str, Any]], Any]


def request(**changes: Any) -> JobRequest:
    """One that makes the version that `write_tiny_run` writes."""
    return asked(**{**changes, "set": {**NAMED, **changes.get("set", {})}})


class World:
    """Everything around the state machine: its clock, its functions, and the machines' side."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = NOW
        self.folder = tmp_path
        self.ec2 = boto3.client("ec2")
        self.s3 = boto3.client("s3")
        self.store, self.stop = make_table(), make_stop()
        make_buckets(JOBS, DATASETS, "models")
        for label in LABELS:
            self.s3.put_object(Bucket=DATASETS, Key=f"colours/{label}/1.jpg", Body=label.encode())
        self._make_registry()
        self.control = JobControl(
            self.store,
            folders(),
            boto3.client("stepfunctions"),
            self._make_state_machine(),
            on_aws=True,
            clock=self.clock,
        )
        self.steps = self._make_steps()
        self.on_wait: Callable[[JobRecord], object] = lambda _record: None
        self.overrides: dict[str, Override] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._intercept(monkeypatch)
        monkeypatch.setattr(lambdas.jobs.handler, "service", lambda: self.steps)
        for name, value in PUBLISH.to_env().items():
            monkeypatch.setenv(name, value)

    def clock(self) -> datetime:
        return self.now

    def pass_time(self, **duration: float) -> None:
        self.now += timedelta(**duration)

    def live(self, asked: JobRequest) -> TrainingJob:
        """Start a job, and let the state machine bring it to its end."""
        return self.run(self.control.start(asked).id)

    def run(self, job_id: str) -> TrainingJob:
        def wait(seconds: int) -> None:
            assert seconds >= 1
            self.pass_time(seconds=seconds)
            self.on_wait(self.store.get(job_id))

        self.machine = StateMachine(
            DEFINITION,
            {
                "JobsFunction": lambda event: lambdas.jobs.handler.lambda_handler(event, Context()),
                "PublishFunction": lambda event: lambdas.publish.handler.lambda_handler(
                    event, Context()
                ),
            },
            wait,
        )
        self.machine.run({"job_id": job_id})
        job = self.control.get(job_id)
        assert self.running_machines() == [], "a machine was left behind"
        assert job.ended_at is not None
        return job

    def running_machines(self) -> list[dict[str, Any]]:
        reservations = self.ec2.describe_instances()["Reservations"]
        found: Any = [x for reservation in reservations for x in reservation["Instances"]]
        return [x for x in found if x["State"]["Name"] not in ("terminated", "shutting-down")]

    def versions(self) -> set[str]:
        """What anybody could take for a published version: folders with a manifest."""
        found = self.s3.list_objects_v2(Bucket="models").get("Contents", [])
        return {x["Key"] for x in found if x["Key"].endswith(MANIFEST_NAME)}

    def report(
        self,
        record: JobRecord,
        kind: OutcomeKind | None = None,
        reason: str | None = None,
        step: str = "train",
    ) -> None:
        """As the script on the job's machine does."""
        folders().put_report(
            JobReport(
                reporter=str(record.reporter),
                job_id=record.id,
                heartbeat_at=timestamp(self.now),
                progress=JobProgress(step, 1, 3),
                epochs=(),
                log_tail=("one line",),
                outcome=None if kind is None else JobOutcome(kind, reason),
            )
        )

    def train_for_ever(self, record: JobRecord) -> None:
        """Five minutes at a time, with a heartbeat."""
        self.pass_time(minutes=5)
        if record.instance:
            self.report(record)

    def finish(self, record: JobRecord, **run: Any) -> None:
        """The machine leaves a finished run and says so."""
        folder = self.folder / str(record.attempt)
        write_tiny_run(folder, **run)
        JobFiles(JOBS, str(record.reporter), self.s3).keep_run(folder)
        self.report(record, "finished")

    def _make_steps(self) -> JobSteps:
        subnets = [subnet["SubnetId"] for subnet in self.ec2.describe_subnets()["Subnets"]]
        template = self.ec2.create_launch_template(
            LaunchTemplateName="job", LaunchTemplateData={"UserData": "IyEvYmluL2Jhc2g="}
        )["LaunchTemplate"]["LaunchTemplateId"]
        ssm = boto3.client("ssm")
        ssm.put_parameter(Name=IMAGE, Value=MOTO_IMAGE, Type="String")
        self.subnets = subnets[:2]
        settings = JobsSettings(
            *(TABLE, JOBS, DATASETS, template, ",".join(self.subnets), IMAGE, ROLE_ID, 15),
            gate=GATE,
            usage_table=USAGE,
            datasets_table=DATASETS_TABLE,
            on_aws=1,
            region="us-east-1",
        )
        return JobSteps(
            self.store,
            inputs(self.store),
            Machines(self.ec2, ssm, settings),
            Quotas(boto3.client("service-quotas")),
            settings,
            self.stop,
            clock=self.clock,
        )

    @staticmethod
    def _make_registry() -> None:
        keys = ("pk", "sk")
        for table in ("registry", "audit"):
            boto3.client("dynamodb").create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
                AttributeDefinitions=[{"AttributeName": k, "AttributeType": "S"} for k in keys],
            )

    @staticmethod
    def _make_state_machine() -> str:
        """Only its name: the definition runs in `StateMachine`."""
        definition = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
        return boto3.client("stepfunctions").create_state_machine(
            name="jobs",
            definition=json.dumps(definition),
            roleArn="arn:aws:iam::123456789012:role/jobs",
        )["stateMachineArn"]

    def _intercept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every AWS call is noted, and answered by `overrides` where one is for its operation."""
        send: Any = BaseClient._make_api_call  # type: ignore[attr-defined]

        def call(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
            self.calls.append((operation, arguments))
            override = self.overrides.get(operation)
            answer = override(arguments) if override else None
            return send(client, operation, arguments) if answer is None else answer

        monkeypatch.setattr(BaseClient, "_make_api_call", call)


@pytest.fixture
def world(aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(boto3, "client", lambda name, **_: client(name))
    yield World(tmp_path, monkeypatch)
    lambdas.publish.handler.service.cache_clear()
    lambdas.publish.handler.audit.cache_clear()


@lru_cache
def client(name: Any) -> Any:
    """Made once: reading EC2's description takes longer than any test here."""
    return boto3.session.Session(
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        region_name="eu-central-1",
    ).client(name)


def refused(code: str, operation: str = "CreateFleet") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


def test_a_job_trains_and_its_version_serves(world: World) -> None:
    seen: list[dict[str, Any]] = []

    def on_wait(record: JobRecord) -> None:
        if record.state != "running":
            return
        if not seen:
            seen.extend(world.running_machines())
            world.report(record)
        else:
            world.finish(record)

    world.on_wait = on_wait
    job = world.live(request())
    assert (job.state, job.reason) == ("succeeded", None)
    assert job.model == ModelRef("tiny", "1")
    # What a job makes serves only after a step of a person, or of a rule.
    assert ModelRegistry("registry", boto3.client("dynamodb")).current() is None
    assert world.versions() == {"models/tiny/1/manifest.json"}
    audited = boto3.client("dynamodb").scan(TableName="audit")["Items"]
    (end,) = (row for row in audited if row["sk"]["S"].endswith("#outcome"))
    assert (end["by"], end["subject"]) == ({"S": f"training job {job.id}"}, {"S": job.id})
    assert (end["action"], end["status"]) == ({"S": "publish"}, {"N": "200"})
    (machine,) = seen
    tags = {tag["Key"]: tag["Value"] for tag in machine["Tags"]}
    assert tags[JOB_TAG] == job.id
    assert tags["visionflow-max-hours"] == "2"
    assert machine["InstanceLifecycle"] == "spot"
    assert job.instance is not None
    assert (job.instance.id, job.instance.spot) == (machine["InstanceId"], True)
    assert 0 < job.cost_usd < 0.01
    assert job.log_tail == ("one line",)


def test_an_interrupted_machine_is_followed_by_another(world: World) -> None:
    machines: list[str] = []

    def on_wait(record: JobRecord) -> None:
        if record.instance and record.instance.id not in machines:
            machines.append(record.instance.id)
            world.report(record, "interrupted", "EC2 takes the spot instance back.")
            if len(machines) == 3:
                world.finish(record)

    world.on_wait = on_wait
    job = world.live(request())
    assert job.state == "succeeded"
    record = world.store.get(job.id)
    assert record.reporters == tuple(f"{ROLE_ID}:{name}" for name in machines)
    assert len(set(machines)) == record.attempt == 3


def test_a_machine_that_ec2_took_without_a_notice_is_followed_by_another(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_wait(record: JobRecord) -> None:
        if record.attempt == 1 and record.instance:
            world.ec2.terminate_instances(InstanceIds=[record.instance.id])
        elif record.state == "running":
            world.finish(record)

    look = Machines.state

    def state(machines: Machines, instance: JobInstance) -> MachineState:
        """moto knows one reason for an end, and that is not EC2's."""
        found = look(machines, instance)
        return found if found.alive else replace(found, reason="Server.SpotInstanceTermination")

    world.on_wait = on_wait
    monkeypatch.setattr(Machines, "state", state)
    job = world.live(request())
    assert job.state == "succeeded"
    assert world.store.get(job.id).attempt == 2


def test_machines_that_are_interrupted_for_ever_end_the_job(world: World) -> None:
    def on_wait(record: JobRecord) -> None:
        if record.state == "running":
            world.report(record, "interrupted", "EC2 takes the spot instance back.")

    world.on_wait = on_wait
    job = world.live(request())
    assert job.state == "failed"
    assert "That was machine 6; no more." in str(job.reason)
    kinds = [
        arguments["TargetCapacitySpecification"]["DefaultTargetCapacityType"]
        for operation, arguments in world.calls
        if operation == "CreateFleet"
    ]
    assert kinds == ["spot"] * 3 + ["on-demand"] * 3


def test_a_machine_that_ended_by_itself_is_not_tried_again(world: World) -> None:
    def on_wait(record: JobRecord) -> None:
        if record.instance:
            world.ec2.terminate_instances(InstanceIds=[record.instance.id])

    world.on_wait = on_wait
    job = world.live(request())
    assert job.state == "failed"
    assert "ended before the job began" in str(job.reason)
    assert "Client.UserInitiatedShutdown" in str(job.reason)
    assert world.store.get(job.id).attempt == 1


def test_a_job_that_fails_on_its_machine_fails_for_the_same_reason(world: World) -> None:
    world.on_wait = lambda record: (
        world.report(record, "failed", "The loss is nan.") if record.instance else None
    )
    job = world.live(request())
    assert (job.state, job.reason) == ("failed", "The loss is nan.")
    assert world.versions() == set()


def test_a_running_job_can_be_stopped(world: World) -> None:
    def on_wait(record: JobRecord) -> None:
        if record.state == "running":
            world.report(record)
            assert world.control.stop(record.id).state == "stopping"

    world.on_wait = on_wait
    job = world.live(request())
    assert (job.state, job.reason) == ("cancelled", "Stopped on request.")
    with pytest.raises(JobConflictError, match="is cancelled; it cannot be stopped"):
        world.control.stop(job.id)


def test_a_stage_whose_budget_is_spent_ends_its_machines(world: World) -> None:
    """Within one look of the watch; the job goes on from its checkpoint once the stage does."""

    def on_wait(record: JobRecord) -> None:
        if record.state == "running":
            world.train_for_ever(record)
            world.stop.stop("The month's budget is spent.", world.now)

    world.on_wait = on_wait
    job = world.live(request())
    assert (job.state, world.machine.visited.count("Watch")) == ("failed", 1)
    assert str(job.reason).startswith("The month's budget is spent.")
    # Nor does another begin.
    assert world.live(request()).reason == job.reason
    assert world.store.get(job.id).attempt == 1
    world.stop.resume(world.now)
    world.on_wait = lambda record: world.finish(record) if record.instance else None
    world.control.resume(job.id)
    assert world.run(job.id).state == "succeeded"


def test_a_job_that_is_stopped_before_it_begins_never_gets_a_machine(world: World) -> None:
    job_id = world.control.start(request()).id
    world.control.stop(job_id)
    assert world.run(job_id).state == "cancelled"
    assert "CreateFleet" not in [operation for operation, _ in world.calls]


def test_a_job_that_is_stopped_while_its_machine_is_launched_loses_it(world: World) -> None:
    job_id = world.control.start(request()).id

    def stop(_arguments: dict[str, Any]) -> None:
        world.overrides.clear()
        world.control.stop(job_id)

    world.overrides["CreateFleet"] = stop
    job = world.run(job_id)
    assert job.state == "cancelled"
    assert "CreateFleet" in [operation for operation, _ in world.calls]


def test_a_heartbeat_that_stops_ends_the_job(world: World) -> None:
    def on_wait(record: JobRecord) -> None:
        if record.instance and folders().current_report(record) is None:
            world.report(record)

    world.on_wait = on_wait
    job = world.live(request())
    assert job.state == "failed"
    assert "The heartbeat stopped" in str(job.reason)
    lasted = datetime.fromisoformat(str(job.ended_at)) - NOW
    assert timedelta(seconds=180) <= lasted <= timedelta(seconds=240)


def test_a_machine_that_never_reports_ends_the_job(world: World) -> None:
    world.on_wait = lambda _: world.pass_time(minutes=6)
    job = world.live(request())
    assert job.state == "failed"
    assert "The machine never reported" in str(job.reason)


def test_a_report_that_cannot_be_read_is_none(world: World) -> None:
    def on_wait(record: JobRecord) -> None:
        world.pass_time(minutes=6)
        if record.reporter:
            key = f"jobs/{record.reporter}/report.json"
            world.s3.put_object(Bucket=JOBS, Key=key, Body=b'{"heartbeat_at": [')

    world.on_wait = on_wait
    job = world.live(request())
    assert job.state == "failed"
    assert "The machine never reported" in str(job.reason)


def test_the_links_of_a_machine_are_renewed_while_it_follows_them(world: World) -> None:
    signed: list[str | None] = []

    def on_wait(record: JobRecord) -> None:
        if record.state == "running":
            signed.append(folders().links_signed_at(str(record.reporter)))
            world.pass_time(minutes=2)
            world.report(record, step="download" if len(signed) < 20 else "train")
        if len(signed) == 30:
            world.finish(record)

    world.on_wait = on_wait
    assert world.live(request()).state == "succeeded"
    # Every twenty minutes or so, and no more once it trains.
    assert 3 <= len(set(signed[:20])) <= 5
    assert len(set(signed[21:])) == 1


def test_the_time_ends_a_job(world: World) -> None:
    world.on_wait = world.train_for_ever
    job = world.live(request(max_hours=0.5, budget_usd=100.0))
    assert (job.state, job.reason) == ("failed", "The time is over: 0.5 hours were allowed.")


def test_the_budget_ends_a_job(world: World) -> None:
    world.on_wait = world.train_for_ever
    job = world.live(request(instance="g6e.xlarge", on_demand=True, budget_usd=0.5, max_hours=24))
    assert job.state == "failed"
    assert str(job.reason).startswith("The budget is spent: 0.5")
    assert 0.5 <= job.cost_usd < 0.7


def no_capacity(arguments: dict[str, Any]) -> dict[str, Any]:
    pools = arguments["LaunchTemplateConfigs"][0]["Overrides"]
    error = {"ErrorCode": "InsufficientInstanceCapacity", "ErrorMessage": "no"}
    return {"FleetId": "fleet-1", "Instances": [], "Errors": [error for _ in pools]}


def test_a_job_for_which_there_is_no_room_anywhere_says_where_it_looked(world: World) -> None:
    world.overrides["CreateFleet"] = no_capacity
    job = world.live(request())
    assert job.state == "failed"
    assert "No machine is available in 2 zones (spot: g4dn.xlarge, " in str(job.reason)
    assert "InsufficientInstanceCapacity" in str(job.reason)
    spot, on_demand = (
        arguments for operation, arguments in world.calls if operation == "CreateFleet"
    )
    for fleet, market in ((spot, "spot"), (on_demand, "on-demand")):
        assert fleet["TargetCapacitySpecification"]["DefaultTargetCapacityType"] == market
        pools = {
            (pool["InstanceType"], pool["SubnetId"])
            for pool in fleet["LaunchTemplateConfigs"][0]["Overrides"]
        }
        assert len(pools) == 10
        assert {subnet for _, subnet in pools} == set(world.subnets)


def test_without_spot_capacity_a_machine_is_taken_on_demand(world: World) -> None:
    def spot_is_full(arguments: dict[str, Any]) -> Any:
        if arguments["TargetCapacitySpecification"]["DefaultTargetCapacityType"] == "spot":
            return no_capacity(arguments)
        return None

    world.overrides["CreateFleet"] = spot_is_full
    world.on_wait = lambda record: world.finish(record) if record.instance else None
    job = world.live(request())
    assert job.state == "succeeded"
    assert job.instance is not None
    assert not job.instance.spot


def test_ec2_refusing_for_the_quota_is_a_reason_and_no_breakdown(world: World) -> None:
    def over_quota(_arguments: dict[str, Any]) -> Any:
        raise refused("VcpuLimitExceeded")

    world.overrides["CreateFleet"] = over_quota
    job = world.live(request(on_demand=True))
    assert job.state == "failed"
    assert "VcpuLimitExceeded" in str(job.reason)
    assert world.machine.visited.count("Launch") == 1


def test_a_quota_of_zero_is_a_refusal_before_anything_is_launched(world: World) -> None:
    world.overrides["GetServiceQuota"] = lambda _: {"Quota": {"Value": 0.0}}
    job = world.live(request())
    assert job.state == "failed"
    assert "quotas L-3819A6DF, L-DB2E81BA allow fewer than the 4 vCPUs" in str(job.reason)
    assert "CreateFleet" not in [operation for operation, _ in world.calls]


def test_a_quota_for_small_machines_alone_leaves_these(world: World) -> None:
    def quota(arguments: dict[str, Any]) -> Any:
        return {"Quota": {"Value": 4.0 if arguments["QuotaCode"] == "L-DB2E81BA" else 0.0}}

    world.overrides["GetServiceQuota"] = quota
    world.on_wait = lambda record: world.finish(record) if record.instance else None
    assert world.live(request()).state == "succeeded"
    (fleet,) = (arguments for operation, arguments in world.calls if operation == "CreateFleet")
    assert fleet["TargetCapacitySpecification"]["DefaultTargetCapacityType"] == "on-demand"
    types = {pool["InstanceType"] for pool in fleet["LaunchTemplateConfigs"][0]["Overrides"]}
    assert types == {"g4dn.xlarge", "g5.xlarge", "g6.xlarge"}


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"budget_usd": 0.01}, "0.01 USD buy 2 minutes of g4dn.xlarge (spot"),
        ({"config": "dogs"}, "config must be one of flowers, "),
        ({"model": "resnet999"}, "model must be one of resnet18, "),
        ({"model": "timm:hf-hub:someone/model"}, "model must be one of resnet18, "),
        ({"set": {"scratch.epoch": 3}}, "has no field 'scratch.epoch'"),
        ({"set": {"scratch.epochs": "3"}}, 'scratch.epochs is like 50, not "3"'),
        ({"data": "s3://elsewhere/images"}, "must lie in s3://datasets/"),
        ({"grow_from": "0" * 26}, "grow_from: There is no training job"),
        ({"data": "s3://datasets/empty"}, "there is nothing below this prefix"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_launched(
    world: World, asked: dict[str, Any], sentence: str
) -> None:
    job = world.live(request(**asked))
    assert job.state == "failed"
    assert sentence in str(job.reason)
    assert "CreateFleet" not in [operation for operation, _ in world.calls]


def test_a_job_grows_only_from_one_that_succeeded(world: World) -> None:
    other = world.control.start(request()).id
    job = world.live(request(grow_from=other))
    assert job.reason == f"grow_from: job {other} is queued; only one that succeeded will do."


def test_an_upload_that_fails_half_way_is_done_again(world: World) -> None:
    failures = [refused("SlowDown", "PutObject")]

    def fail_once(arguments: dict[str, Any]) -> None:
        if arguments["Bucket"] == "models" and arguments["Key"].endswith(".json") and failures:
            raise failures.pop()

    world.overrides["PutObject"] = fail_once
    world.on_wait = lambda record: world.finish(record) if record.instance else None
    job = world.live(request())
    assert job.state == "succeeded"
    assert world.versions() == {"models/tiny/1/manifest.json"}


def test_publishing_that_keeps_failing_leaves_no_version_and_can_be_resumed(world: World) -> None:
    def fail(arguments: dict[str, Any]) -> None:
        if arguments["Bucket"] == "models" and arguments["Key"].endswith("manifest.json"):
            raise refused("InternalError", "PutObject")

    world.overrides["PutObject"] = fail
    world.on_wait = lambda record: world.finish(record) if record.state == "running" else None
    job = world.live(request())
    assert job.state == "failed"
    assert "InternalError" in str(job.reason)
    assert world.versions() == set()
    assert job.model is None

    world.overrides.clear()
    world.calls.clear()
    assert world.control.resume(job.id).state == "queued"
    again = world.run(job.id)
    assert (again.state, again.model) == ("succeeded", ModelRef("tiny", "1"))
    assert "CreateFleet" not in [operation for operation, _ in world.calls]


def test_a_run_that_its_gate_holds_back_is_not_published(world: World) -> None:
    failed = GateCheck("fp32_top1_changes", 0.3, 0.1, passed=False)
    world.on_wait = lambda record: world.finish(record, gate=(failed,)) if record.instance else None
    job = world.live(request())
    assert job.state == "failed"
    assert "has not passed its gate (fp32_top1_changes is 0.3" in str(job.reason)
    assert world.versions() == set()


def test_a_run_that_was_damaged_on_its_way_is_not_published(world: World) -> None:
    def finish(record: JobRecord) -> None:
        if record.state == "running":
            world.finish(record)
            key = f"jobs/{record.reporter}/run/model.onnx"
            world.s3.put_object(Bucket=JOBS, Key=key, Body=b"another model")

    world.on_wait = finish
    job = world.live(request())
    assert job.state == "failed"
    assert "Not published: " in str(job.reason)
    assert "model.onnx" in str(job.reason)
    assert world.versions() == set()


def test_a_step_that_breaks_ends_the_job_and_its_machine(world: World) -> None:
    def on_wait(record: JobRecord) -> None:
        if record.state == "running":
            world.overrides["DescribeInstances"] = fail

    def fail(arguments: dict[str, Any]) -> None:
        if "InstanceIds" in arguments:
            raise refused("InternalError", "DescribeInstances")

    world.on_wait = on_wait
    job = world.live(request())
    assert job.state == "failed"
    assert job.reason == (
        "A step of the job broke (ClientError: An error occurred (InternalError) when calling the "
        "DescribeInstances operation: no). Resume the job to try again."
    )
    assert world.machine.visited.count("Watch") == 1


@pytest.mark.parametrize(
    ("error", "what"),
    [
        ({"Error": "States.Timeout"}, "States.Timeout"),
        ({"Error": "Lambda.Unknown", "Cause": "The cause could not be determined."}, None),
        ({"Error": "Sandbox.Timedout", "Cause": '{"errorMessage": "Task timed out"}'}, None),
        ({}, "no reason given"),
        ({"Error": "E", "Cause": '"text"'}, 'E: "text"'),
        ({"Error": "ValueError", "Cause": json.dumps({"errorMessage": "long " * 999})}, None),
    ],
)
def test_the_reason_of_a_broken_step_is_a_short_sentence(
    world: World, error: dict[str, str], what: str | None
) -> None:
    job_id = world.control.start(request()).id
    event = {"step": "end", "job_id": job_id, "answer": {}, "error": error}
    lambdas.jobs.handler.lambda_handler(event, Context())
    reason = str(world.control.get(job_id).reason)
    assert reason.startswith(f"A step of the job broke ({what or error['Error']}")
    assert reason.endswith("). Resume the job to try again.")
    assert len(reason) < 400
    assert "{" not in reason
    assert "\n" not in reason


def test_a_launch_whose_answer_was_lost_is_not_made_twice(world: World) -> None:
    job_id = world.control.start(request()).id
    first = world.steps.launch(job_id)
    assert world.steps.launch(job_id) == first
    assert len(world.running_machines()) == 1
    assert [operation for operation, _ in world.calls].count("CreateFleet") == 1


def test_an_execution_that_was_ended_from_outside_ends_its_job(world: World) -> None:
    job_id = world.control.start(request()).id
    world.steps.launch(job_id)
    assert len(world.running_machines()) == 1
    event = {"detail": {"status": "ABORTED", "input": json.dumps({"job_id": job_id})}}
    lambdas.jobs.handler.lambda_handler(event, Context())
    job = world.control.get(job_id)
    assert (job.state, job.reason) == ("failed", "The state machine's execution is aborted.")
    assert world.running_machines() == []


def test_a_failed_job_goes_on_where_it_stopped(world: World) -> None:
    world.on_wait = lambda _: world.pass_time(minutes=6)
    job = world.live(request())  # its machine never reports
    assert job.state == "failed"
    before = job.cost_usd
    world.on_wait = lambda record: world.finish(record) if record.state == "running" else None
    world.control.resume(job.id)
    again = world.run(job.id)
    assert again.state == "succeeded"
    record = world.store.get(job.id)
    assert (record.attempt, record.execution, len(record.reporters)) == (2, 2, 2)
    assert again.cost_usd > before
    with pytest.raises(JobConflictError, match="cannot become queued"):
        world.control.resume(job.id)


def test_a_state_machine_that_does_not_start_is_a_failed_job(world: World) -> None:
    def fail(_arguments: dict[str, Any]) -> None:
        raise refused("AccessDeniedException", "StartExecution")

    world.overrides["StartExecution"] = fail
    with pytest.raises(ClientError):
        world.control.start(request())
    ((job,), _) = world.control.page(10, None)
    assert job.state == "failed"
    assert "AccessDeniedException" in str(job.reason)


def test_jobs_are_listed_newest_first(world: World) -> None:
    started = []
    for _ in range(3):
        world.pass_time(seconds=1)
        started.append(world.control.start(request()).id)
    page, cursor = world.control.page(2, None)
    assert [job.id for job in page] == started[:0:-1]
    rest, end = world.control.page(2, cursor)
    assert [job.id for job in rest] == started[:1]
    assert end is None


def test_a_fresh_store_refuses_a_second_job_of_the_same_id(world: World) -> None:
    record = world.store.get(world.control.start(request()).id)
    with pytest.raises(JobConflictError, match="already"):
        world.store.add(record)


def test_a_stop_that_meets_the_launch_loses_no_machine(world: World) -> None:
    """Whoever stops a job has read its record before the machine was written into it."""
    job_id = world.control.start(request()).id
    world.store.move(world.store.get(job_id), "launching", attempt=1)
    read, reads = world.store.get, 0

    def read_late(_: str) -> JobRecord:
        nonlocal reads
        reads += 1
        if reads > 1:
            return read(job_id)
        seen = read(job_id)
        world.steps.launch(job_id)
        return seen

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(world.control._store, "get", read_late)
        world.steps._store = JobStore(TABLE, boto3.client("dynamodb"))
        assert world.control.stop(job_id).state == "stopping"
    record = world.store.get(job_id)
    assert record.instance is not None
    assert (len(record.reporters), record.launched_at is not None) == (1, True)
    assert record.usd_per_hour > 0


def test_an_end_that_meets_a_stop_is_told_again(world: World) -> None:
    job_id = world.control.start(request()).id
    seen = world.store.get(job_id)
    world.control.stop(job_id)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(world.steps._store, "get", lambda _: seen)
        answer = world.steps.end(job_id, "failed", "Something broke.", None)
    assert (answer.next, answer.state) == ("end", "failed")
    assert world.steps.end(job_id, "failed", "Something broke.", None).next == "done"
    assert world.control.get(job_id).state == "cancelled"


def test_a_row_of_another_time_is_refused(world: World) -> None:
    store: JobStore = world.store
    record = store.get(world.control.start(request()).id)
    store.move(record, "launching", attempt=1)
    with pytest.raises(JobConflictError, match="is launching and cannot become launching"):
        store.move(record, "launching", attempt=1)
