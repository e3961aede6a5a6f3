"""Ends all training jobs of a stage before the stage is removed.

The state machine ends a job's machine. Removed together with the stage, it would leave a machine
that nothing ends but its own timer, and that AWS bills until then.
"""

import sys
import time
from collections.abc import Callable
from contextlib import suppress

import boto3

from infra.cli.endpoints import stack_output
from infra.cli.jobs.leftovers import Leftovers
from infra.errors import CommandError
from visionflow.errors import JobConflictError
from visionflow.jobs.control import JobControl
from visionflow.jobs.folder import JobFolders
from visionflow.jobs.record import ENDED, FOLLOWS, JobRecord
from visionflow.jobs.store import JobStore

# Terminating a machine takes a minute or two, publishing a run up to a quarter of an hour.
_WAIT_SECONDS = 20 * 60
_LOOK_SECONDS = 5.0
# A state machine looks at its job at least every minute.
_GRACE_SECONDS = 90.0
_PAGE = 100


def end_jobs_of(stage: str, say: Callable[[str], None]) -> None:
    """`end_jobs` of a stage on AWS, with the consent of whoever sits at a terminal.

    Raises `CommandError` without that consent, and where a job does not end.
    """
    try:
        machine = stack_output(stage, "Training", "JobStateMachine")
    except CommandError:
        return  # never deployed as a whole, so no job ever ran
    states = boto3.client("stepfunctions")
    store = JobStore(stack_output(stage, "Data", "JobsTable"), boto3.client("dynamodb"))
    folders = JobFolders(stack_output(stage, "Data", "JobsBucket"), boto3.client("s3"))
    control = JobControl(store, folders, states, machine, on_aws=True)
    leftovers = Leftovers(states, boto3.client("ec2"), machine)
    if (left := _running(store)) and sys.stdin.isatty():
        say(f"{len(left)} training jobs have not ended and are stopped first. Type yes:")
        if sys.stdin.readline().strip() != "yes":
            raise CommandError("Nothing was removed.")
    end_jobs(store, control, leftovers, say)


def end_jobs(
    store: JobStore,
    control: JobControl,
    leftovers: Leftovers,
    say: Callable[[str], None],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Stop every job that has not ended, also one that is started meanwhile, and wait for the end
    of each; returns how many there were. One that has not changed for a while, and whose state
    machine does not run, is ended here.

    Raises `CommandError` with those that have not ended in time, and what of them is alive.
    """
    until, seen = clock() + _WAIT_SECONDS, set[str]()
    since: dict[tuple[str, str], float] = {}
    while left := _running(store):
        for job in left:
            if job.id not in seen:
                say(f"job {job.id} is {job.state}; waiting for its end")
            seen.add(job.id)
            if job.state != "stopping" and job.state in FOLLOWS["stopping"]:
                # It may be published or have ended since it was listed.
                with suppress(JobConflictError):
                    control.stop(job.id)
            waited = clock() - since.setdefault((job.id, job.state), clock())
            if waited >= _GRACE_SECONDS and not leftovers.is_moved(job):
                with suppress(JobConflictError):
                    if leftovers.bury(job, store):
                        say(f"job {job.id} had died while it was {job.state}; no machine is left")
        if clock() > until:
            alive = ", ".join(map(leftovers.words, left))
            raise CommandError(
                f"Nothing was removed: after {_WAIT_SECONDS // 60} minutes these training jobs "
                f"have not ended: {alive}. Look with 'visionflow jobs status'."
            )
        sleep(_LOOK_SECONDS)
    return len(seen)


def _running(store: JobStore) -> list[JobRecord]:
    found, cursor = list[JobRecord](), None
    while True:
        page = store.page(_PAGE, cursor)
        found += [job for job in page.items if job.state not in ENDED]
        cursor = page.next_cursor
        if cursor is None:
            return found
