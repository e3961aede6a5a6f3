"""What a stolen training machine may try, and what comes of it: nothing that it says decides."""

import gzip
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from PIL import Image

from lambdas.publish.service import JobPublisher, Published
from tests.images import encode
from tests.jobs import (
    DATASETS,
    DATASETS_TABLE,
    JOBS,
    NOW,
    folders,
    inputs,
    make_buckets,
    make_table,
    request,
    versions,
)
from tests.jobs import record as new_record
from tests.tiny_model import LABELS, write_tiny_run
from training.job.files import JobFiles
from visionflow.datasets.run_store import RunStore
from visionflow.jobs.folder import folder_of, run_prefix
from visionflow.jobs.record import JobOutcome, JobRecord, JobReport
from visionflow.jobs.reports import LONGEST_REASON
from visionflow.models.gate import GateLimits
from visionflow.models.manifest import MANIFEST_NAME, FileEntry, GateCheck, Manifest, read_artifact
from visionflow.models.promotion_rule import PromotionRule
from visionflow.models.publication import Publisher
from visionflow.models.ref import ModelRef
from visionflow.models.registry import ModelRegistry
from visionflow.models.routing import Order
from visionflow.models.store import ModelStore
from visionflow.timestamps import timestamp

PER_CLASS = 70
SEALED = 21  # a tenth of each of three classes
MINE, OTHER = "AROA:i-mine", "AROA:i-other"


@pytest.fixture(scope="module")
def images() -> dict[str, bytes]:
    """A dataset by its keys: noisy one-coloured images, never twice the same."""
    random = np.random.default_rng(3)
    found = {}
    for i, label in enumerate(LABELS):
        for number in range(PER_CLASS):
            pixels = random.integers(0, 60, (8, 8, 3), dtype=np.uint8)
            pixels[..., i] += 150
            found[f"colours/{label}/{number}.png"] = encode(Image.fromarray(pixels), "PNG")
    return found


class World:
    """A dataset, a registry, and jobs whose machines have finished."""

    def __init__(self, folder: Path, images: dict[str, bytes]) -> None:
        self.folder = folder
        self.s3, self.dynamodb = boto3.client("s3"), boto3.client("dynamodb")
        make_buckets(JOBS, DATASETS, "models")
        self.store = make_table()
        self.dynamodb.create_table(
            TableName="registry",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[{"AttributeName": k, "AttributeType": "S"} for k in ("pk", "sk")],
        )
        for key, data in images.items():
            self.s3.put_object(Bucket=DATASETS, Key=key, Body=data)
        self.registry = ModelRegistry("registry", self.dynamodb)
        self.models = ModelStore("models", self.s3)
        self.publisher = JobPublisher(
            self.store,
            folders(),
            self.s3,
            self.models,
            self.registry,
            GateLimits(),
            versions(),
            RunStore(DATASETS_TABLE, self.dynamodb),
            lambda: NOW,
        )

    def job(self, reporter: str = MINE, version: str = "1", **changes: Any) -> JobRecord:
        """One whose machine says that it has finished."""
        fields = {"name": "tiny", "version": version}
        job = new_record(
            request(set=fields, **changes), state="publishing", reporters=(reporter,), attempt=1
        )
        self.store.add(job)
        inputs(self.store).seal(job)
        finished = JobOutcome("finished", None)
        folders().put_report(JobReport(reporter, job.id, timestamp(NOW), None, (), (), finished))
        return job

    def run(
        self,
        reporter: str = MINE,
        forge: Callable[[Manifest], Manifest] = lambda manifest: manifest,
        **written: Any,
    ) -> Path:
        """Lay a run into a machine's folder, with a forged manifest."""
        folder = self.folder / f"run-{reporter}-{written.get('version', '1')}"
        write_tiny_run(folder, **written)
        manifest = forge(read_artifact(folder))
        (folder / MANIFEST_NAME).write_text(manifest.to_json(), encoding="utf-8")
        JobFiles(JOBS, reporter, self.s3).keep_run(folder)
        return folder

    def put(self, name: str, data: bytes, reporter: str = MINE) -> None:
        self.s3.put_object(Bucket=JOBS, Key=run_prefix(reporter) + name, Body=data)

    def publish(self, job: JobRecord) -> Published:
        folder = self.folder / f"publish-{job.id}-{len(list(self.folder.iterdir()))}"
        folder.mkdir()
        return self.publisher.publish(job.id, folder)

    def refused(self, job: JobRecord, reason: str) -> None:
        answer = self.publish(job)
        assert (answer.state, answer.model) == ("failed", None)
        assert reason in str(answer.reason), answer.reason
        assert self.registry.versions() == ()
        assert "Contents" not in self.s3.list_objects_v2(Bucket="models")


