"""Run one training job on its machine: ``python -m training.job JOB_ID``.

It downloads the images from S3, trains, evaluates, exports and checks the gate. The finished run
waits in the jobs bucket for the control plane, which publishes it: the machine needs no right to
touch a model. The checkpoint is uploaded after every epoch, and a machine that takes over gets the
same weights as one that was never interrupted.

A machine is stopped by its job, by EC2's spot notice or by a signal. All three only ask; the work
ends at the next point where nothing is half done.

Exit codes: 0 the run is finished, 1 it failed, 75 it was interrupted and can go on.
"""

import argparse
import os
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TextIO, cast

import boto3

from training.config import TrainConfig, load_config
from training.data.sources.remote import local_folder
from training.errors import TrainingError
from training.fit.fit import check_start
from training.job.files import JobFiles
from training.job.interruption import POLL_SECONDS, metadata_address, spot_watch
from training.job.reporter import HEARTBEAT_SECONDS, LogStream, Reporter, Tee, why_not
from training.results.history import EpochRecord
from training.stop import Interrupted, Stop, check_stop, stop_on_signals
from training.texts.terminal import say
from training.train import Observer, train
from visionflow.errors import VisionFlowError
from visionflow.jobs.record import JobOutcome, JobRecord, overrides
from visionflow.jobs.settings import JobMachineSettings
from visionflow.jobs.store import JobStore

INTERRUPTED = 75
"""EX_TEMPFAIL: try again."""


@dataclass(frozen=True)
class Machine:
    """What a job needs from the machine that it runs on."""

    store: JobStore
    files: JobFiles
    reporter: str
    logs: Any
    log_group: str | None
    work: Path
    """The job's folder; the same path on every machine, because the config names files in it."""
    heartbeat_seconds: float = HEARTBEAT_SECONDS
    notice_seconds: float = POLL_SECONDS
    patience_seconds: float = 60.0


def this_machine(settings: JobMachineSettings, work: Path, heartbeat_seconds: float) -> Machine:
    """The machine that the credentials of the environment belong to."""
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
    """Start the job or go on with it, report how it ended, and return the exit code.

    Raises `JobNotFoundError`, `TrainingError` when the job belongs to another machine, and
    `Interrupted` when it is stopped before it begins.
    """
    stop = Stop()
    # A second signal must not cut off what the first one leads to.
    with stop.heeded(), stop_on_signals(stop, "The machine was told to end.", once=False):
        record = _turn(job_id, machine)
        outcome = _reported(record, machine, stop)
    return {"finished": 0, "failed": 1, "interrupted": INTERRUPTED}[outcome.kind]


def job_config(record: JobRecord, found: Mapping[str, str] = MappingProxyType({})) -> TrainConfig:
    """The job's experiment, with the paths in ``found``. Unless the request names a version, it is
    the time of the request. Raises `ConfigError`."""
    moment = record.created_at[:19].replace("-", "").replace(":", "").replace("T", "-")
    fields: dict[str, Any] = {"version": moment, **overrides(record.request), **found}
    return load_config(record.request.config, fields)


def _turn(job_id: str, machine: Machine) -> JobRecord:
    """The job's record once it names this machine, which may be running before it does."""
    deadline = time.monotonic() + machine.patience_seconds
    while True:
        record = machine.store.get(job_id)
        refusal = why_not(record, machine.reporter)
        if refusal is None:
            return record
        if time.monotonic() > deadline:
            raise TrainingError(f"Job {job_id} is not for this machine: {refusal}")
        check_stop()
        time.sleep(1)


def _reported(record: JobRecord, machine: Machine, stop: Stop) -> JobOutcome:
    """Do the job while the control plane is told, and can ask for a stop."""
    log = LogStream(machine.logs, machine.log_group, f"{record.id}/{record.attempt}")
    # Only EC2 announces that it takes a machine back.
    notices = metadata_address() if record.request.place == "ec2" else None
    with (
        Reporter(machine.store, record, log, stop.request, machine.heartbeat_seconds) as reporter,
        spot_watch(notices, stop.request, machine.notice_seconds),
        redirect_stderr(cast(TextIO, Tee(sys.stderr, reporter.line))),
    ):
        outcome = _attempt(record, machine, reporter)
        say(f"job {record.id}: {outcome.kind}. {outcome.reason or ''}", file=sys.stderr)
        reporter.end(outcome)
    return outcome


def _attempt(record: JobRecord, machine: Machine, reporter: Reporter) -> JobOutcome:
    run = machine.work / "run"
    try:
        _train(record, machine, reporter, run)
    except Interrupted as interruption:
        # That of the last epoch is uploaded already, that of the finished training is not.
        machine.files.keep_checkpoint(run)
        return JobOutcome("interrupted", str(interruption))
    except VisionFlowError as error:
        return JobOutcome("failed", str(error))
    except Exception as error:  # Any bug has to be reported.
        traceback.print_exc(file=sys.stderr)
        return JobOutcome("failed", f"{type(error).__name__}: {error}")
    return JobOutcome("finished", None)


def _train(record: JobRecord, machine: Machine, reporter: Reporter, run: Path) -> None:
    config = _with_start_weights(record, machine, reporter)
    reporter.step("download", config.epochs)
    resumed = machine.files.fetch_checkpoint(record.reporters, run)
    if resumed is not None:
        say(f"job {record.id}: goes on from the checkpoint of {resumed}", file=sys.stderr)
    check_start(config, run)
    images = local_folder(record.request.data, machine.work / "images")

    def keep(history: Sequence[EpochRecord]) -> None:
        machine.files.keep_checkpoint(run)
        reporter.epochs(history)

    observer = Observer(reporter.step, keep)
    train(config, images, run, machine.work / "cache", observer)
    reporter.step("upload")
    machine.files.keep_run(run)


def _with_start_weights(record: JobRecord, machine: Machine, reporter: Reporter) -> TrainConfig:
    """The job's experiment, the weights that it starts from downloaded to this machine."""
    config = job_config(record)
    source = config.model.weights
    if record.request.grow_from is not None:
        reporter.step("ancestor")
        found = machine.store.report(machine.store.get(record.request.grow_from))
        if found is None:
            raise TrainingError(f"Job {record.request.grow_from} has left no run to grow from.")
        folder = machine.work / "ancestor"
        ancestor = machine.files.fetch_run(found.reporter, folder)
        return job_config(record, {"model.grow_from": str(ancestor)})
    if source.startswith("s3://"):
        reporter.step("weights")
        weights = machine.files.fetch(source, machine.work / "weights.pt")
        return job_config(record, {"model.weights": str(weights)})
    return config


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m training.job", description=__doc__)
    parser.add_argument("job", metavar="JOB_ID")
    parser.add_argument("--work", type=Path, required=True, help="Folder for the job's files")
    parser.add_argument(
        "--heartbeat-seconds",
        type=float,
        default=HEARTBEAT_SECONDS,
        help="Seconds between two reports",
    )
    arguments = parser.parse_args()
    settings = JobMachineSettings.from_env(os.environ)
    try:
        machine = this_machine(settings, arguments.work, arguments.heartbeat_seconds)
        return run_job(arguments.job, machine)
    except VisionFlowError as error:
        say(f"training.job: {error}", file=sys.stderr)
        return 1
    except Interrupted as interruption:
        say(f"training.job: {interruption}", file=sys.stderr)
        return INTERRUPTED
