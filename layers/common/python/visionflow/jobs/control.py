"""Starting, stopping and resuming training jobs: the record, then the state machine."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from visionflow.errors import JobConflictError
from visionflow.jobs.folder import JobFolders
from visionflow.jobs.record import (
    ENDED,
    FOLLOWS,
    ON_AWS,
    JobRecord,
    JobRequest,
    Setting,
    TrainingJob,
    describe,
    hours_between,
)
from visionflow.jobs.store import JobStore
from visionflow.sentences import say
from visionflow.timestamps import new_id, timestamp

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_TRIES = 3
_READERS = 10
# `visionflow jobs machines` shows itself more often; ending a machine may keep it for some seconds.
WORKER_S = 60.0


class JobControl:
    """What the API and the command line do to jobs; the state machine does the rest."""

    def __init__(
        self,
        store: JobStore,
        folders: JobFolders,
        states: "SFNClient",
        state_machine: str,
        *,
        on_aws: bool,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """``state_machine``: its ARN."""
        self._on_aws = on_aws
        self._store = store
        self._folders = folders
        self._states = states
        self._state_machine = state_machine
        self._clock = clock

    def start(self, request: JobRequest) -> TrainingJob:
        """Record a job and start its life."""
        now = self._clock()
        record = JobRecord(id=new_id(now), request=request, created_at=timestamp(now))
        self._store.add(record)
        return self._run(record)

    def stop(self, job_id: str) -> TrainingJob:
        """Ask for a job's end; its machine is gone within about a minute.

        Raises `JobNotFoundError`, and `JobConflictError` for a job that is being published or has
        ended.
        """
        for _ in range(_TRIES):
            record = self._store.get(job_id)
            if record.state not in FOLLOWS["stopping"]:
                raise JobConflictError(f"Job {job_id} is {record.state}; it cannot be stopped.")
            # The state machine may move the job in between.
            with suppress(JobConflictError):
                return self._describe(self._store.move(record, "stopping", reason=say("stopped")))
        raise JobConflictError(f"Job {job_id} changes too fast to be stopped; try again.")

    def resume(self, job_id: str) -> TrainingJob:
        """Queue a job that failed or was cancelled again; it goes on from its last checkpoint.

        Raises `JobNotFoundError`, `JobConflictError`.
        """
        record = self._store.get(job_id)
        if record.state not in ENDED:
            raise JobConflictError(f"Job {job_id} is {record.state}; it needs no resuming.")
        queued = self._store.move(
            record,
            "queued",
            reason=None,
            execution=record.execution + 1,
            started_at=None,
            ended_at=None,
            instance=None,
        )
        return self._run(queued)

    def get(self, job_id: str) -> TrainingJob:
        """Raises `JobNotFoundError`."""
        return self._describe(self._store.get(job_id))

    def page(self, limit: int, cursor: str | None) -> tuple[tuple[TrainingJob, ...], str | None]:
        """Newest first, and the cursor of the next page. Raises `InvalidCursorError`."""
        page = self._store.page(limit, cursor)
        setting, now = self.setting(), self._clock()

        def described(record: JobRecord) -> TrainingJob:
            return describe(record, self._folders.report(record), now, setting)

        # Each report is an object of its own, and reading one is mostly waiting.
        with ThreadPoolExecutor(_READERS) as readers:
            return tuple(readers.map(described, page.items)), page.next_cursor

    def _run(self, record: JobRecord) -> TrainingJob:
        try:
            self._states.start_execution(
                stateMachineArn=self._state_machine,
                # The same name and input start nothing twice.
                name=f"{record.id}-{record.execution}",
                input=f'{{"job_id": "{record.id}"}}',
            )
        except Exception as error:
            # It may have started all the same; then the state machine has moved the job on.
            with suppress(JobConflictError):
                self._store.move(
                    record,
                    "failed",
                    reason=say("not_started", error=error),
                    ended_at=timestamp(self._clock()),
                )
            raise
        return self._describe(record)

    def _describe(self, record: JobRecord) -> TrainingJob:
        return describe(record, self._folders.report(record), self._clock(), self.setting())

    def setting(self) -> Setting:
        """Where jobs run; of the local cloud also whether somebody trains them now."""
        if self._on_aws:
            return ON_AWS
        seen = self._store.worker_seen()
        return Setting("local", seen is not None and _seconds(seen, self._clock()) < WORKER_S)


def _seconds(earlier: str, now: datetime) -> float:
    return hours_between(earlier, now) * 3600
