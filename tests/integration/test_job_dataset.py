"""A training job on a frozen version of a dataset, from the request to the lineage, on moto."""

import gzip
import io
import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from PIL import Image

from infra.cli.jobs.commands import wait_for_comparison
from lambdas.publish.service import JobPublisher
from tests.job_machine import equip, machine, only_fit, report_of
from tests.jobs import (
    DATASETS,
    DATASETS_TABLE,
    JOBS,
    NOW,
    folders,
    inputs,
    make_buckets,
    make_pair_table,
    make_table,
    record,
    request,
    versions,
)
from tests.tiny_model import LABELS, write_tiny_run
from training.job.files import JobFiles
from training.job.script import job_config, run_job
from visionflow.datasets.health import health_of
from visionflow.datasets.names import content_key
from visionflow.datasets.record import Dataset, DatasetClass, DatasetImage, Part
from visionflow.datasets.run_store import RunStore
from visionflow.datasets.store import DatasetStore
from visionflow.errors import (
    DatasetComparingError,
    DatasetConflictError,
    DatasetMissingError,
    DatasetTooLargeError,
    DatasetVersionMissingError,
    JobRefusedError,
)
from visionflow.jobs.folder import Link, groups_table_key
from visionflow.jobs.frozen import check_dataset, with_version
from visionflow.jobs.record import JobOutcome, JobRecord, JobReport, JobRequest
from visionflow.models.gate import GateLimits
from visionflow.models.ref import ModelRef
from visionflow.models.registry import ModelRegistry
from visionflow.models.store import ModelStore
from visionflow.strict import parse_json
from visionflow.timestamps import timestamp

REPORTER = "AROA:i-1"
PER_CLASS, TEST = 16, 8


def shot(label: str, seed: int) -> bytes:
    """Noise of a colour; no two are the same."""
    random = np.random.default_rng((LABELS.index(label), seed))
    pixels = random.integers(0, 60, (8, 8, 3), dtype=np.uint8)
    pixels[..., LABELS.index(label)] += 150
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


