"""A job that is stopped, at any moment: nothing is left half done, and the next machine goes on."""

import shutil
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import numpy as np
import psutil
import pytest
import torch

from tests.job_machine import equip, keys, machine, only_fit, report_of, running, weights
from tests.jobs import DATASETS, JOBS, make_buckets, make_table, upload_folder
from tests.tiny_model import write_tiny_run
from tests.unit.training.conftest import draw_set
from training.config import TrainConfig
from training.fit.checkpoint import CHECKPOINT_FILE
from training.job.files import JobFiles
from training.job.script import INTERRUPTED, run_job
from training.reading import SILENT, Observer
from training.stop import Stop
from visionflow.jobs.folder import checkpoint_key, run_prefix
from visionflow.jobs.record import JobOutcome, JobRecord
from visionflow.jobs.store import JobStore
from visionflow.models.manifest import MANIFEST_NAME, Manifest

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MOMENTS = 100
FIELDS = {"scratch.epochs": 4, "scratch.batch_size": 6}


class StopAt(Stop):
    """Requests itself at one of its checks."""

    def __init__(self, at: int | None = None) -> None:
        super().__init__()
        self.checks = 0
        self._at = at

    def check(self) -> None:
        self.checks += 1
        if self._at is not None and self.checks >= self._at:
            self.request("Stopped on request.")
        super().check()


def next_stop(random: np.random.Generator, whole: StopAt, seconds: float) -> Stop:
    """A stop at a drawn check, or after a drawn time."""
    if random.integers(2):
        return StopAt(int(random.integers(1, whole.checks + 1)))
    stop = StopAt()
    timer = threading.Timer(random.uniform(0, seconds), stop.request, ["Stopped on request."])
    timer.daemon = True
    timer.start()
    return stop


@pytest.fixture
def store(aws: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> JobStore:
    """The job's images in S3; export and report are replaced by an artifact that is there."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    make_buckets(JOBS, DATASETS)
    draw_set(tmp_path / "images", per_class=10, seed=1)
    upload_folder(tmp_path / "images", DATASETS, "colours")
    write_tiny_run(tmp_path / "artifact")

    def fit_and_copy(
        config: TrainConfig,
        images: Path,
        run: Path,
        cache: Path | None = None,
        observer: Observer = SILENT,
        *,
        with_images: bool = True,
    ) -> None:
        only_fit(config, images, run, cache, observer)
        but_weights = shutil.ignore_patterns(CHECKPOINT_FILE)
        shutil.copytree(tmp_path / "artifact", run, ignore=but_weights, dirs_exist_ok=True)

    monkeypatch.setattr("training.job.script.train", fit_and_copy)
    return make_table()


def hand_over(store: JobStore, job: JobRecord, reporter: str) -> None:
    """Give the job to another machine."""
    now = store.get(job.id)
    moved = store.move(now, "launching", attempt=now.attempt + 1)
    equip(store, store.move(moved, "running", reporters=(*now.reporters, reporter)))


def newest_checkpoint(client: "S3Client", reporters: Sequence[str]) -> bytes | None:
    for reporter in reversed(reporters):
        with suppress(client.exceptions.NoSuchKey):
            return client.get_object(Bucket=JOBS, Key=checkpoint_key(reporter))["Body"].read()
    return None


def assert_nothing_is_half_done(work: Path) -> None:
    assert [file for file in psutil.Process().open_files() if str(work) in file.path] == []
    assert {path.suffix for path in work.rglob("*")} & {".partial", ".download"} == set()
    checkpoint = work / "run" / CHECKPOINT_FILE
    if checkpoint.exists():
        assert torch.load(checkpoint, weights_only=True)["history"]


def test_a_job_goes_on_after_a_stop_at_any_of_a_hundred_moments(
    store: JobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every stop is followed by a machine that goes on, and is stopped at a moment of its own,
    until the job is finished: with the weights of a job that nobody stopped."""
    client = boto3.client("s3")
    any_machine = machine("", tmp_path)

    def start(reporter: str, work: Path, stop: Stop) -> int:
        monkeypatch.setattr("training.job.script.Stop", lambda: stop)
        files = JobFiles(JOBS, reporter, client)
        it = replace(any_machine, reporter=reporter, files=files, work=work, heartbeat_seconds=60)
        return run_job(job.id, it)

    whole = StopAt()
    job = running(store, "AROA:whole", set=FIELDS)
    began = time.monotonic()
    assert start("AROA:whole", tmp_path / "whole", whole) == 0
    seconds = time.monotonic() - began
    assert whole.checks > MOMENTS
    expected = weights(tmp_path / "whole")

    random = np.random.default_rng(12)
    stops, names = 0, (f"AROA:i-{number}" for number in count())
    while stops < MOMENTS:
        reporters, work = [next(names)], tmp_path / f"new {stops}"
        job = running(store, *reporters, set=FIELDS)
        while (code := start(reporters[-1], work, next_stop(random, whole, seconds))) != 0:
            assert code == INTERRUPTED
            outcome = report_of(store, job).outcome
            assert outcome == JobOutcome("interrupted", "Stopped on request.")
            assert_nothing_is_half_done(work)
            checkpoint = work / "run" / CHECKPOINT_FILE
            if checkpoint.exists():
                assert newest_checkpoint(client, reporters) == checkpoint.read_bytes()
            assert MANIFEST_NAME not in keys(run_prefix(reporters[-1]))
            stops += 1
            reporters.append(next(names))
            hand_over(store, job, reporters[-1])
            # Every other machine has an empty disk.
            work = tmp_path / str(stops) if stops % 2 else work
        assert_nothing_is_half_done(work)
        manifest = Manifest.parse((work / "run" / MANIFEST_NAME).read_bytes())
        assert {x.path for x in manifest.all_files()} <= keys(run_prefix(reporters[-1]))
        found = weights(work)
        assert all(torch.equal(found[name], value) for name, value in expected.items())
