"""Run one training job on its machine: ``python -m training.job JOB_ID``.

It downloads what the control plane has signed links to, trains, evaluates, exports and checks the
gate. The finished run waits in the machine's folder for the control plane, which measures and
publishes it: the machine needs no right to a model, to a dataset or to any row. The checkpoint is
uploaded after every epoch, and a machine that takes over gets the same weights as one that was
never interrupted.

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
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, TextIO, cast

import boto3

from training.config import TrainConfig, load_config
from training.errors import TrainingError
from training.fit.checkpoint import CHECKPOINT_FILE
from training.fit.fit import check_start
from training.job.files import JobFiles
from training.job.gpu import require_gpu
from training.job.inputs import Get, HttpGet, Inputs
from training.job.interruption import POLL_SECONDS, metadata_address, spot_watch
from training.job.reporter import HEARTBEAT_SECONDS, JobLog, Reporter, Tee, why_not
from training.reading import Observer
from training.results.history import EpochRecord
from training.stop import Interrupted, Stop, check_stop, stop_on_signals
from training.texts.progress import every_end_kept, naming_steps
from training.texts.terminal import say
from training.train import train
from visionflow import sentences
from visionflow.addresses import path_of, place_of
from visionflow.errors import VisionFlowError
from visionflow.jobs.folder import Assignment, JobFolders
from visionflow.jobs.frozen import GROUPS_TABLE
from visionflow.jobs.options import published_as, start_weights
from visionflow.jobs.record import JobOutcome, JobRecord, overrides
from visionflow.jobs.sealed import LEAST_IMAGES
from visionflow.jobs.settings import JobMachineSettings
from visionflow.models.manifest import MANIFEST_NAME

INTERRUPTED = 75
"""EX_TEMPFAIL: try again."""
_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Machine:
    """What a job needs from the machine that it runs on."""

    folders: JobFolders
    files: JobFiles
    reporter: str
    work: Path
    """The job's folder; the same path on every machine, because the config names files in it."""
    get: Get = field(default_factory=HttpGet)
    heartbeat_seconds: float = HEARTBEAT_SECONDS
    notice_seconds: float = POLL_SECONDS
    patience_seconds: float = 900.0
    """Signing links to many files takes minutes."""
    is_instance: bool = False
    """Whether it is the job's instance, and not a computer that stands in for one."""


def this_machine(
    settings: JobMachineSettings, work: Path, heartbeat_seconds: float, *, is_instance: bool
) -> Machine:
    client = boto3.client("s3")
    reporter = settings.job_reporter
    return Machine(
        folders=JobFolders(settings.jobs_bucket, client),
        files=JobFiles(settings.jobs_bucket, reporter, client),
        reporter=reporter,
        work=work,
        heartbeat_seconds=heartbeat_seconds,
        is_instance=is_instance,
    )


def run_job(job_id: str, machine: Machine) -> int:
    """Start the job or go on with it, report how it ended, and return the exit code.

    Raises `TrainingError` when the job belongs to another machine, and `Interrupted` when it is
    stopped before it begins.
    """
    stop = Stop()
    # A second signal must not cut off what the first one leads to.
    with stop.heeded(), stop_on_signals(stop, sentences.say("told_to_end"), once=False):
        outcome = _reported(_turn(job_id, machine), machine, stop)
    return {"finished": 0, "failed": 1, "interrupted": INTERRUPTED}[outcome.kind]


def job_config(
    record: JobRecord, settings: Mapping[str, str | float] = MappingProxyType({})
) -> TrainConfig:
    """The job's experiment, with ``settings`` of the stage and of this machine. Raises
    `ConfigError`."""
    model = published_as(record)
    names = {"name": model.name, "version": model.version}
    fields: dict[str, Any] = {**overrides(record.request), **settings, **names}
    if record.request.dataset is not None:
        fields["data.group_by"] = f"csv:{GROUPS_TABLE}"
    return load_config(record.request.config, fields)


def _turn(job_id: str, machine: Machine) -> Assignment:
    """What the machine works by, once it was told, which may be a while after its start."""
    deadline = time.monotonic() + machine.patience_seconds
    while True:
        found = machine.folders.assignment(machine.reporter)
        refusal = why_not(found.job if found else None, machine.reporter)
        if found and refusal is None and found.job.id == job_id:
            return found
        if time.monotonic() > deadline:
            raise TrainingError(f"Job {job_id} is not for this machine: {refusal}")
        check_stop()
        time.sleep(_LOOK_SECONDS)


