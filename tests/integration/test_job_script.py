"""The script on a job's machine, against moto: done, interrupted, resumed, stopped, failed."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import numpy as np
import pytest
import torch

from lambdas.jobs.verdict import MachineState, judge
from tests.job_machine import equip, keys, machine, only_fit, report_of, running, weights
from tests.jobs import (
    DATASETS,
    JOBS,
    folders,
    inputs,
    make_buckets,
    make_table,
    moto_get,
    record,
    request,
    upload_folder,
)
from tests.tiny_model import write_tiny_run
from tests.unit.training.conftest import draw_set
from training.config import TrainConfig
from training.data.grouping import saved_groups
from training.data.grouping.saved_groups import GROUPS_FILE
from training.errors import TrainingError
from training.fit.checkpoint import CHECKPOINT_FILE
from training.job.files import JobFiles
from training.job.gpu import require_gpu
from training.job.inputs import Inputs
from training.job.interruption import interruption_notice
from training.job.reporter import JobLog, Reporter
from training.job.script import INTERRUPTED, job_config, run_job
from training.reading import Observer
from training.results.history import EpochRecord
from training.stop import check_stop
from visionflow.jobs.folder import (
    Assignment,
    JobFolders,
    checkpoint_key,
    groups_key,
    run_prefix,
)
from visionflow.jobs.record import JobInstance, JobOutcome, JobRecord
from visionflow.jobs.store import JobStore
from visionflow.models.manifest import MANIFEST_NAME, Manifest


@pytest.fixture(autouse=True)
def cloud(aws: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    make_buckets(JOBS, DATASETS)
    draw_set(tmp_path / "images", per_class=30, seed=1)
    upload_folder(tmp_path / "images", DATASETS, "colours")


@pytest.fixture
def store(cloud: None) -> JobStore:
    return make_table()


@pytest.mark.parametrize("kind", ["g4dn.xlarge", "c7i.2xlarge"])
@pytest.mark.parametrize("is_instance", [False, True])
def test_a_machine_without_its_gpu_ends_the_job_instead_of_training_on_its_processor(
    kind: str, is_instance: bool, store: JobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, and without another machine; a computer that stands in for one trains as it can."""

    def trained(*_: object, **__: object) -> None:
        raise TrainingError("it trains")

    without_cuda = partial(require_gpu, built_with=None)
    monkeypatch.setattr("training.job.script.require_gpu", without_cuda)
    monkeypatch.setattr("training.job.script.train", trained)
    made = replace(
        record(request(), state="running", reporters=("AROA:i-1",), attempt=1),
        instance=JobInstance("i-1", kind, "ap-northeast-2a", spot=True),
    )
    store.add(made)
    equip(store, made)
    work = replace(machine("AROA:i-1", tmp_path / "work"), is_instance=is_instance)
    assert run_job(made.id, work) == 1
    report = report_of(store, made)
    assert report.outcome is not None
    assert report.outcome.kind == "failed"
    refused = is_instance and kind == "g4dn.xlarge"
    assert ("without CUDA" in str(report.outcome.reason)) == refused
    # Nothing was downloaded.
    assert (tmp_path / "work" / "images").exists() != refused
    verdict = judge(made, report, MachineState(alive=True), datetime.now(UTC))
    assert (verdict.next, verdict.reason) == ("end", report.outcome.reason)


def test_a_job_reports_its_epochs_and_leaves_a_finished_run(
    store: JobStore, tmp_path: Path
) -> None:
    job = running(store, "AROA:i-1")
    assert run_job(job.id, machine("AROA:i-1", tmp_path / "work")) == 0

    report = report_of(store, job)
    assert report.outcome is not None
    assert report.outcome.kind == "finished"
    assert [epoch.epoch for epoch in report.epochs] == [1, 2, 3]
    assert all(epoch.seconds > 0 for epoch in report.epochs)
    assert report.progress is not None
    assert (report.progress.step, report.progress.epochs) == ("upload", 3)

    body = boto3.client("s3").get_object(Bucket=JOBS, Key=run_prefix("AROA:i-1") + MANIFEST_NAME)[
        "Body"
    ]
    manifest = Manifest.parse(body.read())
    assert (manifest.name, manifest.version) == ("colours", "20300101-120000")
    assert {entry.path for entry in manifest.all_files()} <= keys(run_prefix("AROA:i-1"))

    assert any("scratch 3/3: train loss" in line for line in folders().log_lines("AROA:i-1"))
    assert any("scratch 3/3" in line for line in report.log_tail)


