"""The steps of a job's life: validate, launch, watch, end. Each may be called again."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal, Unpack

from lambdas.jobs.inputs import Inputs
from lambdas.jobs.machines import Machines
from lambdas.jobs.quotas import Quotas, affordable, allowed, markets
from lambdas.jobs.settings import JobsSettings
from lambdas.jobs.verdict import PATIENCE, MachineState, Patience, judge
from visionflow.access.budget import StageStop
from visionflow.errors import (
    DatasetMissingError,
    JobConflictError,
    JobNotFoundError,
    JobRefusedError,
)
from visionflow.jobs.instances import BY_NAME, InstanceType, Market, candidates
from visionflow.jobs.options import check_bucket, check_settings
from visionflow.jobs.record import (
    ENDED,
    FOLLOWS,
    JobChanges,
    JobInstance,
    JobRecord,
    JobReport,
    JobState,
    local_session,
)
from visionflow.jobs.store import JobStore
from visionflow.models.ref import ModelRef
from visionflow.sentences import say
from visionflow.timestamps import timestamp

EndState = Literal["succeeded", "failed", "cancelled"]

# A look costs three transitions of the state machine; after ten minutes, fewer are enough.
_SOON_SECONDS = 600
_LATER = 60
# After this many interruptions, a machine that is not interrupted is worth its price.
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


class JobSteps:
    """The logic of the state machine's steps, without its event shapes."""

    def __init__(
        self,
        store: JobStore,
        inputs: Inputs,
        machines: Machines,
        quotas: Quotas,
        settings: JobsSettings,
        stop: StageStop,
        *,
        patience: Patience = PATIENCE,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._folders = inputs.folders
        self._inputs = inputs
        self._machines = machines
        self._quotas = quotas
        self._settings = settings
        self._stop = stop
        self._region = settings.region
        # Whoever runs the local cloud may start its worker whenever they like.
        self._patience = patience if settings.on_aws else replace(patience, begin=math.inf)
        self._clock = clock

    def validate(self, job_id: str) -> Answer:
        """Refuse now what would fail later and cost money."""
        record = self._store.get(job_id)
        if record.state != "queued":
            return self._due(record)
        report = self._folders.report(record)
        if report and report.outcome and report.outcome.kind == "finished":
            return self._due(self._move(record, "publishing"))
        try:
            self._check_budget()
            check_settings(record.request)
            check_bucket(record.request, self._settings.datasets_bucket)
            self._inputs.check_weights(record)
            self._check_ancestor(record.request.grow_from)
            self._inputs.seal(record)
            if record.request.place == "ec2":
                self._choices(record)
        except (JobRefusedError, DatasetMissingError) as error:
            return _end(job_id, "failed", str(error))
        return self._due(record)

    def launch(self, job_id: str) -> Answer:
        """Start a machine in place of whatever ran before it."""
        record = self._store.get(job_id)
        if record.state not in ("queued", "launching"):
            return self._due(record)
        numbered = record.state == "launching" and record.attempt > len(record.reporters)
        if not numbered:
            if self._machines.terminate(job_id):
                return Answer(job_id, "launch", self._settings.watch_seconds)
            # The next machine gets its number before it is asked for, so that a call that is
            # repeated asks for the same one.
            attempt = record.attempt + 1
            record = self._move(record, "launching", attempt=attempt)
            if (record.state, record.attempt) != ("launching", attempt):
                return self._due(record)
        try:
            self._check_budget()
            return self._due(self._run(record))
        except JobRefusedError as error:
            return _end(job_id, "failed", str(error))

    def watch(self, job_id: str) -> Answer:
        """Whether the job may go on."""
        record = self._store.get(job_id)
        if record.state != "running":
            return self._due(record)
        report = self._folders.current_report(record)
        machine: MachineState | None = None
        if record.instance is not None:
            machine = self._machines.state(record.instance)
        now = self._clock()
        record = self._begun(record, report, now)
        if record.state != "running":
            return self._due(record)
        verdict = judge(record, report, machine, now, self._patience)
        if verdict.next in ("wait", "relaunch"):
            try:
                self._check_budget()
            except JobRefusedError as error:
                return _end(job_id, "failed", str(error))
        match verdict.next:
            case "wait":
                self._inputs.renew(record, report, now)
            case "end":
                return _end(job_id, "failed", verdict.reason)
            case "publish":
                # The machine shuts itself down; its cost from here on cannot be limited.
                record = self._move(record, "publishing", **_settled(record, now))
            case "relaunch":
                changes = _settled(record, now)
                changes["reason"] = verdict.reason
                record = self._move(record, "launching", **changes)
        return self._due(record)

    def _begun(self, record: JobRecord, report: JobReport | None, now: datetime) -> JobRecord:
        """The job with its start, which on the local cloud is its first report."""
        if report is None or record.started_at is not None:
            return record
        return self._move(record, "running", started_at=timestamp(now))

    def end(
        self, job_id: str, state: EndState, reason: str | None, model: ModelRef | None
    ) -> Answer:
        """Make sure that nothing runs, and only then say how the job has ended."""
        again = Answer(job_id, "end", self._settings.watch_seconds, state, reason, model)
        if self._machines.terminate(job_id):
            return again
        record = self._store.get(job_id)
        if record.state in ENDED:
            return Answer(job_id, "done")
        final: JobState = state
        if record.state == "stopping":
            final, reason = "cancelled", record.reason
        elif record.state not in FOLLOWS[state]:
            # Every job can fail, so that every life ends.
            final, reason = "failed", reason or say("ended_as", state=state, before=record.state)
        now = self._clock()
        changes = _settled(record, now)
        changes |= {"reason": reason, "ended_at": timestamp(now), "model": model}
        found = self._move(record, final, **changes)
        # Somebody was faster and may have stopped it: try again with the new record.
        return Answer(job_id, "done") if found.state in ENDED else replace(again, seconds=1)

    def _due(self, record: JobRecord) -> Answer:
        """What comes next for a job in this state."""
        match record.state:
            case "queued" | "launching":
                return Answer(record.id, "launch")
            case "running":
                return Answer(record.id, "wait", self._pause(record))
            case "publishing":
                return Answer(record.id, "publish")
            case "stopping":
                return _end(record.id, "cancelled", record.reason)
            case "succeeded" | "failed" | "cancelled":
                return _end(record.id, record.state, record.reason)

    def _move(self, record: JobRecord, state: JobState, **changes: Unpack[JobChanges]) -> JobRecord:
        """The job in ``state``, or as it is now if somebody moved it since it was read.

        Raises `JobConflictError` when ``state`` cannot follow the record's; trying again would not
        help.
        """
        if record.state not in FOLLOWS[state]:
            raise JobConflictError(f"Job {record.id} is {record.state} and cannot become {state}.")
        try:
            moved = self._store.move(record, state, **changes)
        except JobConflictError:
            return self._store.get(record.id)
        # A machine that its job has left learns of it here; a running one, with its links.
        if state != "running":
            self._inputs.assign(moved)
        return moved

    def _check_budget(self) -> None:
        if stop := self._stop.current(self._clock()):
            raise JobRefusedError(
                f"{stop.reason} No machine runs until an admin resumes the stage or the month "
                "ends; then resume the job to go on from its checkpoint."
            )

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
        types = candidates(request.instance)
        return allowed(affordable(types, wanted, left, self._region), self._quotas)

    def _run(self, record: JobRecord) -> JobRecord:
        """Launch and record a machine; of a local job only who may report."""
        instance: JobInstance | None = None
        if record.request.place == "ec2":
            instance = self._machines.launch(record, self._choices(record))
        now = timestamp(self._clock())
        who = instance.id if instance else local_session(record)
        return self._move(
            record,
            "running",
            reason=None,
            # On the local cloud it starts when its worker reports.
            started_at=record.started_at or (now if self._settings.on_aws else None),
            instance=instance,
            launched_at=now,
            # What stands in for a machine on the local cloud is nobody's to pay for.
            usd_per_hour=self._price(instance) if instance and self._settings.on_aws else 0.0,
            reporters=(*record.reporters, f"{self._settings.job_role_id}:{who}"),
        )

    def _price(self, instance: JobInstance) -> float:
        market: Market = "spot" if instance.spot else "on-demand"
        return BY_NAME[instance.type].price(market, self._region)

    def _pause(self, record: JobRecord) -> int:
        now = self._clock()
        launched = datetime.fromisoformat(record.launched_at or timestamp(now))
        if (now - launched).total_seconds() < _SOON_SECONDS:
            return self._settings.watch_seconds
        return max(_LATER, self._settings.watch_seconds)


def _end(job_id: str, state: EndState, reason: str | None) -> Answer:
    return Answer(job_id, "end", state=state, reason=reason)


def _settled(record: JobRecord, now: datetime) -> JobChanges:
    """The changes of a record whose machine has ended or is about to."""
    return {"spent_usd": round(record.cost_usd(now), 6), "launched_at": None}
