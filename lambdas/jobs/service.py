"""The steps of a job's life: validate, launch, watch, end. Each may be called again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from lambdas.jobs.machines import Machines
from lambdas.jobs.quotas import Quotas, affordable, allowed, markets
from lambdas.jobs.verdict import PATIENCE, MachineState, Patience, judge
from visionflow.errors import JobConflictError, JobNotFoundError, JobRefusedError
from visionflow.jobs.instances import BY_NAME, InstanceType, Market, candidates
from visionflow.jobs.options import check_bucket, check_settings
from visionflow.jobs.record import ENDED, JobInstance, JobRecord, JobState, local_session
from visionflow.jobs.store import JobStore
from visionflow.models.ref import ModelRef
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EndState = Literal["succeeded", "failed", "cancelled"]

# A look costs three transitions of the state machine; ten minutes in, nothing is in a hurry.
_SOON_SECONDS = 600
_LATER = 60
# Then a machine that is interrupted again and again is worth the price of one that is not.
_MOST_SPOT_MACHINES = 3


@dataclass(frozen=True)
class Answer:
    """What the state machine goes by. ``seconds``: until the next look. ``state`` and ``reason``:
    how the job ends, where ``next`` is ``end``."""

    job_id: str
    next: Literal["launch", "wait", "publish", "end", "done"]
    seconds: int = 1
    state: EndState | None = None
    reason: str | None = None
    model: ModelRef | None = None


@dataclass(frozen=True)
class Place:
    """Where jobs find things: the datasets bucket, and the first half of a reporter's name."""

    datasets_bucket: str
    role_id: str
    watch_seconds: int