@contextmanager
def metadata_service(notice: Callable[[], bool]) -> Iterator[str]:
    """The instance metadata service, version 2: no answer without a token."""

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            assert self.path == "/latest/api/token"
            self._answer("secret")

        def do_GET(self) -> None:
            assert self.headers["X-aws-ec2-metadata-token"] == "secret"
            if self.path == "/latest/meta-data/spot/instance-action" and notice():
                self._answer(json.dumps({"action": "terminate", "time": "2030-01-01T12:02:00Z"}))
            else:
                self.send_error(404)

        def _answer(self, text: str) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Not into the test's output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def fit_three_epochs(
    config: TrainConfig,
    images: Path,
    run: Path,
    cache: Path,
    observer: Observer,
    *,
    with_images: bool,
) -> None:
    """Then wait for the stop, however slow the machine is that asks for it."""

    def on_epoch(history: Sequence[EpochRecord]) -> None:
        observer.on_epoch(history)
        while len(history) == 3:
            check_stop()
            time.sleep(0.01)

    only_fit(config, images, run, cache, Observer(observer.on_step, on_epoch))


def test_a_machine_that_takes_over_after_the_spot_notice_ends_with_the_same_weights(
    store: JobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.job.script.train", only_fit)
    monkeypatch.setattr(JobFiles, "keep_run", lambda *_: None)
    job = running(store, "AROA:i-1", set={"scratch.epochs": 8})
    only_fit(job_config(job), tmp_path / "images", tmp_path / "straight" / "run")

    def after_two_epochs() -> bool:
        report = folders().current_report(job)
        return report is not None and len(report.epochs) >= 2

    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    monkeypatch.setattr("training.job.script.train", fit_three_epochs)
    with metadata_service(after_two_epochs) as address:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", address)
        assert run_job(job.id, machine("AROA:i-1", tmp_path / "first")) == INTERRUPTED
    interrupted = report_of(store, job)
    assert interrupted.outcome is not None
    assert interrupted.outcome.kind == "interrupted"
    assert "terminate at 2030-01-01T12:02:00Z" in str(interrupted.outcome.reason)
    assert 2 <= len(interrupted.epochs) <= 3
    assert {"checkpoint.pt", "groups.json"} < keys("jobs/AROA:i-1/")
    assert keys("jobs/AROA:i-1/run/") == set()

    # On other hardware, images might be grouped differently: the split stays as it was.
    monkeypatch.setattr(saved_groups, "group_images", lambda *_: np.arange(90) // 3)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr("training.job.script.train", only_fit)
    moved = store.move(store.get(job.id), "launching", attempt=2)
    equip(store, store.move(moved, "running", reporters=("AROA:i-1", "AROA:i-2")))
    assert run_job(job.id, machine("AROA:i-2", tmp_path / "second")) == 0
    resumed = report_of(store, job)
    assert [epoch.epoch for epoch in resumed.epochs] == list(range(1, 9))
    assert resumed.epochs[:2] == interrupted.epochs[:2]
    expected, found = weights(tmp_path / "straight"), weights(tmp_path / "second")
    assert all(torch.equal(found[name], value) for name, value in expected.items())


def test_a_job_that_is_stopped_ends_on_its_machine_too(store: JobStore, tmp_path: Path) -> None:
    job = running(store, "AROA:i-1", set={"scratch.epochs": 500})

    def stop() -> None:
        while not (report := folders().current_report(job)) or not report.epochs:
            time.sleep(0.01)
        inputs(store).assign(store.move(job, "stopping", reason="Stopped on request."))

    stopper = threading.Thread(target=stop)
    stopper.start()
    assert run_job(job.id, machine("AROA:i-1", tmp_path / "work")) == INTERRUPTED
    stopper.join()
    outcome = report_of(store, job).outcome
    assert outcome is not None
    assert (outcome.kind, outcome.reason) == ("interrupted", "Stopped on request.")


def test_images_that_cannot_be_trained_on_are_the_reason_that_is_reported(
    store: JobStore, tmp_path: Path
) -> None:
    boto3.client("s3").put_object(Bucket=DATASETS, Key="loose/1.png", Body=b"an image")
    job = running(store, "AROA:i-1", data=f"s3://{DATASETS}/loose")
    assert run_job(job.id, machine("AROA:i-1", tmp_path / "work")) == 1
    outcome = report_of(store, job).outcome
    assert outcome is not None
    assert outcome.kind == "failed"
    assert "no images in folders of classes" in str(outcome.reason)
    assert keys("jobs/AROA:i-1/run/") == set()


def test_a_bug_is_reported_with_its_kind_and_logged(
    store: JobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, with_images: bool) -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr("training.job.script.train", broken)
    job = running(store, "AROA:i-1")
    assert run_job(job.id, machine("AROA:i-1", tmp_path / "work")) == 1
    report = report_of(store, job)
    assert report.outcome is not None
    assert report.outcome.reason == "RuntimeError: out of luck"
    assert any("Traceback" in line for line in report.log_tail)


def test_a_job_grows_from_the_run_of_another(
    store: JobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ancestor = running(store, "AROA:i-1")
    run = write_tiny_run(tmp_path / "run")
    JobFiles(JOBS, "AROA:i-1", boto3.client("s3")).keep_run(run)
    monkeypatch.setattr("training.job.script.train", only_fit)
    monkeypatch.setattr(JobFiles, "keep_run", lambda *_: None)
    job = running(store, "AROA:i-2", grow_from=ancestor.id)
    assert run_job(job.id, machine("AROA:i-2", tmp_path / "work")) == 1
    assert "has left no run to grow from" in str(reason_of(store, job))
    folders().put_report(replace(report_of(store, job), reporter="AROA:i-1"))
    again = running(store, "AROA:i-3", grow_from=ancestor.id)
    assert run_job(again.id, machine("AROA:i-3", tmp_path / "again")) == 1
    # The run has arrived and was read; it is one without weights.
    assert "only a run that kept its weights can grow" in str(reason_of(store, again))


def reason_of(store: JobStore, job: JobRecord) -> str | None:
    outcome = report_of(store, job).outcome
    return outcome.reason if outcome else None


def test_a_log_that_cannot_be_written_fails_no_job_and_comes_later(store: JobStore) -> None:
    job = running(store, "AROA:i-1")
    log = JobLog(JobFolders("missing", boto3.client("s3")), "AROA:i-1")
    with Reporter(folders(), job, log, lambda _: None, 60) as reporter:
        reporter.line("first")
        reporter.step("train", 3)
        assert report_of(store, job).log_tail == ("first",)
        make_buckets("missing")
        reporter.line("second")
        reporter.end(JobOutcome("finished", None))
    lines = list(JobFolders("missing", boto3.client("s3")).log_lines("AROA:i-1"))
    assert [line.rpartition(" ")[2] for line in lines] == ["first", "second"]


def test_a_machine_that_the_job_does_not_name_does_nothing(store: JobStore, tmp_path: Path) -> None:
    job = running(store, "AROA:i-1")
    taken = replace(store.get(job.id), reporters=("AROA:i-1", "AROA:i-2"))
    folders().assign("AROA:i-1", Assignment(taken, (), {}))
    for reporter, refusal in (
        ("AROA:i-1", "Another machine has taken over"),
        ("AROA:i-3", "The machine was given no job"),
    ):
        with pytest.raises(TrainingError, match=refusal):
            run_job(job.id, machine(reporter, tmp_path / "work"))
    ended = replace(record(request()), state="cancelled", reason="Stopped.", reporters=("AROA:x",))
    inputs(store).assign(ended)
    with pytest.raises(TrainingError, match="Stopped"):
        run_job(ended.id, machine("AROA:x", tmp_path / "work"))


def test_the_checkpoint_of_the_newest_machine_that_left_one_is_taken(
    store: JobStore, tmp_path: Path
) -> None:
    client = boto3.client("s3")
    client.put_object(Bucket=JOBS, Key=checkpoint_key("first"), Body=b"1")
    client.put_object(Bucket=JOBS, Key=groups_key("first"), Body=b"1")
    client.put_object(Bucket=JOBS, Key=checkpoint_key("second"), Body=b"2")
    client.put_object(Bucket=JOBS, Key=groups_key("second"), Body=b"groups")
    running(store, "first", "second", "third", "fourth")
    came = Inputs(folders(), "fourth", tmp_path, moto_get()).fetch((), tmp_path)
    run, files = tmp_path / "run", JobFiles(JOBS, "fourth", client)
    assert came == {f"run/{CHECKPOINT_FILE}", f"run/{GROUPS_FILE}"}
    assert (run / CHECKPOINT_FILE).read_bytes() == b"2"
    assert (run / GROUPS_FILE).read_bytes() == b"groups"
    files.has_checkpoint(run)
    assert not files.keep_checkpoint(run)
    (run / CHECKPOINT_FILE).write_bytes(b"22")
    assert files.keep_checkpoint(run)
    assert not files.keep_checkpoint(run)
    assert {"checkpoint.pt", "groups.json"} < keys("jobs/fourth/")


def test_without_a_metadata_service_there_is_no_notice() -> None:
    assert interruption_notice("http://127.0.0.1:9") is None
