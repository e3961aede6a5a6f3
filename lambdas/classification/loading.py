"""A version from the bucket to memory: verified, opened, and tried out."""

import os
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from lambdas.classification.at_work import DEATHS, AtWork, deaths, forget_deaths
from lambdas.telemetry.log import logger
from lambdas.telemetry.metrics import emit
from visionflow.answers.caps import ANSWER_S, FUNCTION_MB, within
from visionflow.answers.classifier import Classification, Classifier
from visionflow.answers.tryout import open_version
from visionflow.errors import ArtifactError, ConfigError
from visionflow.images.pixels import UInt8Array
from visionflow.models.drift import Reference
from visionflow.models.manifest import Manifest
from visionflow.models.ref import ModelRef
from visionflow.models.store import ModelStore, forget_all_but

# How long a version that was refused is left alone while another one can answer.
RETRY_REFUSED_S = 60.0
REFUSED_METRIC = "ModelRefused"
# One metric, whichever function refuses a version, so that one alarm covers all.
REFUSED_SERVICE = "models"


@dataclass(frozen=True, eq=False)
class Serving:
    """The version that answers one image.

    ``refused`` is the one that should have, and could not; ``instead`` can answer when this one
    fails. ``at_work`` notes that it is at work, None where no process can die of it.
    """

    model: ModelRef
    classifier: Classifier
    reference: Reference | None = None
    refused: ModelRef | None = None
    instead: "Serving | None" = None
    at_work: AtWork | None = None

    def answer(self, image: UInt8Array) -> Classification:
        """For uint8 [size, size, 3]. Raises `TimeoutError` where the version takes too long, and
        whatever it raises itself."""
        work = partial(self._classify, image[None])
        (found,) = within(ANSWER_S, work, memory_mb=function_mb(), stop=self.classifier.stop)
        return found

    def _classify(self, batch: UInt8Array) -> list[Classification]:
        # In the thread that is not waited for, which may still kill the process later.
        with self.at_work.noted() if self.at_work else nullcontext():
            return self.classifier.classify(batch)


@dataclass(frozen=True)
class Loader:
    """``cache`` is a folder that outlives a request; ``threads`` are ONNX Runtime's. ``refused``:
    until when a version is left alone that could not serve; ``rings``: which the alarm tells;
    ``deaths``: how many processes must have died of a version for it to be refused."""

    store: ModelStore
    cache: Path
    threads: int
    clock: Callable[[], float] = time.monotonic
    refused: dict[ModelRef, float] = field(default_factory=dict)
    rings: bool = True
    deaths: int = DEATHS

    def load(self, model: ModelRef, *, last_resort: bool = False) -> Serving:
        """Raises `ArtifactError` or `ConfigError` for a version that cannot serve; a metric counts
        those if this loader ``rings``, unless it was refused before. The ``last_resort`` is tried
        although processes died of it."""
        if self.is_refused(model):
            raise ArtifactError(f"{model.name} {model.version} was refused a moment ago")
        try:
            if not last_resort and self.died_of(model):
                raise ArtifactError("processes died while it was at work")
            return self._open(model, self.store.manifest(model))
        except (ArtifactError, ConfigError):
            logger.exception("version refused", extra={"model": model.text})
            self.refuse(model)
            raise

    def _open(self, model: ModelRef, manifest: Manifest) -> Serving:
        folder = self.store.fetch(manifest, self.cache)
        reference = self.store.reference(manifest)
        try:
            at_work = AtWork(self._notes, model)
        except OSError as error:
            raise ArtifactError(f"{self._notes}: cannot be written ({error.strerror})") from error
        with at_work.noted():
            classifier = open_version(folder, manifest, reference, self.threads, function_mb())
        return Serving(model, classifier, reference, at_work=at_work)

    @property
    def _notes(self) -> Path:
        return self.cache.with_name(f"{self.cache.name}-at-work")

    def died_of(self, model: ModelRef) -> bool:
        """Whether processes of this container died of it."""
        return deaths(self._notes, model) >= self.deaths

    def forgive(self, model: ModelRef) -> None:
        """Forget the processes that died of it: it answers."""
        forget_deaths(self._notes, model)

    def is_refused(self, model: ModelRef) -> bool:
        return self.clock() < self.refused.get(model, float("-inf"))

    def refuse(self, model: ModelRef) -> None:
        """Leave a version alone for a while."""
        self.refused[model] = self.clock() + RETRY_REFUSED_S
        if self.rings:
            count_refusal()

    def keep_only(self, *models: ModelRef) -> None:
        """Make room in the cache: 512 MB are all that Lambda gives, and a container may live
        through any number of promotions."""
        forget_all_but(self.cache, models)


def count_refusal() -> None:
    """Ring the alarm about versions that cannot serve."""
    emit({REFUSED_METRIC: "Count"}, {REFUSED_METRIC: [1.0]}, {"service": REFUSED_SERVICE})


def function_mb() -> int:
    """The memory of this function, which Lambda says."""
    return int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", FUNCTION_MB))