@pytest.fixture
def world(aws: None, tmp_path: Path, images: dict[str, bytes]) -> World:
    return World(tmp_path, images)


@pytest.fixture
def bare(aws: None, tmp_path: Path) -> World:
    """With too few images for a sealed set: for what is refused before anything is measured."""
    return World(tmp_path, {f"colours/{label}/1.png": label.encode() for label in LABELS})


def test_a_version_is_measured_on_images_that_its_machine_never_had(world: World) -> None:
    job = world.job()
    world.run(forge=lambda m: replace(m, metrics={"test_top1": 1.0}))
    assert world.publish(job) == Published(job.id, "end", "succeeded", None, ModelRef("tiny", "1"))
    row = world.registry.version(ModelRef("tiny", "1"))
    assert row is not None
    assert row.verified is not None
    found = row.verified
    assert (found.images, found.top1, found.agreement) == (SEALED, 1.0, None)
    assert found.interval[0] > 0.8
    sealed = folders().sealed(job.id)
    assert sealed is not None
    assert found.sealed == sealed.sha256
    assert world.registry.current() is None


def test_a_machine_gets_links_to_all_images_but_the_sealed_ones_and_their_copies(
    world: World, images: dict[str, bytes], tmp_path: Path
) -> None:
    job = world.job()
    sealed = folders().sealed(job.id)
    assert sealed is not None
    assert len(sealed.images) == SEALED
    assert folders().sealed(world.job(OTHER).id) == sealed
    # A copy of a sealed image comes to the dataset after the job began.
    copied = images[f"colours/{sealed.images[0].name}"]
    world.s3.put_object(Bucket=DATASETS, Key="colours/green/copy.png", Body=copied)
    inputs(world.store).renew(job, None, NOW)
    folders().fetch_links(MINE, tmp_path / "links.gz")
    with gzip.open(tmp_path / "links.gz", "rt") as lines:
        paths = {json.loads(line)["path"] for line in lines}
    names = {key.removeprefix("colours/") for key in images}
    assert paths == {f"images/colours/{name}" for name in names - set(sealed.withheld)}
    given = folders().assignment(MINE)
    assert given is not None
    assert given.withheld == sealed.withheld
    assert given.settings == GateLimits().fields
    # A machine that an earlier release launched knows no other fields.
    key = f"{folder_of(MINE)}job.json"
    written = json.loads(world.s3.get_object(Bucket=JOBS, Key=key)["Body"].read())
    assert set(written) == {"job", "withheld", "settings"}
    assert set(written["job"]["request"]) == {
        *("config", "data", "model", "recipe", "set", "instance", "on_demand", "max_hours"),
        *("budget_usd", "grow_from", "place"),
    }
    # A job that is resumed keeps its set.
    inputs(world.store).seal(job)
    assert folders().sealed(job.id) == sealed


FORGED_GATES = [
    ((GateCheck("fp32_logit_difference", 999.0, 0.0, passed=True),), "is 999, the limit 0"),
    ((GateCheck("fp32_logit_difference", 999.0, 1000.0, passed=True),), "is 999, the limit 0.1"),
    ((GateCheck("fp32_top1_changes", 0.4, 1.0, passed=True),), "is 0.4, the limit 0"),
    ((GateCheck("fp32_logit_difference", -5.0, 0.1, passed=True),), "cannot be measured"),
    ((GateCheck("made_up", 0.0, 1.0, passed=True),), "made_up is not a check of this gate"),
    ((GateCheck("fp32_logit_difference", 0.0, 0.1, passed=False),), "the limit 0.1"),
    ((), "fp32_top1_changes was not measured"),
]


