"""Instant trainings on moto, by the real state machine: whole, killed anywhere, refused."""

import gzip
import io
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, ClassVar

import boto3
import numpy as np
import pytest
from PIL import Image

import lambdas.embed.handler
import lambdas.instant.handler
from infra.constructs.instant_training.definition import DEFINITION
from lambdas.embed.settings import EmbedSettings
from lambdas.instant.handler import train
from lambdas.instant.settings import InstantSettings
from tests.integration.conftest import Context
from tests.integration.state_machine import StateMachine
from tests.jobs import make_buckets, make_pair_table
from training.config import TrainConfig
from training.data.grouping.scene_features import Float32Array
from training.data.training_data import TrainingData
from training.evaluation.sprite_sheet import MAP_IMAGES_FILE
from training.evaluation.unknown import strangers
from training.export import gate_checks
from training.export.artifact import REPORT_FILE
from training.report import page
from training.results.report import Report
from training.stop import check_stop
from visionflow.access.budget import StageStop
from visionflow.answers.embedder import Embedder
from visionflow.datasets.changes import ClassChange, ImageChange
from visionflow.datasets.images.curation import ImageContent
from visionflow.datasets.names import content_key, parts_key, source_of
from visionflow.datasets.record import Dataset, DatasetClass, DatasetImage
from visionflow.datasets.run import InstantRun
from visionflow.datasets.run_store import RunStore
from visionflow.datasets.store import DatasetStore
from visionflow.datasets.versions import VersionStore
from visionflow.images.pipeline import UInt8Array
from visionflow.models.gate import GateLimits
from visionflow.models.manifest import MANIFEST_NAME, read_artifact
from visionflow.models.ref import ModelRef
from visionflow.models.registry import ModelRegistry
from visionflow.models.store import ModelStore
from visionflow.timestamps import new_id, timestamp

AT = datetime(2030, 1, 1, 12, tzinfo=UTC)
COLOURS = {"red": (200, 30, 30), "green": (30, 190, 40), "blue": (30, 40, 200)}
# A class of one image too. The same for most tests: what was trained on them once is copied.
COUNTS = {"red": 12, "green": 12, "blue": 1}
EMBED = EmbedSettings("datasets", "dataset-files")
QUEUE = "https://sqs.eu-central-1.amazonaws.com/123456789012/curation"
# How fast a version is depends on what else the machine does.
LIMITS = GateLimits(max_trunk_latency_ratio=100.0)
INSTANT = InstantSettings(
    "datasets",
    "dataset-files",
    "models",
    "registry",
    "audit",
    "usage",
    QUEUE,
    json.dumps(asdict(LIMITS)),
)
Task = Callable[[dict[str, Any]], Any]


class Enough(Context):
    """An invocation with all its time before it."""

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


def drawn(colour: tuple[int, int, int], seed: int) -> bytes:
    """Noise of a colour; each of another seed is another scene."""
    noise = np.random.default_rng(seed).normal(0, 40, (6, 6, 3))
    pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((64, 64), Image.Resampling.BICUBIC).save(buffer, "PNG")
    return buffer.getvalue()


TRAINED: dict[tuple[str, bool], tuple[Path, Report]] = {}
"""By the content of what was trained on, and whether reports show it: most tests train on the same
images."""


def trained(
    config: TrainConfig,
    data: TrainingData,
    embeddings: Mapping[str, Float32Array],
    out: Path,
    on_prove: Callable[[], object],
    *,
    with_images: bool,
) -> Report:
    """The function's own training; a second one of the same images is a copy of the first."""
    done = (data.sha256, with_images)
    if done not in TRAINED:
        report = train(config, data, embeddings, out, on_prove, with_images=with_images)
        kept = Path(mkdtemp()) / "model"
        shutil.copytree(out, kept)
        TRAINED[done] = (kept, report)
        return report
    kept, report = TRAINED[done]
    check_stop()
    on_prove()
    shutil.copytree(kept, out)
    manifest = replace(read_artifact(out), name=config.name, version=config.version)
    (out / MANIFEST_NAME).write_text(manifest.to_json())
    return report


