"""Every step of a job's life in every state, and every race for the record, on moto's table."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Unpack, get_args

import boto3
import pytest

from lambdas.jobs.machines import Machines
from lambdas.jobs.quotas import Quotas
from lambdas.jobs.service import Answer, EndState, JobSteps
from lambdas.jobs.settings import JobsSettings
from lambdas.jobs.verdict import MachineState
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
    record,
)
from visionflow.errors import JobConflictError
from visionflow.jobs.instances import INSTANCE_TYPES
from visionflow.jobs.record import (
    ENDED,
    FOLLOWS,
    JobChanges,
    JobInstance,
    JobOutcome,
    JobRecord,
    JobReport,
    JobState,
)
from visionflow.jobs.store import JobStore
from visionflow.timestamps import timestamp

MACHINE = JobInstance("i-1", INSTANCE_TYPES[0].type, "a", spot=True)
REPORTER = f"{ROLE_ID}:{MACHINE.id}"
STATES: tuple[JobState, ...] = get_args(JobState)
END_STATES: tuple[EndState, ...] = get_args(EndState)
# A life takes fewer steps than this by far.
MOST_STEPS = 20


class OneMachine(Machines):
    """EC2 with room for one machine, which is always well."""

    def __init__(self) -> None:
        self.running = 0

    def launch(self, record: JobRecord, choices: Any) -> JobInstance:
        self.running = 1
        return MACHINE

    def state(self, instance: JobInstance) -> MachineState:
        return MachineState(alive=True)

    def terminate(self, job_id: str) -> int:
        self.running = 0
        return 0


class NoLimits(Quotas):
    def __init__(self) -> None: ...

    def vcpus(self, code: str) -> float | None:
        return None


class OvertakenStore(JobStore):
    """Somebody else writes between a step's reading and its writing, once."""

    def __init__(self) -> None:
        super().__init__(TABLE, boto3.client("dynamodb"))
        self.meanwhile: Callable[[], object] | None = None

    def move(self, record: JobRecord, state: JobState, **changes: Unpack[JobChanges]) -> JobRecord:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        return super().move(record, state, **changes)


class Life:
    """A job in any state, and its steps."""

    def __init__(self, *, on_aws: bool = True) -> None:
        self.table = make_table()
        self.store = OvertakenStore()
        self.machines = OneMachine()
        make_buckets(DATASETS, JOBS)
        s3 = boto3.client("s3")
        s3.put_object(Bucket=DATASETS, Key="colours/red/1.jpg", Body=b"an image")
        settings = JobsSettings(
            *(TABLE, JOBS, DATASETS, "template", "subnet", "image", ROLE_ID, 15),
            gate="{}",
            usage_table=USAGE,
            datasets_table=DATASETS_TABLE,
            on_aws=int(on_aws),
            region="ap-northeast-2",
        )
        self.stop = make_stop()
        self.steps = JobSteps(
            self.store,
            inputs(self.store),
            self.machines,
            NoLimits(),
            settings,
            self.stop,
            clock=lambda: NOW,
        )

    def put(self, state: JobState, *, again: bool = False) -> str:
        """A job as its life would have left it; ``again``: after a first machine."""
        job = record(state=state)
        if state not in ("queued", "launching"):
            job = replace(
                job, attempt=1, instance=MACHINE, launched_at=timestamp(NOW), reporters=(REPORTER,)
            )
            self.machines.running = 1
        elif again:
            job = replace(job, attempt=1, reporters=(REPORTER,))
        elif state == "launching":
            job = replace(job, attempt=1)
        if state == "stopping":
            job = replace(job, reason="Stopped on request.")
        self.table.add(job)
        return job.id

    def step(self, name: str, job_id: str, asked: EndState = "failed") -> Answer:
        if name == "end":
            return self.steps.end(job_id, asked, None, None)
        step: Answer = getattr(self.steps, name)(job_id)
        return step

    def finish(self, job_id: str) -> None:
        reporter = self.table.get(job_id).reporter or REPORTER
        finished = JobOutcome("finished", None)
        folders().put_report(JobReport(reporter, job_id, timestamp(NOW), None, (), (), finished))

    def go_on(self, answer: Answer) -> JobRecord:
        """Do what the state machine would do after ``answer``, to the end."""
        job_id = answer.job_id
        for _ in range(MOST_STEPS):
            match answer.next:
                case "launch":
                    answer = self.steps.launch(job_id)
                case "wait":
                    self.finish(job_id)
                    answer = self.steps.watch(job_id)
                case "publish":
                    answer = Answer(job_id, "end", state="succeeded")
                case "end":
                    assert answer.state is not None
                    state, reason = answer.state, answer.reason
                    answer = self.steps.end(job_id, state, reason, answer.model)
                case "done":
                    assert self.machines.running == 0
                    return self.table.get(job_id)
        raise AssertionError(f"after {MOST_STEPS} steps the job is {self.table.get(job_id).state}")