class JobSteps:
    """The logic of the state machine's steps, without its event shapes."""

    def __init__(
        self,
        store: JobStore,
        machines: Machines,
        quotas: Quotas,
        s3: "S3Client",
        place: Place,
        *,
        patience: Patience = PATIENCE,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._machines = machines
        self._quotas = quotas
        self._s3 = s3
        self._place = place
        self._patience = patience
        self._clock = clock

    def validate(self, job_id: str) -> Answer:
        """Refuse now what would fail later, and at a price."""
        record = self._store.get(job_id)
        if record.state == "stopping":
            return _end(job_id, "cancelled", record.reason)
        report = self._store.report(record)
        if report and report.outcome and report.outcome.kind == "finished":
            self._store.move(record, "publishing")
            return Answer(job_id, "publish")
        try:
            check_settings(record.request)
            check_bucket(record.request, self._place.datasets_bucket)
            self._check_data(record.request.data)
            self._check_ancestor(record.request.grow_from)
            if record.request.place == "ec2":
                self._choices(record)
        except JobRefusedError as error:
            return _end(job_id, "failed", str(error))
        return Answer(job_id, "launch")

    def launch(self, job_id: str) -> Answer:
        """Start a machine in place of whatever ran before it."""
        record = self._store.get(job_id)
        if record.state == "stopping":
            return _end(job_id, "cancelled", record.reason)
        seconds = self._place.watch_seconds
        if record.state == "running":
            # The call before this one did it all, but its answer was lost.
            return Answer(job_id, "wait", seconds)
        numbered = record.state == "launching" and record.attempt > len(record.reporters)
        if not numbered and self._machines.terminate(job_id):
            return Answer(job_id, "launch", seconds)
        try:
            self._run(record if numbered else self._begin_attempt(record))
        except JobRefusedError as error:
            return _end(job_id, "failed", str(error))
        except JobConflictError:
            return self._overtaken(job_id)
        return Answer(job_id, "wait", seconds)

    def watch(self, job_id: str) -> Answer:
        """Whether the job may go on."""
        record = self._store.get(job_id)
        report = self._store.current_report(record)
        machine: MachineState | None = None
        if record.instance is not None:
            machine = self._machines.state(record.instance)
        now = self._clock()
        verdict = judge(record, report, machine, now, self._patience)
        if verdict.next == "end":
            return _end(job_id, verdict.state or "failed", verdict.reason)
        try:
            if verdict.next == "publish":
                # The machine shuts itself down; what it costs from here on is nobody's decision.
                self._store.move(record, "publishing", **_settled(record, now))
                return Answer(job_id, "publish")
            if verdict.next == "relaunch":
                self._store.move(
                    record, "launching", reason=verdict.reason, **_settled(record, now)
                )
                return Answer(job_id, "launch")
        except JobConflictError:
            return self._overtaken(job_id)
        return Answer(job_id, "wait", seconds=self._pause(record, now))

    def end(
        self, job_id: str, state: EndState, reason: str | None, model: ModelRef | None
    ) -> Answer:
        """Make sure that nothing runs, and only then say how the job has ended."""
        if self._machines.terminate(job_id):
            seconds = self._place.watch_seconds
            return Answer(job_id, "end", seconds, state, reason, model)
        record = self._store.get(job_id)
        if record.state in ENDED:
            return Answer(job_id, "done")
        final: JobState = "cancelled" if record.state == "stopping" else state
        now = self._clock()
        try:
            self._store.move(
                record,
                final,
                reason=record.reason if record.state == "stopping" else reason,
                ended_at=timestamp(now),
                model=model,
                **_settled(record, now),
            )
        except JobConflictError:
            # Somebody has stopped it at this very moment: once more, with what they wrote.
            return Answer(job_id, "end", 1, state, reason, model)
        return Answer(job_id, "done")

    def _check_data(self, data: str) -> None:
        bucket, _, prefix = data.removeprefix("s3://").partition("/")
        prefix = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
        found = self._s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
        if not found.get("KeyCount"):
            raise JobRefusedError(f"{data}: there is nothing below this prefix.")

    def _check_ancestor(self, job_id: str | None) -> None:
        if job_id is None:
            return
        try:
            state = self._store.get(job_id).state
        except JobNotFoundError as error:
            raise JobRefusedError(f"grow_from: {error}") from error
        if state != "succeeded":
            raise JobRefusedError(
                f"grow_from: job {job_id} is {state}; only one that succeeded will do."
            )

    def _choices(self, record: JobRecord) -> dict[Market, tuple[InstanceType, ...]]:
        request = record.request
        wanted = markets(request)
        if record.attempt > _MOST_SPOT_MACHINES:
            wanted = ("on-demand",)
        left = request.budget_usd - record.spent_usd
        return allowed(affordable(candidates(request.instance), wanted, left), self._quotas)

    def _begin_attempt(self, record: JobRecord) -> JobRecord:
        """The next machine gets its number before it is asked for, so that a call that is repeated
        asks for the same one."""
        return self._store.move(record, "launching", attempt=record.attempt + 1)

    def _run(self, record: JobRecord) -> None:
        """Launch and record a machine; of a local job only who may report."""
        instance: JobInstance | None = None
        if record.request.place == "ec2":
            instance = self._machines.launch(record, self._choices(record))
        now = timestamp(self._clock())
        who = instance.id if instance else local_session(record)
        self._store.move(
            record,
            "running",
            reason=None,
            started_at=record.started_at or now,
            instance=instance,
            launched_at=now,
            usd_per_hour=_price(instance) if instance else 0.0,
            reporters=(*record.reporters, f"{self._place.role_id}:{who}"),
        )

    def _overtaken(self, job_id: str) -> Answer:
        """Somebody has moved the job between two of our calls: most often, stopped it."""
        record = self._store.get(job_id)
        if record.state == "running":
            return Answer(job_id, "wait", self._place.watch_seconds)
        return _end(job_id, "cancelled", record.reason)

    def _pause(self, record: JobRecord, now: datetime) -> int:
        launched = datetime.fromisoformat(record.launched_at or timestamp(now))
        if (now - launched).total_seconds() < _SOON_SECONDS:
            return self._place.watch_seconds
        return max(_LATER, self._place.watch_seconds)


def _end(job_id: str, state: EndState, reason: str | None) -> Answer:
    return Answer(job_id, "end", state=state, reason=reason)


def _settled(record: JobRecord, now: datetime) -> Mapping[str, float | None]:
    """The changes of a record whose machine has ended or is about to."""
    return {"spent_usd": round(record.cost_usd(now), 6), "launched_at": None}


def _price(instance: JobInstance) -> float:
    return BY_NAME[instance.type].price("spot" if instance.spot else "on-demand")