class RememberingEmbedder(Embedder):
    """The trunk itself, which most tests would run on the same images."""

    known: ClassVar[dict[bytes, Float32Array]] = {}

    def embed(self, images: UInt8Array) -> Float32Array:
        key = sha256(images.tobytes()).digest()
        if key not in self.known:
            self.known[key] = super().embed(images)
        return self.known[key]


opened = cache(RememberingEmbedder)


@pytest.fixture(scope="module", autouse=True)
def _forget() -> Iterator[None]:
    yield
    for kept, _ in TRAINED.values():
        shutil.rmtree(kept.parent)
    RememberingEmbedder.known.clear()
    opened.cache_clear()


class World:
    """A dataset with its bucket, and the functions around the state machine."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for table in ("datasets", "registry", "audit", "usage"):
            make_pair_table(table)
        make_buckets("dataset-files", "models")
        for name, value in (EMBED.to_env() | INSTANT.to_env()).items():
            monkeypatch.setenv(name, value)
        for cached in (
            lambdas.embed.handler.service,
            lambdas.instant.handler.settings,
            lambdas.instant.handler.service,
            lambdas.instant.handler.audit,
        ):
            cached.cache_clear()
        monkeypatch.setattr(lambdas.instant.handler, "train", trained)
        self.renewed: list[str] = []
        monkeypatch.setattr(
            "visionflow.loop.curation_queue.CurationQueue.renew",
            lambda _queue, name: self.renewed.append(name),
        )
        for module in (lambdas.embed.handler, lambdas.instant.handler):
            monkeypatch.setattr(module, "Embedder", opened)
        # Answering them for the report is most of a training of so few images.
        monkeypatch.setattr(strangers, "IMAGES", 8)
        # Drawing plots takes longer than fitting, and each is carried from store to store.
        monkeypatch.setattr(page, "PLOTS", {})
        monkeypatch.setattr(gate_checks, "MOST_TRUNK_LATENCY", LIMITS.max_trunk_latency_ratio)
        self.s3, dynamodb = boto3.client("s3"), boto3.client("dynamodb")
        self.store, self.runs = DatasetStore("datasets", dynamodb), RunStore("datasets", dynamodb)
        self.versions = VersionStore("dataset-files", self.s3, self.store)
        self.registry = ModelRegistry("registry", dynamodb)
        self.models = ModelStore("models", self.s3)
        self.stop = StageStop("usage", dynamodb)
        self.embedded: list[str] = []
        self.tasks: dict[str, Task] = {
            "EmbedFunction": self._embed,
            "InstantFunction": lambda event: lambdas.instant.handler.lambda_handler(
                event, Enough()
            ),
        }

    def _embed(self, event: dict[str, Any]) -> Any:
        self.embedded += event["chunk"]["images"]
        return lambdas.embed.handler.lambda_handler(event, Enough())

    def fill(self, counts: Mapping[str, int], name: str = "colours") -> None:
        classes = tuple(DatasetClass(name=label) for label in counts)
        self.store.create(
            Dataset(name=name, created_at=timestamp(AT), created_by="ann", classes=classes)
        )
        for number, (label, count) in enumerate(counts.items()):
            seeds = range(1000 * number, 1000 * number + count)
            self.add(name, label, *(drawn(COLOURS[label], seed) for seed in seeds))

    def add(self, name: str, label: str, *contents: bytes) -> None:
        """Images as curation leaves them, but without their embeddings."""
        images = [
            DatasetImage(
                sha256=sha256(data).hexdigest(),
                state="ready",
                added_at=timestamp(AT),
                added_by="ann",
                source="upload",
                bytes=len(data),
                label=label,
            )
            for data in contents
        ]
        self.store.images.announce(name, images)
        for image, data in zip(images, contents, strict=True):
            self.store.curation.curated(name, image, None)
            key = content_key(name, image.sha256)
            self.s3.put_object(Bucket="dataset-files", Key=key, Body=data)

    def start(self, name: str = "colours", *, promote: bool = False) -> InstantRun:
        return self.runs.start(
            InstantRun(
                id=new_id(AT),
                dataset=name,
                version=0,
                model=name,
                state="waiting",
                started_at=timestamp(AT),
                started_by="ann",
                promote=promote,
            )
        )

    def run(self, run: InstantRun) -> InstantRun:
        """What the state machine makes of it."""
        self.machine = StateMachine(DEFINITION, self.tasks, read=self._text)
        self.machine.run({"dataset": run.dataset, "run": run.id})
        return self.runs.run(run.dataset, run.id)

    def train(self, **wanted: Any) -> InstantRun:
        return self.run(self.start(**wanted))

    def published(self) -> list[str]:
        found = self.s3.list_objects_v2(Bucket="models").get("Contents", [])
        return sorted(x["Key"] for x in found if x["Key"].endswith("manifest.json"))

    def break_once(
        self, function: str, when: Callable[[dict[str, Any]], bool], after: bool
    ) -> None:
        """Kill the first call that ``when`` is true of: before it works, or ``after`` it has."""
        task = self.tasks[function]
        broken: list[dict[str, Any]] = []

        def call(event: dict[str, Any]) -> Any:
            if broken or not when(event):
                return task(event)
            broken.append(event)
            if after:
                task(event)
            raise MemoryError("killed")

        self.tasks[function] = call

    def _text(self, bucket: str, key: str) -> str:
        assert bucket == "${DatasetsBucket}"
        answer = self.s3.get_object(Bucket="dataset-files", Key=key)
        return answer["Body"].read().decode()


@pytest.fixture
def world(aws: None, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_a_dataset_becomes_a_model_that_serves_and_leads_back_to_it(world: World) -> None:
    world.fill(COUNTS)
    run = world.train(promote=True)
    assert run.error is None
    assert (run.state, run.version, run.model_version, run.serves) == ("done", 1, "1", True)
    assert [step.name for step in run.steps] == ["freeze", "embed", "fit", "prove", "publish"]
    assert all(step.finished_at for step in run.steps)
    assert (run.steps[1].done, run.steps[1].total) == (25, 25)
    assert run.result is not None
    assert run.result.top1 >= 0.75
    model = ModelRef("colours", "1")
    assert world.registry.current() == model
    manifest = world.models.manifest(model)
    version = world.versions.version("colours", 1)
    assert manifest.config["dataset"] == {
        "name": "colours",
        "version": 1,
        "sha256": version.sha256,
    }
    assert manifest.label_names == ("blue", "green", "red")
    assert world.runs.models("colours", 1) == (model,)
    row = world.registry.version(model)
    assert row is not None
    assert row.verified is not None
    assert row.verified.top1 == run.result.top1

    # The next one embeds nothing, and makes the next version.
    world.embedded.clear()
    second = world.train()
    assert (second.model_version, second.serves, world.embedded) == ("2", False, [])


@pytest.mark.parametrize("copied", [False, True])
def test_a_report_shows_images_unless_one_was_copied_from_a_prediction(
    world: World, copied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else so few images have no map.
    monkeypatch.setattr("training.evaluation.tsne.LEAST_IMAGES", 2)
    world.fill({"red": 8, "green": 8})
    if copied:
        image = next(world.store.images.all("colours"))
        world.store.sources.came("colours", image.sha256, source_of("p1"))
    run = world.train()
    assert run.model_version is not None
    manifest = world.models.manifest(ModelRef("colours", run.model_version))
    prefix = f"models/colours/{run.model_version}"
    answer = world.s3.get_object(Bucket="models", Key=f"{prefix}/{REPORT_FILE}")
    report = Report.parse(answer["Body"].read())
    assert (report == report.without_images()) == copied
    assert (MAP_IMAGES_FILE not in {entry.path for entry in manifest.all_files()}) == copied


def test_what_measured_one_model_never_teaches_the_next_which_is_compared_with_it(
    world: World,
) -> None:
    world.fill({"red": 8, "green": 8})
    first = world.train()
    assert first.result is not None
    assert first.result.compared is None
    # Then the curation counts labels from what it learned from.
    assert world.renewed == ["colours"]
    before = _parts(world, first)
    # So many that parts drawn anew would differ, and a class that the first one lacks.
    world.store.change_classes("colours", ClassChange(action="add", name="blue"))
    for label, first_seed in (("red", 5000), ("green", 6000), ("blue", 7000)):
        seeds = range(first_seed, first_seed + 8)
        world.add("colours", label, *(drawn(COLOURS[label], seed) for seed in seeds))
    second = world.train()
    assert second.error is None
    after = _parts(world, second)
    for part, hashes in before.items():
        assert hashes <= after[part]
    assert all(len(after[part]) > len(before[part]) for part in before)

    assert second.result is not None
    compared = second.result.compared
    assert compared is not None
    assert (compared.model, compared.version) == ("colours", "1")
    blue = {i.sha256 for i in world.store.images.all("colours") if i.label == "blue"}
    assert compared.images == len(after["test"] - blue) < second.result.images
    assert compared.difference_low <= compared.after - compared.before <= compared.difference_high


def _parts(world: World, run: InstantRun) -> dict[str, set[str]]:
    answer = world.s3.get_object(Bucket="dataset-files", Key=parts_key(run.dataset, run.id))
    found = json.loads(gzip.decompress(answer["Body"].read()))
    return {part: set(hashes) for part, hashes in found.items()}


def test_look_alikes_that_came_a_moment_ago_are_grouped_before_the_version_is_named(
    world: World,
) -> None:
    world.fill(COUNTS)
    world.train()
    alone = world.versions.manifest(world.versions.version("colours", 1))
    assert {image.group for image in alone} == {None}
    world.store.due("colours", "just now")
    run = world.start()
    world.tasks["InstantFunction"]({"dataset": "colours", "run": run.id, "step": "freeze"})
    grouped = world.versions.manifest(world.versions.version("colours", 2))
    assert len({image.group for image in grouped}) < len(grouped)
    assert world.store.unexamined("colours") is None


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", ["freeze", "embed", "fit", "publish"])
def test_a_step_that_is_killed_is_done_again_and_once(world: World, step: str, after: bool) -> None:
    world.fill(COUNTS)
    if step == "embed":
        world.break_once("EmbedFunction", lambda _event: True, after)
    else:
        world.break_once("InstantFunction", lambda event: event["step"] == step, after)
    run = world.train()
    assert (run.error, run.state, run.model_version) == (None, "done", "1")
    assert world.published() == ["models/colours/1/manifest.json"]
    assert len(world.versions.versions("colours")) == 1
    contents = [
        sha256 for sha256, _ in world.store.curation.contents("colours", [*set(world.embedded)])
    ]
    assert sorted(contents) == sorted(image.sha256 for image in world.store.images.all("colours"))


@pytest.mark.parametrize("where", ["while it proves", "before the first file", "before the last"])
def test_a_step_that_is_killed_half_way_is_done_again_and_once(
    world: World, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """The step that fits proves too, and keeps the files of the artifact, its manifest last."""
    world.fill(COUNTS)
    killed: list[str] = []

    def once() -> None:
        if not killed:
            killed.append(where)
            raise MemoryError("killed")

    def dying(
        config: TrainConfig,
        data: TrainingData,
        embeddings: Mapping[str, Float32Array],
        out: Path,
        on_prove: Callable[[], object],
        *,
        with_images: bool,
    ) -> Report:
        def prove() -> None:
            on_prove()
            once()

        return trained(config, data, embeddings, out, prove, with_images=with_images)

    if where == "while it proves":
        monkeypatch.setattr(lambdas.instant.handler, "train", dying)
    else:
        last = where == "before the last"
        events = lambdas.instant.handler.service().s3.meta.events

        def put(params: dict[str, Any], **_: Any) -> None:
            if "/model/" in params["Key"] and params["Key"].endswith(MANIFEST_NAME) == last:
                once()

        events.register("provide-client-params.s3.PutObject", put)
    run = world.train()
    assert killed == [where]
    assert (run.error, run.state, run.model_version) == (None, "done", "1")
    assert [step.name for step in run.steps] == ["freeze", "embed", "fit", "prove", "publish"]
    assert world.published() == ["models/colours/1/manifest.json"]


def test_images_that_vanish_after_the_version_was_named_end_the_training(world: World) -> None:
    """Their embeddings are there, but the served form is measured on the images themselves."""
    world.fill(COUNTS)
    world.train()
    kept: dict[str, bytes] = {}
    function = world.tasks["InstantFunction"]

    def vanishing(event: dict[str, Any]) -> Any:
        answer = function(event)
        if event["step"] == "freeze":
            for image in world.store.images.all("colours"):
                key = content_key("colours", image.sha256)
                kept[key] = world.s3.get_object(Bucket="dataset-files", Key=key)["Body"].read()
                world.s3.delete_object(Bucket="dataset-files", Key=key)
        return answer

    world.tasks["InstantFunction"] = vanishing
    run = world.train()
    assert run.error is not None
    assert (run.state, run.error[0], run.model_version) == ("failed", "image_missing", None)
    assert world.published() == ["models/colours/1/manifest.json"]

    # Once they are there again, the next training makes a version.
    world.tasks["InstantFunction"] = function
    for key, data in kept.items():
        world.s3.put_object(Bucket="dataset-files", Key=key, Body=data)
    assert world.train().state == "done"


def test_images_that_lie_there_at_once_are_embedded_once_by_two_trainings(world: World) -> None:
    """The first is killed in a chunk and never goes on; the second begins anew."""
    world.fill(COUNTS)
    images = [image.sha256 for image in world.store.images.all("colours")]
    computed: list[str] = []
    embedder = lambdas.embed.handler.service()
    kept = embedder.store.curation.embedded

    def killed(name: str, sha256: str, content: ImageContent) -> bool:
        computed.append(sha256)
        if len(computed) == 10:
            raise MemoryError("killed")
        return kept(name, sha256, content)

    chunk = {"number": 0, "images": images}
    with pytest.MonkeyPatch.context() as patch, pytest.raises(MemoryError):
        patch.setattr(embedder.store.curation, "embedded", killed)
        first = world.start()
        world.tasks["InstantFunction"]({"dataset": "colours", "run": first.id, "step": "freeze"})
        world.tasks["EmbedFunction"]({"dataset": "colours", "run": first.id, "chunk": chunk})
    assert len(computed) == 10
    world.runs.fail("colours", first.id, timestamp(AT), "run_stopped", "It was stopped.")
    # What still works of it does nothing.
    stopped = world.tasks["EmbedFunction"]({"dataset": "colours", "run": first.id, "chunk": chunk})
    assert stopped == {"done": 0}

    world.embedded.clear()
    second = world.train()
    assert second.state == "done"
    # Nine were kept before the kill.
    assert sorted(world.embedded) == sorted(set(images) - set(computed[:9]))
    found = [sha256 for sha256, _ in world.store.curation.contents("colours", images)]
    assert sorted(found) == sorted(images)


@pytest.mark.parametrize("kind", ["vanished", "poison"])
def test_an_image_that_cannot_be_embedded_leaves_the_others_their_embeddings(
    world: World, kind: str
) -> None:
    world.fill(COUNTS)
    bad = next(world.store.images.all("colours")).sha256
    key = content_key("colours", bad)
    if kind == "vanished":
        world.s3.delete_object(Bucket="dataset-files", Key=key)
    else:
        world.s3.put_object(Bucket="dataset-files", Key=key, Body=b"\x89PNG not an image")
    run = world.train()
    assert run.error is not None
    assert (run.state, run.error[0]) == ("failed", "image_missing")
    assert bad in run.error[1]
    assert len(list(world.store.curation.contents("colours", world.embedded))) == 24
    left = world.store.images.image("colours", bad)
    # One that is gone may come again; that it cannot be read was seen.
    assert left.state == ("ready" if kind == "vanished" else "unreadable")
    assert (left.error is not None) == (kind == "poison")
    # The next training does without it.
    next_version = world.versions.freeze("colours", "ann", AT, None)
    assert next_version.images == (25 if kind == "vanished" else 24)


def test_a_step_that_breaks_each_time_ends_the_training_without_a_version(world: World) -> None:
    world.fill(COUNTS)
    function = world.tasks["InstantFunction"]

    def broken(event: dict[str, Any]) -> Any:
        if event["step"] == "fit":
            raise MemoryError("no memory is left")
        return function(event)

    world.tasks["InstantFunction"] = broken
    run = world.train()
    assert run.state == "failed"
    assert run.error is not None
    assert run.error[0] == "internal_error"
    assert "no memory is left" in run.error[1]
    assert world.published() == []
    assert world.runs.models("colours", 1) == ()


def test_two_trainings_at_once_make_two_versions(world: World) -> None:
    world.fill(COUNTS)
    first, second = world.start(), world.start()
    function = world.tasks["InstantFunction"]

    def interleaved(event: dict[str, Any]) -> Any:
        answer = function(event)
        if event["step"] == "freeze" and event["run"] == first.id:
            world.run(second)
        return answer

    world.tasks["InstantFunction"] = interleaved
    world.run(first)
    found = [world.runs.run("colours", run.id) for run in (first, second)]
    assert [run.state for run in found] == ["done", "done"]
    assert {run.version for run in found} == {1}
    assert {run.model_version for run in found} == {"1", "2"}
    assert len(world.published()) == 2


def test_a_dataset_that_changes_meanwhile_is_trained_as_it_was_named(world: World) -> None:
    world.fill(COUNTS)
    function = world.tasks["InstantFunction"]

    def changing(event: dict[str, Any]) -> Any:
        answer = function(event)
        if event["step"] == "freeze":
            image = next(iter(world.store.images.all("colours")))
            world.store.images.change(
                "colours", [ImageChange(sha256=image.sha256, removed=True)], "bob"
            )
            world.add("colours", "red", drawn(COLOURS["red"], 77))
        return answer

    world.tasks["InstantFunction"] = changing
    run = world.train()
    assert (run.state, run.version) == ("done", 1)
    report = world.models.manifest(ModelRef("colours", "1"))
    assert report.config["dataset"]["version"] == 1
    assert world.versions.version("colours", 1).images == 25
    assert world.versions.freeze("colours", "ann", AT, None).number == 2


@pytest.mark.parametrize(
    ("counts", "code"),
    [
        ({"red": 12}, "run_refused"),
        ({"red": 1, "green": 1}, "invalid_dataset"),
        ({}, "dataset_conflict"),
    ],
    ids=["one class", "an image each", "no image"],
)
def test_a_dataset_that_cannot_be_trained_says_why(
    world: World, counts: dict[str, int], code: str
) -> None:
    world.fill(counts)
    run = world.train()
    assert run.state == "failed"
    assert run.error is not None
    assert run.error[0] == code
    assert world.published() == []


def test_a_stage_whose_budget_is_spent_trains_nothing(world: World) -> None:
    world.fill(COUNTS)
    world.stop.stop("the budget is spent", datetime.now(UTC))
    run = world.train()
    assert run.error is not None
    assert (run.state, run.error[0]) == ("failed", "budget_stopped")
    assert world.embedded == []


def test_an_execution_that_is_stopped_ends_its_training(world: World) -> None:
    world.fill(COUNTS)
    run = world.start()
    event = {
        "detail": {
            "status": "ABORTED",
            "input": json.dumps({"dataset": "colours", "run": run.id}),
        }
    }
    for _ in range(2):
        lambdas.instant.handler.lambda_handler(event, Enough())
    ended = world.runs.run("colours", run.id)
    assert ended.error is not None
    assert (ended.state, ended.error[0]) == ("failed", "run_stopped")
    # What still works of it finds it ended, and changes nothing.
    assert world.run(run) == ended
    assert world.published() == []


def test_a_training_that_takes_too_long_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.fill(COUNTS)
    monkeypatch.setattr(Enough, "get_remaining_time_in_millis", lambda _self: 30_000)
    run = world.train()
    assert run.error is not None
    assert (run.state, run.error[0]) == ("failed", "run_too_long")
    assert world.published() == []