def test_a_forged_gate_is_recomputed_by_the_limits_of_the_stage(bare: World) -> None:
    job = bare.job()
    for gate, reason in FORGED_GATES:
        names = {check.name for check in gate}
        rest = tuple(
            GateCheck(name, 0.0, 0.0, passed=True)
            for name in ("fp32_logit_difference", "fp32_top1_changes")
            if gate and name not in names
        )
        bare.run(gate=(*gate, *rest))
        bare.refused(job, reason)


def test_numbers_that_are_none_are_refused(bare: World) -> None:
    job = bare.job()
    folder = bare.run()
    for number in ("1e999", "-1e999", "NaN", "Infinity"):
        for part in ("gate", "metrics"):
            document = json.loads((folder / MANIFEST_NAME).read_text())
            if part == "gate":
                document["gate"][0]["value"] = "HERE"
            else:
                document["metrics"]["test_top1"] = "HERE"
            bare.put(MANIFEST_NAME, json.dumps(document).replace('"HERE"', number).encode())
            bare.refused(job, "Not published: manifest.json is not a JSON document")


def test_a_run_that_names_another_model_is_refused(bare: World) -> None:
    job = bare.job()
    for name, version in (("starter", "1"), ("tiny", "2"), ("../../models", "1")):
        bare.run(forge=partial(replace, name=name, version=version))
        bare.refused(job, "and the job makes tiny 1")


@pytest.mark.parametrize("claim", ["instant", "dataset"])
def test_a_run_that_claims_what_only_the_stage_does_is_refused(bare: World, claim: str) -> None:
    """An instant head owes no check of int8, and a dataset is a version's lineage."""
    job = bare.job()
    bare.run(forge=lambda m: replace(m, config={**m.config, claim: {}}))
    bare.refused(job, f"cannot have '{claim}' in its config")


def test_the_run_of_another_job_is_not_published(bare: World) -> None:
    """A machine names another's folder in its report."""
    bare.job(OTHER)
    bare.run(OTHER)
    job = bare.job()
    report = asdict(
        JobReport(OTHER, "other", timestamp(NOW), None, (), (), JobOutcome("finished", None))
    )
    key = f"jobs/{MINE}/report.json"
    bare.s3.put_object(Bucket=JOBS, Key=key, Body=json.dumps(report).encode())
    bare.refused(job, "so this is not a model version")


def test_a_model_that_is_wrong_and_says_that_it_is_right_is_refused(world: World) -> None:
    job = world.job()
    world.run(turned=True, forge=lambda m: replace(m, metrics={"test_top1": 0.99}))
    world.refused(job, "the run says test_top1 = 99.0%, and 21 sealed images")


def test_a_model_that_is_wrong_and_says_so_is_published_and_not_promoted(world: World) -> None:
    job = world.job()
    world.run(turned=True, forge=lambda m: replace(m, metrics={"test_top1": 0.05}))
    assert world.publish(job).state == "succeeded"
    row = world.registry.version(ModelRef("tiny", "1"))
    assert row is not None
    assert row.verified is not None
    assert row.verified.top1 == 0.0


def test_labels_that_are_not_those_of_the_dataset_are_refused(world: World) -> None:
    for key in ("colours/grey/1.png", "colours/grey/2.png"):
        world.s3.put_object(Bucket=DATASETS, Key=key, Body=key.encode())
    job = world.job()
    world.run()
    world.refused(job, "labels are not the classes of the job's dataset")


def test_a_file_that_no_run_has_is_refused(bare: World) -> None:
    job = bare.job()
    for name, data, reason in (
        ("report.json", b"[1, 2]", "report.json is not a JSON object"),
        ("report.json", b'{"x": 1e999}', "report.json is not a JSON document"),
        ("report.json", b'{"x": "\\ud800"}', "report.json is not a JSON document"),
        ("report.json", b"[" * 100_000, "report.json is not a JSON document"),
        ("plots/page.svg", b"<svg onload='alert(1)'/>", "is not the name of a file"),
        ("page.xhtml", b"x", "is not the name of a file"),
        ("..%2f..%2fx.json", b"{}", "is not the name of a file"),
        ("a/b/c/d/e.json", b"{}", "is not the name of a file"),
    ):
        bare.run()
        bare.put(name, data)
        bare.refused(job, reason)
        bare.s3.delete_object(Bucket=JOBS, Key=run_prefix(MINE) + name)


