"""Before a stage is removed its jobs end, and with them their machines."""

from collections.abc import Callable
from functools import partial
from typing import get_args

import boto3
import pytest

from infra.cli.jobs.ending import end_jobs, end_jobs_of
from infra.cli.jobs.leftovers import Leftovers
from infra.errors import CommandError
from lambdas.jobs.machines import JOB_TAG
from tests.jobs import JOBS, TABLE, folders, make_buckets, make_table, record
from tests.unit.infra.cli.test_endpoints import deploy
from visionflow.jobs.control import JobControl
from visionflow.jobs.record import ENDED, JobState

MACHINE = "arn:aws:states:eu-central-1:123456789012:stateMachine:jobs"
# Nothing of it runs in moto; an execution stays as it began.
DEFINITION = '{"StartAt": "Wait", "States": {"Wait": {"Type": "Pass", "End": true}}}'


class Stage:
    """Jobs by moto, and what the state machine does to them between two looks."""

    def __init__(self) -> None:
        self.store = make_table()
        make_buckets(JOBS)
        self.states_client, self.ec2 = boto3.client("stepfunctions"), boto3.client("ec2")
        self.states_client.create_state_machine(
            name="jobs", definition=DEFINITION, roleArn="arn:aws:iam::123456789012:role/jobs"
        )
        self.control = JobControl(self.store, folders(), self.states_client, MACHINE, on_aws=True)
        self.now = 0.0
        self.said: list[str] = []
        self.meanwhile: Callable[[], object] = self.go_on

    def put(self, state: JobState, number: int = 1) -> str:
        job = record(state=state, id=f"{number:026d}")
        self.store.add(job)
        return job.id

    def go_on(self) -> None:
        for job in self.store.page(100).items:
            if job.state == "stopping":
                self.store.move(job, "cancelled")
            elif job.state == "publishing":
                self.store.move(job, "succeeded")

    def states(self) -> list[JobState]:
        return sorted(job.state for job in self.store.page(100).items)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.meanwhile()

    def end(self) -> int:
        return end_jobs(
            self.store,
            self.control,
            Leftovers(self.states_client, self.ec2, MACHINE),
            self.said.append,
            clock=lambda: self.now,
            sleep=self.sleep,
        )

    def runs(self, job: str) -> None:
        """The state machine moves this job."""
        self.states_client.start_execution(stateMachineArn=MACHINE, name=f"{job}-1")

    def machine(self, job: str) -> str:
        """A machine that is tagged as the job's; its id."""
        found = self.ec2.run_instances(
            ImageId="ami-12c6146b",
            MinCount=1,
            MaxCount=1,
            TagSpecifications=[
                {"ResourceType": "instance", "Tags": [{"Key": JOB_TAG, "Value": job}]}
            ],
        )
        return str(found["Instances"][0]["InstanceId"])

    def alive(self) -> list[str]:
        pages = self.ec2.describe_instances()["Reservations"]
        found = [instance for page in pages for instance in page["Instances"]]
        return [x["InstanceId"] for x in found if x["State"]["Name"] not in ("terminated",)]


@pytest.fixture
def stage(aws: None) -> Stage:
    return Stage()


@pytest.mark.parametrize("state", get_args(JobState))
def test_a_job_ends_in_whatever_state_it_is(stage: Stage, state: JobState) -> None:
    stage.put(state)
    assert stage.end() == (state not in ENDED)
    # What is published already is not lost, and what has ended stays as it is.
    kept = "succeeded" if state == "publishing" else state if state in ENDED else "cancelled"
    assert stage.states() == [kept]


def test_a_job_that_is_started_meanwhile_ends_too(stage: Stage) -> None:
    stage.put("running")

    def start_another() -> None:
        stage.put("queued", 2)
        stage.meanwhile = stage.go_on

    stage.meanwhile = start_another
    assert stage.end() == 2
    assert stage.states() == ["cancelled", "cancelled"]


def test_all_pages_of_jobs_are_looked_at(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.cli.jobs.ending._PAGE", 1)
    for number in range(3):
        stage.put("running", number)
    assert stage.end() == 3
    assert set(stage.states()) == {"cancelled"}


def test_a_stage_with_a_job_that_does_not_end_is_not_removed(stage: Stage) -> None:
    job = stage.put("running")
    stage.runs(job)
    machine = stage.machine(job)
    stage.meanwhile = lambda: None
    left = rf"{job} \(stopping; its state machine still runs; {machine} is running\)"
    with pytest.raises(CommandError, match=f"Nothing was removed: .* not ended: {left}"):
        stage.end()
    assert len(stage.said) == 1
    assert stage.alive() == [machine]


@pytest.mark.parametrize("state", sorted({*get_args(JobState)} - ENDED))
def test_a_job_whose_state_machine_has_died_does_not_block(stage: Stage, state: JobState) -> None:
    job = stage.put(state)
    stage.machine(job)
    another = stage.machine("another job's")
    stage.meanwhile = lambda: None
    assert stage.end() == 1
    assert stage.states() == ["failed" if state == "publishing" else "cancelled"]
    assert stage.alive() == [another]
    assert stage.now < 600
    assert "no machine is left" in stage.said[-1]


def deploy_training() -> None:
    deploy("Training", JobStateMachine=MACHINE)
    deploy("Data", JobsTable=TABLE, JobsBucket=JOBS)


def test_the_jobs_of_a_stage_on_aws_are_stopped(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy_training()
    stage.put("running")
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    monkeypatch.setattr("infra.cli.jobs.ending.end_jobs", partial(end_jobs, sleep=stage.sleep))
    end_jobs_of("dev", stage.said.append)
    assert stage.states() == ["cancelled"]


@pytest.mark.parametrize("answer", ["no\n", ""])
def test_nothing_is_stopped_without_consent(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    deploy_training()
    stage.put("running")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stdin.readline", lambda: answer)
    with pytest.raises(CommandError, match="Nothing was removed"):
        end_jobs_of("dev", stage.said.append)
    assert stage.states() == ["running"]


def test_a_stage_that_was_never_there_has_no_jobs(aws: None) -> None:
    end_jobs_of("dev", print)