@pytest.fixture
def life(aws: None) -> Life:
    return Life()


@pytest.mark.parametrize("on_aws", [True, False])
def test_on_the_local_cloud_nothing_costs_and_a_job_waits_for_its_worker(
    aws: None, *, on_aws: bool
) -> None:
    life = Life(on_aws=on_aws)
    job_id = life.put("launching")
    launched = life.steps.launch(job_id)
    assert launched.next == "wait"
    running = life.table.get(job_id)
    assert (running.usd_per_hour > 0) is on_aws
    # No machine takes two hours to report.
    since = timestamp(NOW - timedelta(hours=2))
    life.table.move(running, "running", launched_at=since)
    watched = life.steps.watch(job_id)
    assert watched.next == ("end" if on_aws else "wait")
    assert (life.table.get(job_id).cost_usd(NOW) > 0) is on_aws


def test_the_time_of_a_local_job_passes_when_its_worker_reports(aws: None) -> None:
    life = Life(on_aws=False)
    job_id = life.put("launching")
    life.steps.launch(job_id)
    running = life.table.get(job_id)
    long_ago = timestamp(NOW - timedelta(hours=running.request.max_hours + 1))
    life.table.move(running, "running", launched_at=long_ago)
    assert life.steps.watch(job_id).next == "wait"
    assert life.table.get(job_id).started_at is None
    report(life, job_id)
    assert life.steps.watch(job_id).next == "wait"
    begun = life.table.get(job_id)
    assert begun.started_at == timestamp(NOW)
    life.table.move(begun, "running", started_at=long_ago)
    ended = life.steps.watch(job_id)
    assert (ended.next, ended.state) == ("end", "failed")
    assert "The time is over" in str(ended.reason)


def report(life: Life, job_id: str) -> None:
    reporter = str(life.table.get(job_id).reporter)
    folders().put_report(JobReport(reporter, job_id, timestamp(NOW), None, (), (), None))


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("step", ["validate", "launch", "watch"])
def test_every_step_in_every_state_leads_to_the_end(
    life: Life, step: str, state: JobState, again: bool
) -> None:
    job_id = life.put(state, again=again)
    ended = life.go_on(life.step(step, job_id))
    assert ended.state == {"stopping": "cancelled"}.get(
        state, state if state in ENDED else "succeeded"
    )
    assert state != "stopping" or ended.reason == "Stopped on request."


@pytest.mark.parametrize("asked", END_STATES)
@pytest.mark.parametrize("state", STATES)
def test_every_end_ends_every_state(life: Life, state: JobState, asked: EndState) -> None:
    job_id = life.put(state)
    ended = life.go_on(life.step("end", job_id, asked))
    if state in ENDED:
        assert ended.state == state
    elif state == "stopping":
        assert (ended.state, ended.reason) == ("cancelled", "Stopped on request.")
    elif state in FOLLOWS[asked]:
        assert ended.state == asked
    else:
        assert (ended.state, ended.reason) == ("failed", f"Ended as {asked} while it was {state}.")


RACES = [
    (step, state, other)
    for step, states in {
        "validate": ("queued",),
        "launch": ("queued", "launching"),
        "watch": ("running",),
        "end": ("queued", "launching", "running", "publishing", "stopping"),
    }.items()
    for state in states
    for other in STATES
    if state in FOLLOWS[other] and (state != other or other in ("launching", "running"))
]


@pytest.mark.parametrize(("step", "state", "other"), RACES)
def test_whoever_loses_a_race_answers_what_the_job_truly_is(
    life: Life, step: str, state: JobState, other: JobState
) -> None:
    job_id = life.put(state, again=step == "validate")
    if step in ("validate", "watch"):
        life.finish(job_id)  # so that they move it
    seen = life.table.get(job_id)
    changes: dict[str, Any] = {"reason": "by somebody else"}
    if other in ("launching", "running"):
        changes |= {"attempt": seen.attempt + 1, "reporters": (*seen.reporters, REPORTER)}

    life.store.meanwhile = lambda: life.table.move(seen, other, **changes)
    answer = life.step(step, job_id)
    assert life.table.get(job_id).state != state or state == other
    ended = life.go_on(answer)
    if other in ENDED:
        assert (ended.state, ended.reason) == (other, "by somebody else")
    elif other == "stopping":
        assert (ended.state, ended.reason) == ("cancelled", "by somebody else")
    else:
        assert ended.state == ("failed" if step == "end" else "succeeded")


def test_an_illegal_move_is_an_error_and_not_a_lost_race(life: Life) -> None:
    seen = life.table.get(life.put("publishing"))
    with pytest.raises(JobConflictError, match="is publishing and cannot become launching"):
        life.steps._move(seen, "launching")
