"""One training job on its machine: ``python -m training.job JOB_ID``.

Images from S3, training, evaluation, export, gate; then the finished run waits in the jobs bucket
for the control plane, which publishes it. The machine needs no right to touch a model. A checkpoint
leaves the machine after every epoch, and the machine that takes over ends where an uninterrupted
one would have.

Exit codes: 0 the run is finished, 1 it failed, 75 it was interrupted and can go on.
"""

import argparse
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import Any, NoReturn, TextIO, cast

import boto3

from training.config import TrainConfig, load_config
from training.data.remote import local_folder
from training.errors import TrainingError
from training.fit.fit import check_start
from training.fit.history import EpochRecord
from training.job.files import JobFiles
from training.job.interruption import POLL_SECONDS, SpotWatch, metadata_address
from training.job.reporter import HEARTBEAT_SECONDS, LogStream, Reporter, Tee, why_not
from training.train import Observer, train
from visionflow.errors import VisionFlowError
from visionflow.jobs.record import JobOutcome, JobRecord, overrides
from visionflow.jobs.settings import JobMachineSettings
from visionflow.jobs.store import JobStore

INTERRUPTED = 75
"""EX_TEMPFAIL: try again."""


class Interrupted(BaseException):
    """The machine has to go, whatever it is doing; no error of the run."""


@dataclass(frozen=True)
class Machine:
    """What a job needs of the machine that it runs on."""

    store: JobStore
    files: JobFiles
    reporter: str
    logs: Any
    log_group: str | None
    work: Path
    """A folder of the job; the same path on every machine, since it is part of what a run is."""
    heartbeat_seconds: float = HEARTBEAT_SECONDS
    notice_seconds: float = POLL_SECONDS
    patience_seconds: float = 60.0


def this_machine(settings: JobMachineSettings, work: Path, heartbeat_seconds: float) -> Machine:
    """By the credentials of the environment, which name the machine."""
    reporter = boto3.client("sts").get_caller_identity()["UserId"]
    return Machine(
        store=JobStore(settings.jobs_table, boto3.client("dynamodb")),
        files=JobFiles(settings.jobs_bucket, reporter, boto3.client("s3")),
        reporter=reporter,
        logs=boto3.client("logs"),
        log_group=settings.jobs_log_group or None,
        work=work,
        heartbeat_seconds=heartbeat_seconds,
    )


def run_job(job_id: str, machine: Machine) -> int:
    """Do the job, or go on with it; the exit code. Whatever happens is reported.

    Raises `JobNotFoundError`, and `TrainingError` when the job is not this machine's to do.
    """
    record = _turn(job_id, machine)
    stream = f"{job_id}/{record.attempt}"
    log = LogStream(machine.logs, machine.log_group, stream)
    with (
        _interruptible() as interrupt,
        Reporter(machine.store, record, log, interrupt, machine.heartbeat_seconds) as reporter,
        SpotWatch(_notices(record), interrupt, machine.notice_seconds),
        redirect_stderr(cast(TextIO, Tee(sys.stderr, reporter.line))),
    ):
        outcome = _attempt(record, machine, reporter)
        print(f"job {job_id}: {outcome.kind}. {outcome.reason or ''}", file=sys.stderr)
        reporter.end(outcome)
    return {"finished": 0, "failed": 1, "interrupted": INTERRUPTED}[outcome.kind]


def job_config(record: JobRecord, found: Mapping[str, str] = MappingProxyType({})) -> TrainConfig:
    """The job's experiment with the paths that were ``found`` for it. The version is the time of
    the request unless the request names one.

    Raises `ConfigError`.
    """
    moment = record.created_at[:19].replace("-", "").replace(":", "").replace("T", "-")
    fields: dict[str, Any] = {"version": moment, **overrides(record.request), **found}
    return load_config(record.request.config, fields)


def _notices(record: JobRecord) -> str | None:
    """Where EC2 would announce that it takes the machine back; None where there is no EC2."""
    return metadata_address() if record.request.place == "ec2" else None


