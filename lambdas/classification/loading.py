"""A version from the bucket to memory: verified, opened, and tried out."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from visionflow.answers.classifier import Classifier
from visionflow.errors import ArtifactError, ConfigError
from visionflow.models.drift import Reference
from visionflow.models.ref import ModelRef
from visionflow.models.routing import Aliases
from visionflow.models.store import ModelStore, forget_all_but

# How long a version that was refused is left alone while another one can answer.
RETRY_REFUSED_S = 60.0
REFUSED_METRIC = "ModelRefused"
# One metric, whichever function refuses a version, so that one alarm covers all.
REFUSED_SERVICE = "models"

logger = Logger(child=True)


@dataclass(frozen=True, eq=False)
class Serving:
    """The version that answers one image.

    ``refused`` is the one that should have, and could not be loaded; ``instead`` can answer when
    this one fails.
    """

    model: ModelRef
    classifier: Classifier
    reference: Reference | None = None
    refused: ModelRef | None = None
    instead: "Serving | None" = None


@dataclass(frozen=True)
class Loader:
    """``cache`` is a folder that outlives a request; ``threads`` are ONNX Runtime's. ``refused``:
    until when a version is left alone that could not serve."""

    store: ModelStore
    cache: Path
    threads: int
    clock: Callable[[], float] = time.monotonic
    refused: dict[ModelRef, float] = field(default_factory=dict)

    def load(self, model: ModelRef) -> Serving:
        """Raises `ArtifactError` or `ConfigError` for a version that cannot serve; a metric counts
        those, unless it was ``refused`` before."""
        if self.clock() < self.refused.get(model, 0.0):
            raise ArtifactError(f"{model.name} {model.version} was refused a moment ago")
        try:
            manifest = self.store.manifest(model)
            folder = self.store.fetch(manifest, self.cache)
            classifier = Classifier.of_artifact(folder, manifest, self.threads)
            reference = self.store.reference(manifest)
            _try_out(classifier, reference)
        except (ArtifactError, ConfigError):
            logger.exception("version refused", extra={"version": model.version})
            with single_metric(name=REFUSED_METRIC, unit=MetricUnit.Count, value=1) as metric:
                metric.add_dimension(name="service", value=REFUSED_SERVICE)
            self.refused[model] = self.clock() + RETRY_REFUSED_S
            raise
        return Serving(model, classifier, reference)

    def keep_only(self, aliases: Aliases) -> None:
        """Make room in the cache: 512 MB are all that Lambda gives, and a container may live
        through any number of promotions."""
        forget_all_but(self.cache, aliases.in_use)


def _try_out(classifier: Classifier, reference: Reference | None) -> None:
    """Answer a grey image. Raises `ArtifactError` for a model that opens and does not run, or whose
    stored embeddings are those of another one."""
    side = classifier.manifest.input.size
    grey = np.full((1, side, side, 3), 128, np.uint8)
    try:
        with np.errstate(invalid="ignore"):
            (answer,) = classifier.classify(grey)
    except Exception as error:
        # ONNX Runtime raises classes of its own, one for each of its status codes.
        raise ArtifactError(f"the model fails on a grey image ({error})") from error
    numbers = [score.confidence for score in answer.scores]
    if answer.familiarity is not None:
        numbers.append(answer.familiarity)
    if not np.isfinite(numbers).all():
        raise ArtifactError("the model answers a grey image with numbers that are not finite")
    if reference and reference.embedding.features != len(answer.embedding):
        raise ArtifactError("the reference is of another model's embeddings")