class World:
    """A dataset of three classes with groups of two, a part for test, and what trains on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.s3, dynamodb = boto3.client("s3"), boto3.client("dynamodb")
        make_buckets(JOBS, DATASETS, "models")
        make_pair_table(DATASETS_TABLE)
        make_pair_table("registry")
        self.jobs = make_table()
        self.store = DatasetStore(DATASETS_TABLE, dynamodb)
        self.runs = RunStore(DATASETS_TABLE, dynamodb)
        self.registry = ModelRegistry("registry", dynamodb)
        classes = tuple(DatasetClass(name=label) for label in LABELS)
        self.store.create(
            Dataset(name="fruit", created_at=timestamp(NOW), created_by="ann", classes=classes)
        )
        self.test: set[str] = set()
        for label in LABELS:
            group = ""
            for number in range(PER_CLASS):
                part: Part | None = "test" if number < TEST else None
                added = self.add(label, shot(label, number), part, group if number % 2 else "")
                group = added.sha256
                if part:
                    self.test.add(added.sha256)

    def add(
        self, label: str, data: bytes, part: Part | None = None, group: str = "", **more: Any
    ) -> DatasetImage:
        """An image as curation leaves it."""
        dataset: str = more.get("dataset", "fruit")
        name = sha256(data).hexdigest()
        image = DatasetImage(
            sha256=name,
            state="ready",
            added_at=timestamp(NOW),
            added_by="ann",
            source=more.get("source", "upload"),
            bytes=len(data),
            label=label,
            part=part,
            group=group or name,
        )
        self.store.images.announce(dataset, [image])
        self.store.curation.curated(dataset, image, None)
        self.s3.put_object(Bucket=DATASETS, Key=content_key(dataset, name), Body=data)
        return image

    def ask(self, **changes: Any) -> JobRequest:
        tiny = request(set={"name": "tiny", "version": "1"})
        wanted = replace(tiny, **{"data": "", "dataset": "fruit"} | changes)
        check_dataset(wanted, self.store, versions())
        return with_version(wanted, versions(), "ann", NOW)

    def job(self, reporter: str = REPORTER, **changes: Any) -> JobRecord:
        """One whose machine has been launched."""
        made = record(self.ask(**changes), state="running", reporters=(reporter,), attempt=1)
        self.jobs.add(made)
        equip(self.jobs, made)
        return made

    def links(self) -> dict[str, Link]:
        file = self.folder / "links.gz"
        folders().fetch_links(REPORTER, file)
        with gzip.open(file, "rt") as lines:
            found = [parse_json(Link, line, "link") for line in lines]
        return {link.path.removeprefix("images/content/fruit/"): link for link in found}

    def publisher(self) -> JobPublisher:
        return JobPublisher(
            self.jobs,
            folders(),
            self.s3,
            ModelStore("models", self.s3),
            self.registry,
            GateLimits(),
            versions(),
            self.runs,
            lambda: NOW,
        )

    def finish(self, job: JobRecord) -> JobRecord:
        run = self.folder / "run"
        write_tiny_run(run)
        JobFiles(JOBS, REPORTER, self.s3).keep_run(run)
        done = JobOutcome("finished", None)
        folders().put_report(JobReport(REPORTER, job.id, timestamp(NOW), None, (), (), done))
        return self.jobs.move(job, "publishing")


@pytest.fixture
def world(aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return World(tmp_path)


def test_the_version_that_is_trained_is_what_the_dataset_held_at_the_request(world: World) -> None:
    asked = world.ask()
    assert (asked.dataset_version, asked.data) == (1, f"s3://{DATASETS}/content/fruit")
    world.add("red", shot("red", 99))
    assert world.ask(dataset_version=1).dataset_version == 1
    assert world.ask().dataset_version == 2
    job = world.job(dataset_version=1)
    assert len(world.links()) == len(LABELS) * (PER_CLASS - TEST) + 1
    assert job.request.dataset_version == 1


def test_what_cannot_be_frozen_is_refused(world: World) -> None:
    with pytest.raises(DatasetMissingError, match="no dataset 'melon'"):
        world.ask(dataset="melon")
    with pytest.raises(DatasetVersionMissingError, match="has no version 7"):
        world.ask(dataset_version=7)
    world.store.due("fruit", "wave")
    with pytest.raises(DatasetComparingError, match="still being compared"):
        world.ask()
    assert versions().versions("fruit") == ()
    world.store.create(Dataset(name="one", created_at=timestamp(NOW), created_by="ann"))
    with pytest.raises(DatasetConflictError, match="holds no labelled image"):
        world.ask(dataset="one")


def test_a_version_that_was_frozen_before_is_trained_while_images_are_compared(
    world: World,
) -> None:
    world.ask()
    world.store.due("fruit", "wave")
    assert world.ask(dataset_version=1).dataset_version == 1


def test_the_command_line_waits_until_the_newest_images_are_compared(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world.store.due("fruit", "wave")
    asked = replace(request(), data="", dataset="fruit")
    waited: list[float] = []
    monkeypatch.setattr("infra.cli.jobs.commands.time.sleep", waited.append)
    with pytest.raises(DatasetComparingError):
        wait_for_comparison(asked, world.store, versions())
    assert sum(waited) == 120

    def compared(seconds: float) -> None:
        world.store.examined("fruit", health_of((), ()), world.store.due_token("fruit"))

    monkeypatch.setattr("infra.cli.jobs.commands.time.sleep", compared)
    monkeypatch.setattr("training.texts.progress.is_watched", lambda: True)
    capsys.readouterr()
    wait_for_comparison(asked, world.store, versions())
    assert capsys.readouterr().err == (
        "Waiting for the images of fruit to be compared: 0 s of at most 120 s.\n"
    )


def test_a_dataset_that_takes_too_long_to_freeze_asks_for_a_version(world: World) -> None:
    asked = replace(request(), data="", dataset="fruit")
    with pytest.raises(DatasetTooLargeError, match="Name a version of it"):
        with_version(asked, versions(), "ann", NOW, 0)
    assert with_version(asked, versions(), "ann", NOW).dataset_version == 1


def test_a_machine_gets_parts_and_groups_and_no_test_image(world: World) -> None:
    job = world.job()
    sealed = folders().sealed(job.id)
    assert sealed is not None
    assert set(sealed.withheld) == world.test
    links = world.links()
    table = links.pop("groups.csv")
    hashes = {Path(path).stem for path in links}
    assert not hashes & world.test
    assert len(links) == len(LABELS) * (PER_CLASS - TEST)
    assert {path.rpartition("/")[0] for path in links} == {f"train/{label}" for label in LABELS}
    body = world.s3.get_object(Bucket=JOBS, Key=groups_table_key(REPORTER))["Body"].read()
    rows = body.decode().splitlines()
    assert (len(body), "dataset-groups.csv" in table.url) == (table.size, True)
    assert rows[0] == "file,group"
    assert {row.split(",")[0] for row in rows[1:]} == set(links)
    assert len({row.split(",")[1] for row in rows[1:]}) == len(links) // 2


def test_a_machine_trains_on_the_version_and_keeps_its_groups_together(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.job.script.train", only_fit)
    monkeypatch.setattr(JobFiles, "keep_run", lambda *_: None)
    gone = world.add("red", shot("red", 99))
    world.ask()
    world.s3.delete_object(Bucket=DATASETS, Key=content_key("fruit", gone.sha256))
    job = world.job()
    assert job_config(job).data.group_by == "csv:groups.csv"
    assert run_job(job.id, machine(REPORTER, tmp_path / "work")) == 0
    report = report_of(world.jobs, job)
    assert any("trains without 1 erased images of version 1 of fruit" in x for x in report.log_tail)
    assert not any("too few to measure" in line for line in report.log_tail)
    groups = json.loads((tmp_path / "work" / "run" / "groups.json").read_text())["numbers"]
    assert len(groups) == len(LABELS) * (PER_CLASS - TEST)
    assert len(set(groups)) == len(groups) // 2


def test_a_job_says_that_its_test_images_are_too_few_to_measure_with(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.job.script.train", lambda *_, **__: None)
    monkeypatch.setattr(JobFiles, "keep_run", lambda *_: None)
    classes = tuple(DatasetClass(name=label) for label in LABELS[:2])
    world.store.create(
        Dataset(name="few", created_at=timestamp(NOW), created_by="ann", classes=classes)
    )
    for label in LABELS[:2]:
        for number in range(5):
            part: Part | None = "test" if number < 2 else None
            world.add(label, shot(label, number), part, dataset="few")
    job = world.job(dataset="few")
    sealed = folders().sealed(job.id)
    assert sealed is not None
    assert (len(sealed.withheld), sealed.images) == (4, ())
    assert run_job(job.id, machine(REPORTER, tmp_path / "work")) == 0
    log = report_of(world.jobs, job).log_tail
    assert any("4 images of the part test are withheld, too few to measure" in x for x in log)


def test_a_class_whose_images_were_erased_is_the_reason_that_the_job_is_refused(
    world: World,
) -> None:
    asked = world.ask()
    for image in versions().manifest(versions().version("fruit", 1)):
        if image.label == "blue":
            key = content_key("fruit", image.sha256)
            world.s3.delete_object(Bucket=DATASETS, Key=key)
    job = record(asked)
    with pytest.raises(JobRefusedError, match="images of the class 'blue' were erased"):
        inputs(world.jobs).seal(job)


def test_a_published_version_leads_to_its_dataset_and_back(world: World) -> None:
    job = world.finish(world.job())
    model = ModelRef("tiny", "1")
    (world.folder / "publish").mkdir()
    published = world.publisher().publish(job.id, world.folder / "publish")
    assert (published.state, published.model) == ("succeeded", model), published.reason
    version = versions().version("fruit", 1)
    manifest = ModelStore("models", world.s3).manifest(model)
    assert manifest.config["dataset"] == {
        "name": "fruit",
        "version": 1,
        "sha256": version.sha256,
    }
    assert world.runs.models("fruit", 1) == (model,)
    row = world.registry.version(model)
    assert row is not None
    assert row.verified is not None
    assert (row.verified.images, row.verified.top1) == (len(world.test), 1.0)
    # The step may be called again.
    (world.folder / "again").mkdir()
    assert world.publisher().publish(job.id, world.folder / "again").state == "succeeded"
    assert world.runs.models("fruit", 1) == (model,)


def test_a_run_of_a_dataset_that_was_deleted_is_not_published(world: World) -> None:
    job = world.finish(world.job())
    assert world.store.delete("fruit")
    (world.folder / "publish").mkdir()
    published = world.publisher().publish(job.id, world.folder / "publish")
    assert published.state == "failed"
    assert "has no version 1" in str(published.reason)
    assert "Contents" not in world.s3.list_objects_v2(Bucket="models")
    assert world.registry.versions() == ()


def test_a_run_is_not_published_as_of_another_dataset_of_the_same_name(world: World) -> None:
    job = world.finish(world.job())
    while not world.store.delete("fruit"):
        pass
    classes = tuple(DatasetClass(name=label) for label in LABELS)
    world.store.create(
        Dataset(name="fruit", created_at=timestamp(NOW), created_by="bob", classes=classes)
    )
    for label in LABELS:
        world.add(label, shot(label, 99))
    assert world.ask().dataset_version == 1
    (world.folder / "publish").mkdir()
    published = world.publisher().publish(job.id, world.folder / "publish")
    assert published.state == "failed"
    assert "deleted and created again" in str(published.reason)
    assert "Contents" not in world.s3.list_objects_v2(Bucket="models")
    assert world.runs.models("fruit", 1) == ()


def test_a_report_shows_no_image_that_an_erasure_must_reach(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[bool] = []

    def note(*_: object, with_images: bool) -> None:
        shown.append(with_images)

    monkeypatch.setattr("training.job.script.train", note)
    monkeypatch.setattr(JobFiles, "keep_run", lambda *_: None)
    job = world.job()
    assert run_job(job.id, machine(REPORTER, tmp_path / "first")) == 0
    world.add("red", shot("red", 99), source="prediction:1")
    job = world.job("AROA:i-2")
    assert run_job(job.id, machine("AROA:i-2", tmp_path / "second")) == 0
    assert shown == [True, False]