def test_what_a_machine_wrote_is_quoted_up_to_a_bound_and_without_escapes(bare: World) -> None:
    job = bare.job()
    folder = bare.run()
    document = json.loads((folder / MANIFEST_NAME).read_text())
    document["\x1b]0;evil\x07" + "x" * 10_000] = 1
    bare.put(MANIFEST_NAME, json.dumps(document).encode())
    bare.refused(job, "unknown field")
    reason = str(bare.publish(job).reason)
    assert reason.isprintable()
    assert len(reason) == LONGEST_REASON
    assert reason.endswith("…")


def test_too_many_files_are_refused(bare: World) -> None:
    job = bare.job()
    bare.run()
    for number in range(200):
        bare.put(f"plots/{number}.png", b"x")
    bare.refused(job, "over 200 files")


def test_a_page_of_a_machine_cannot_run_scripts(bare: World) -> None:
    job = bare.job()

    def with_script(manifest: Manifest) -> Manifest:
        folder = bare.folder / f"run-{MINE}-1"
        (folder / "report.html").write_text("<script>alert(1)</script>")
        entry = FileEntry.of(folder, "report.html")
        return replace(manifest, extra_files=(entry, *manifest.extra_files[1:]))

    bare.run(forge=with_script)
    assert bare.publish(job).state == "succeeded"
    page = bare.s3.get_object(Bucket="models", Key="models/tiny/1/report.html")["Body"].read()
    start = page.partition(b"<script>")[0]
    assert start.startswith(b'<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Sec')
    assert b"default-src 'none'" in start
    manifest = bare.models.manifest(ModelRef("tiny", "1"))
    (entry,) = (file for file in manifest.extra_files if file.path == "report.html")
    entry.check(page)
    # The same step again publishes the same.
    assert bare.publish(job).state == "succeeded"


def test_a_page_in_the_place_of_a_model_is_refused(bare: World) -> None:
    job = bare.job()

    def as_model(manifest: Manifest) -> Manifest:
        folder = bare.folder / f"run-{MINE}-1"
        (folder / "model.html").write_text("<script>alert(1)</script>")
        return replace(manifest, files={"fp32": FileEntry.of(folder, "model.html")})

    bare.run(forge=as_model)
    bare.refused(job, "or a page as a model")


def test_too_few_images_leave_a_version_unverified(bare: World) -> None:
    job = bare.job()
    bare.run(forge=lambda m: replace(m, metrics={"test_top1": 1.0}))
    bare.registry.set_promotion_rule(PromotionRule(enabled=True, min_images=1))
    answer = bare.publish(job)
    assert answer.reason == (
        "Published, but not promoted: the sealed set has 0 images, the rule needs 1"
    )
    row = bare.registry.version(ModelRef("tiny", "1"))
    assert row is not None
    assert row.verified is None


@pytest.mark.parametrize(
    ("rule", "before", "refusal"),
    [
        (PromotionRule(enabled=True, min_images=SEALED, min_gain=0.5), True, None),
        (PromotionRule(enabled=True, min_images=SEALED + 1), True, "the sealed set has 21 images"),
        (PromotionRule(enabled=True, min_images=1, min_gain=0.1), False, "the rule needs 10.0% mo"),
        (PromotionRule(enabled=False), True, ""),
    ],
)
def test_only_the_rule_that_an_admin_set_promotes(
    world: World, tmp_path: Path, rule: PromotionRule, *, before: bool, refusal: str | None
) -> None:
    """``before``: whether the version in production is wrong about every image."""
    folder = write_tiny_run(tmp_path / "before", version="0", turned=before)
    order = Order("a person", NOW)
    Publisher(world.models, world.registry).publish(
        folder, read_artifact(folder), lambda: order, promote=True
    )
    world.registry.set_promotion_rule(rule)
    job = world.job()
    world.run()
    answer = world.publish(job)
    assert answer.state == "succeeded"
    if refusal is None:
        assert answer.reason is None
        assert world.registry.current() == ModelRef("tiny", "1")
        (move, *_) = world.registry.history(1).items
        assert move.by == f"training job {job.id}"
        assert str(move.reason).startswith("promotion rule: 100.0% of 21 sealed images")
    else:
        assert refusal in str(answer.reason or "")
        assert world.registry.current() == ModelRef("tiny", "0")
