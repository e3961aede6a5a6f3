"""The steps of an instant training. Each may be called again after a fault: what is done stays."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Protocol

from lambdas.instant.earlier import EarlierTrainings
from lambdas.instant.run_folder import Outcome, RunFolder
from lambdas.instant.training_set import Images, check_classes, divided, embedded
from training.config import TrainConfig
from training.data.grouping.scene_features import Float32Array
from training.data.training_data import TrainingData
from training.instant.graph import read_head
from training.results.report import Report
from training.stop import Interrupted, Stop
from visionflow.access.budget import StageStop
from visionflow.answers.embedder import Embedder
from visionflow.datasets.comparison import examine, last_learned
from visionflow.datasets.flow import FLOW_RULE
from visionflow.datasets.names import COPIED
from visionflow.datasets.record import DatasetVersion, one_series
from visionflow.datasets.run import Compared, Confusion, InstantRun, RunResult
from visionflow.datasets.run_store import RunStore
from visionflow.datasets.store import DatasetStore
from visionflow.datasets.versions import VersionStore
from visionflow.errors import BudgetStoppedError, RunTooLongError
from visionflow.loop.curation_queue import CurationQueue
from visionflow.models.gate import GateLimits, check_gate
from visionflow.models.manifest import Manifest, read_artifact
from visionflow.models.promotion_rule import Verified
from visionflow.models.publication import Published, Publisher
from visionflow.models.registry import ModelRegistry
from visionflow.models.routing import Order
from visionflow.models.store import ModelStore
from visionflow.sentences import say
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Before the function's own end: time to write down how the training ended.
MARGIN_S = 30.0
WORST = 3
_DAY_S = 86_400
# While images keep coming, the comparison begins anew so often.
_COMPARISONS = 3


class Train(Protocol):
    """Fits a head on ``embeddings``, proves it and writes its artifact into ``out``. Calls
    ``on_prove`` between the two. Reads the images of validation and test alone, and shows them in
    the report only ``with_images``."""

    def __call__(
        self,
        config: TrainConfig,
        data: TrainingData,
        embeddings: Mapping[str, Float32Array],
        out: Path,
        on_prove: Callable[[], object],
        *,
        with_images: bool,
    ) -> Report: ...


@dataclass(frozen=True)
class Frozen:
    """``missing``: how many images need an embedding, in the chunks that the object ``chunks``
    lists."""

    missing: int
    chunks: str


@dataclass(frozen=True)
class Trainings:
    """``config``: of a training that makes this version of this model."""

    runs: RunStore
    store: DatasetStore
    versions: VersionStore
    models: ModelStore
    registry: ModelRegistry
    stop: StageStop
    curation: CurationQueue
    s3: "S3Client"
    embedder: Embedder
    config: Callable[[str, str], TrainConfig]
    train: Train
    limits: GateLimits
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def freeze(self, dataset: str, run_id: str) -> Frozen:
        """Name the version of the dataset that the run trains on, and list what it lacks.

        Raises `BudgetStoppedError`, `DatasetConflictError` for a dataset without labelled images,
        `RunRefusedError` for too few classes.
        """
        run = self.runs.begin(self.runs.run(dataset, run_id), "freeze", self._now())
        stopped = self.stop.current(self.clock())
        if stopped is not None:
            raise BudgetStoppedError(
                f"This stage is stopped since {stopped.at}: {stopped.reason} It trains again when "
                "an admin resumes it, or when the month ends.",
                _DAY_S,
            )
        if run.version == 0:
            self._compare(dataset)
            frozen = self.versions.freeze(dataset, run.started_by, self.clock(), None)
            run = self.runs.name_version(run, frozen.number)
        version = self.versions.version(dataset, run.version)
        check_classes(version)
        hashes = [image.sha256 for image in self.versions.manifest(version)]
        known = {
            sha256
            for sha256, content in self.store.curation.contents(dataset, hashes)
            if content.trunk == self.embedder.trunk
        }
        missing = [sha256 for sha256 in hashes if sha256 not in known]
        chunks = self._folder(run).put_missing(missing)
        self.runs.end_step(run, "freeze", self._now())
        if missing:
            self.runs.begin(run, "embed", self._now(), len(missing))
        return Frozen(len(missing), chunks)

    def _compare(self, dataset: str) -> None:
        """Group images that came a moment ago, before curation does: look-alikes must not lie on
        both sides of the test."""
        for _ in range(_COMPARISONS):
            token = self.store.unexamined(dataset)
            if token is None:
                return
            learned = last_learned(self.runs, self.versions, dataset)
            if examine(self.store, dataset, self.embedder.trunk, token, learned):
                return

    def fit(self, dataset: str, run_id: str, work: Path, seconds: float) -> None:
        """Train and prove by way of the empty folder ``work``, within ``seconds``.

        Raises `MissingImageError`, `RunRefusedError`, `TrainingError` and `GateError` for what no
        second try can change.
        """
        run = self.runs.run(dataset, run_id)
        if any(step.name == "embed" for step in run.steps):
            run = self.runs.end_step(run, "embed", self._now())
        run = self.runs.begin(run, "fit", self._now())
        folder = self._folder(run)
        if not folder.has_model():
            version = self.versions.version(dataset, run.version)
            with _within(seconds):
                report, compared = self._proven(run, version, work)
            manifest = self._manifest(work / "model", version)
            fewest = min((count for count in report.data.validation.per_class if count), default=1)
            check_gate(manifest, self.limits, 1 / fewest)
            series = one_series(self.versions.manifest(version))
            result = replace(_result(report, series), compared=compared)
            outcome = Outcome(result, report.data.test.sha256)
            folder.put_model(work / "model", manifest, outcome)
        self._prove(run)
        self.runs.end_step(run, "prove", self._now())

    def publish(self, dataset: str, run_id: str, work: Path) -> Published:
        """Publish what was proven by way of the empty folder ``work``; let it serve where that was
        asked for.

        Raises what `Publisher.publish` raises.
        """
        run = self.runs.begin(self.runs.run(dataset, run_id), "publish", self._now())
        manifest, outcome = self._folder(run).fetch_model(work)
        result = outcome.result
        reason = say("instant_training", run=run.id, version=run.version, dataset=dataset)
        order = Order(run.started_by, self.clock(), reason)
        published = Publisher(self.models, self.registry).publish(
            work,
            manifest,
            lambda: order,
            promote=run.promote,
            # Measured by the control plane itself, on images that nothing was fitted to.
            verified=Verified(
                images=result.images,
                top1=result.top1,
                interval=(result.top1_low, result.top1_high),
                agreement=None,
                sealed=outcome.tested,
                at=manifest.created_at,
            ),
        )
        run = self.runs.end_step(run, "publish", self._now())
        # Then labels are counted from the version that it learned from. Asked for before the end,
        # some seconds ahead: a step that was cut off after it is not done again.
        self.curation.renew(dataset)
        self.runs.finish(run, self._now(), manifest.version, result, serves=published.serves)
        return published

    def fail(self, dataset: str, run_id: str, code: str, sentence: str) -> InstantRun:
        """The training ends; one that has ended stays as it is."""
        return self.runs.fail(dataset, run_id, self._now(), code, sentence)

    def _proven(
        self, run: InstantRun, version: DatasetVersion, work: Path
    ) -> tuple[Report, Compared | None]:
        earlier = EarlierTrainings(
            self.runs, self.models, self.versions.bucket, self.s3, self.embedder.trunk
        )
        last = earlier.last(run.dataset)
        config = self.config(run.model, self._free_name(run))
        root, out = work / "images", work / "model"
        images = self.versions.manifest(version)
        held = last.parts if last else {}
        data = divided(images, config, root, held)
        earlier.keep(run, data, held)
        embeddings = embedded(
            data, self.store, version, self.embedder.trunk, self.embedder.features
        )
        Images(self.versions.bucket, self.s3).fetch(data.splits, version)
        test = embeddings["test"][:, 0]
        # Whoever erases a prediction could not reach the copies of its image in a model's files.
        copied = any(image.source.startswith(COPIED) for image in images)
        report = self.train(
            config, data, embeddings, out, lambda: self._prove(run), with_images=not copied
        )
        # What serves may be older than the last; of the images it learned from none is compared.
        other = earlier.last(run.dataset, self.registry.current())
        own = read_head((out / read_artifact(out).served_file.path).read_bytes())
        ruled = {image.sha256 for image in images if image.added_by == FLOW_RULE}
        compared = earlier.compare(other, own, data, test, ruled) if other else None
        return report, compared

    def _free_name(self, run: InstantRun) -> str:
        """The version of the model that the run makes: the next number that is free."""
        taken = self.runs.names_taken(run.model)
        for version, holder in taken.items():
            if holder == run.id:
                return version
        published = {row.version for row in self.registry.versions() if row.name == run.model}
        numbers = [int(name) for name in {*taken, *published} if name.isdecimal()]
        number = max(numbers, default=0) + 1
        while not self.runs.take_name(run, str(number)):
            number += 1
        return str(number)

    def _manifest(self, folder: Path, version: DatasetVersion) -> Manifest:
        manifest = read_artifact(folder)
        return replace(manifest, config={**manifest.config, "dataset": version.source})

    def _prove(self, run: InstantRun) -> None:
        self.runs.end_step(run, "fit", self._now())
        self.runs.begin(run, "prove", self._now())

    def _folder(self, run: InstantRun) -> RunFolder:
        return RunFolder(run, self.versions.bucket, self.s3)

    def _now(self) -> str:
        return timestamp(self.clock())


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Ask the work in the block to end before ``seconds`` are over; it ends where nothing is half
    done. Raises `RunTooLongError` then."""
    stop, begun = Stop(), time.monotonic()
    timer = Timer(max(0.0, seconds - MARGIN_S), stop.request, ["Its time is over."])
    timer.daemon = True
    timer.start()
    try:
        with stop.heeded():
            yield
    except Interrupted as error:
        raise RunTooLongError(
            f"The training was ended after {time.monotonic() - begun:.0f} s, the most that a "
            "function may take. Train on fewer images, or on a rented machine."
        ) from error
    finally:
        timer.cancel()


def _result(report: Report, series: tuple[str, ...]) -> RunResult:
    test = report.test
    return RunResult(
        top1=test.top1,
        top1_low=test.top1_interval.low,
        top1_high=test.top1_interval.high,
        images=test.images,
        groups=test.groups,
        worst=tuple(
            Confusion(label=pair.truth, answered=pair.answer, count=pair.images)
            for pair in test.most_confused[:WORST]
        ),
        curve=report.curve,
        series=series,
    )