def _reported(given: Assignment, machine: Machine, stop: Stop) -> JobOutcome:
    """Do the job while the control plane is told, and can ask for a stop."""
    record, folders = given.job, machine.folders
    log = JobLog(folders, machine.reporter)
    # Only EC2 announces that it takes a machine back.
    notices = metadata_address() if record.request.place == "ec2" else None
    with (
        Reporter(folders, record, log, stop.request, machine.heartbeat_seconds) as reporter,
        spot_watch(notices, stop.request, machine.notice_seconds),
        redirect_stderr(cast(TextIO, Tee(sys.stderr, reporter.line))),
        every_end_kept(),
        naming_steps(),
    ):
        outcome = _attempt(given, machine, reporter)
        say(f"job {record.id}: {outcome.kind}. {outcome.reason or ''}", file=sys.stderr)
        reporter.end(outcome)
    return outcome


def _attempt(given: Assignment, machine: Machine, reporter: Reporter) -> JobOutcome:
    run = machine.work / "run"
    try:
        _train(given, machine, reporter, run)
    except Interrupted as interruption:
        # That of the last epoch is uploaded already, that of the finished training is not.
        machine.files.keep_checkpoint(run)
        return JobOutcome("interrupted", str(interruption))
    except VisionFlowError as error:
        return JobOutcome("failed", str(error))
    except Exception as error:  # Any bug has to be reported.
        traceback.print_exc(file=sys.stderr)
        bug = sentences.say("form_failed", form=type(error).__name__, reason=error)
        return JobOutcome("failed", bug)
    return JobOutcome("finished", None)


def _train(given: Assignment, machine: Machine, reporter: Reporter, run: Path) -> None:
    reporter.step("download", job_config(given.job).epochs)
    if machine.is_instance:
        require_gpu(given.job.instance)
    images = machine.work / "images" / path_of(place_of(given.job.request.data)[1])
    came = Inputs(machine.folders, machine.reporter, machine.work, machine.get).fetch(
        given.withheld, images
    )
    if given.missing:
        say(
            f"job {given.job.id}: trains without {given.missing} erased images of version "
            f"{given.job.request.dataset_version} of {given.job.request.dataset}",
            file=sys.stderr,
        )
    # What is drawn is drawn only where it can be measured with; what people chose is obeyed.
    if 0 < len(given.withheld) < LEAST_IMAGES:
        say(
            f"job {given.job.id}: {len(given.withheld)} images of the part test are withheld, too "
            f"few to measure the model with: that takes {LEAST_IMAGES}. It will be published as "
            "not verified",
            file=sys.stderr,
        )
    if f"{run.name}/{CHECKPOINT_FILE}" in came:
        machine.files.has_checkpoint(run)
        say(f"job {given.job.id}: goes on from the checkpoint of a machine", file=sys.stderr)
    config = job_config(given.job, {**given.settings, **_start(given.job, machine.work)})
    check_start(config, run)

    def keep(history: Sequence[EpochRecord]) -> None:
        machine.files.keep_checkpoint(run)
        reporter.epochs(history)

    observer = Observer(reporter.step, keep)
    # Whoever erases a prediction could not reach the copies of its image in a model's files.
    train(config, images, run, machine.work / "cache", observer, with_images=not given.copied)
    reporter.step("upload")
    machine.files.keep_run(run)


def _start(record: JobRecord, work: Path) -> dict[str, str]:
    """Where the weights that the job starts from lie on this machine."""
    if record.request.grow_from is not None:
        if not (work / "ancestor" / MANIFEST_NAME).exists():
            raise TrainingError(f"Job {record.request.grow_from} has left no run to grow from.")
        return {"model.grow_from": str(work / "ancestor")}
    if start_weights(record.request):
        return {"model.weights": str(work / "weights.pt")}
    return {}


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
    parser.add_argument(
        "--is-instance",
        action="store_true",
        help="This machine is the job's EC2 instance, so it must have the GPU of its type",
    )
    arguments = parser.parse_args()
    settings = JobMachineSettings.from_env(os.environ)
    try:
        machine = this_machine(
            settings,
            arguments.work,
            arguments.heartbeat_seconds,
            is_instance=arguments.is_instance,
        )
        return run_job(arguments.job, machine)
    except VisionFlowError as error:
        say(f"training.job: {error}", file=sys.stderr)
        return 1
    except Interrupted as interruption:
        say(f"training.job: {interruption}", file=sys.stderr)
        return INTERRUPTED