def _turn(job_id: str, machine: Machine) -> JobRecord:
    """The job's record once it names this machine: a fast one may come before the record does."""
    deadline = time.monotonic() + machine.patience_seconds
    while True:
        record = machine.store.get(job_id)
        refusal = why_not(record, machine.reporter)
        if refusal is None:
            return record
        if time.monotonic() > deadline:
            raise TrainingError(f"Job {job_id} is not for this machine: {refusal}")
        time.sleep(1)


def _attempt(record: JobRecord, machine: Machine, reporter: Reporter) -> JobOutcome:
    run = machine.work / "run"
    try:
        _train(record, machine, reporter, run)
    except Interrupted as interruption:
        # Most often it is there already; an interruption in the upload of an epoch is why not.
        machine.files.keep_checkpoint(run)
        return JobOutcome("interrupted", str(interruption))
    except VisionFlowError as error:
        return JobOutcome("failed", str(error))
    except Exception as error:  # The one place that must outlive any bug, to tell of it.
        traceback.print_exc(file=sys.stderr)
        return JobOutcome("failed", f"{type(error).__name__}: {error}")
    return JobOutcome("finished", None)


def _train(record: JobRecord, machine: Machine, reporter: Reporter, run: Path) -> None:
    machine.work.mkdir(parents=True, exist_ok=True)
    config = _with_beginnings(record, machine, reporter)
    reporter.step("download", config.epochs)
    resumed = machine.files.fetch_checkpoint(record.reporters, run)
    if resumed is not None:
        print(f"job {record.id}: goes on from the checkpoint of {resumed}", file=sys.stderr)
    check_start(config, run)
    images = local_folder(record.request.data, machine.work / "images")

    def keep(epoch: EpochRecord) -> None:
        machine.files.keep_checkpoint(run)
        reporter.epoch(epoch)

    train(config, images, run, machine.work / "cache", Observer(reporter.step, keep))
    reporter.step("upload")
    machine.files.keep_run(run)


def _with_beginnings(record: JobRecord, machine: Machine, reporter: Reporter) -> TrainConfig:
    """The job's experiment; what its network begins from lies on this machine."""
    config = job_config(record)
    source = config.model.weights
    if record.request.grow_from is not None:
        reporter.step("ancestor")
        found = machine.store.report(machine.store.get(record.request.grow_from))
        if found is None:
            raise TrainingError(f"Job {record.request.grow_from} has left no run to grow from.")
        ancestor = machine.files.fetch_run(found.reporter, machine.work / "ancestor")
        return job_config(record, {"model.grow_from": str(ancestor)})
    if source.startswith("s3://"):
        reporter.step("weights")
        weights = machine.files.fetch(source, machine.work / "weights.pt")
        return job_config(record, {"model.weights": str(weights)})
    return config


@contextmanager
def _interruptible() -> Iterator[Any]:
    """A function for any thread that makes the main one raise `Interrupted`, as SIGTERM does."""
    reason = ["The machine was told to end."]

    def raise_interrupted(_signum: int, _frame: FrameType | None) -> NoReturn:
        # Once is enough: what is being kept now must not be cut off by a second one.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise Interrupted(reason[0])

    def interrupt(why: str) -> None:
        reason[0] = why
        os.kill(os.getpid(), signal.SIGTERM)

    before = {
        signum: signal.signal(signum, raise_interrupted)
        for signum in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield interrupt
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m training.job", description=__doc__)
    parser.add_argument("job", metavar="JOB_ID")
    parser.add_argument("--work", type=Path, required=True, help="folder that the job works in")
    parser.add_argument("--heartbeat-seconds", type=float, default=HEARTBEAT_SECONDS)
    arguments = parser.parse_args()
    settings = JobMachineSettings.from_env(os.environ)
    try:
        machine = this_machine(settings, arguments.work, arguments.heartbeat_seconds)
        return run_job(arguments.job, machine)
    except VisionFlowError as error:
        print(f"training.job: {error}", file=sys.stderr)
        return 1
    except Interrupted as interruption:
        print(f"training.job: {interruption}", file=sys.stderr)
        return INTERRUPTED
