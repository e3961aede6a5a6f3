"""A job's machine for tests: in this process, on moto."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import torch

from tests.jobs import JOBS, NOW, folders, inputs, moto_get, record, request
from training.config import TrainConfig
from training.data.training_data import load_training_data
from training.fit.checkpoint import CHECKPOINT_FILE
from training.fit.fit import fit
from training.job.files import JobFiles
from training.job.script import Machine
from training.reading import SILENT, Observer
from visionflow.errors import JobRefusedError
from visionflow.jobs.record import JobRecord, JobReport
from visionflow.jobs.store import JobStore


def running(store: JobStore, *reporters: str, **changes: Any) -> JobRecord:
    """A job whose current machine is the last of ``reporters``."""
    made = record(request(**changes), state="running", reporters=reporters, attempt=len(reporters))
    store.add(made)
    equip(store, made)
    return made


def equip(store: JobStore, job: JobRecord) -> None:
    """Lay into the folder of the job's machine what the control plane does."""
    with suppress(JobRefusedError):
        inputs(store).seal(job)
        inputs(store).renew(job, None, NOW)


def machine(reporter: str, work: Path) -> Machine:
    files = JobFiles(JOBS, reporter, boto3.client("s3"))
    return Machine(folders(), files, reporter, work, moto_get(), 0.1, 0.02, patience_seconds=0)


def report_of(store: JobStore, job: JobRecord) -> JobReport:
    report = folders().current_report(store.get(job.id))
    assert report is not None
    return report


def weights(work: Path) -> dict[str, torch.Tensor]:
    state = torch.load(work / "run" / CHECKPOINT_FILE, weights_only=True)
    found: dict[str, torch.Tensor] = state["weights"]
    return found


def keys(prefix: str) -> set[str]:
    found = boto3.client("s3").list_objects_v2(Bucket=JOBS, Prefix=prefix)
    return {entry["Key"].removeprefix(prefix) for entry in found.get("Contents", [])}


def only_fit(
    config: TrainConfig,
    images: Path,
    run: Path,
    cache: Path | None = None,
    observer: Observer = SILENT,
    *,
    with_images: bool = True,
) -> None:
    """The part of a run that can be interrupted half-way; export and report take longer."""
    data = load_training_data(images, config, cache, run)
    fit(config, data, run, observer.on_epoch)
