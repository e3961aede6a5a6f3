import time
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from lambdas.classification.active_model import ActiveModel
from lambdas.classification.loading import Serving
from lambdas.classification.service import ClassificationService
from lambdas.telemetry.stopwatch import FAILED_ATTEMPT, Stopwatch
from tests.images import encode, plain
from tests.tiny_model import write_tiny_artifact
from visionflow.access.usage import UsageStore
from visionflow.answers.classifier import Classification, Classifier
from visionflow.errors import ModelUnavailableError
from visionflow.images.store import ImageStore
from visionflow.models.manifest import read_artifact
from visionflow.models.ref import ModelRef
from visionflow.predictions.store import PredictionStore

SLOW_S = 0.2


class Failing(Classifier):
    """Takes its time and fails."""

    def classify(self, images: np.ndarray) -> list[Classification]:
        time.sleep(SLOW_S)
        raise RuntimeError("the graph fails at this image")


class Alone(ActiveModel):
    """Knows no version but those that it is asked about."""

    def __init__(self) -> None:
        self.failures: list[tuple[str, Exception]] = []

    def refuse(self, serving: Serving, error: Exception) -> None:
        self.failures.append((serving.model.version, error))

    def _before(self, model: ModelRef) -> Serving | None:
        return None


@pytest.fixture
def service() -> ClassificationService:
    # No store is touched before there is an answer.
    return ClassificationService(
        Alone(), cast(ImageStore, None), cast(PredictionStore, None), 1, cast(UsageStore, None)
    )


def serving(
    folder: Path, version: str, kind: type[Classifier] = Classifier, instead: Serving | None = None
) -> Serving:
    write_tiny_artifact(folder / version, version)
    manifest = read_artifact(folder / version)
    classifier = kind(folder / version / manifest.served_file.path, manifest, 1)
    return Serving(ModelRef("tiny", version), classifier, instead=instead)


def test_a_failed_attempt_keeps_its_own_time(
    service: ClassificationService, tmp_path: Path
) -> None:
    canary = serving(tmp_path, "2", Failing, instead=serving(tmp_path, "1"))
    stopwatch = Stopwatch()
    start = time.perf_counter()
    answer = service.classify(encode(plain("red")), stopwatch, canary)
    wall_ms = (time.perf_counter() - start) * 1000
    assert (answer.model.version, answer.refused) == ("1", ModelRef("tiny", "2"))
    assert list(stopwatch.timings) == [FAILED_ATTEMPT, "decode", "prepare", "infer"]
    assert stopwatch.timings[FAILED_ATTEMPT] >= SLOW_S * 1000
    total = sum(stopwatch.timings.values())
    assert SLOW_S * 1000 < total <= wall_ms + 1
    assert stopwatch.timings["infer"] < total - SLOW_S * 1000


def test_a_version_without_a_stand_in_fails(service: ClassificationService, tmp_path: Path) -> None:
    stopwatch = Stopwatch()
    with pytest.raises(ModelUnavailableError, match="tiny 2 fails at this image"):
        service.classify(encode(plain("red")), stopwatch, serving(tmp_path, "2", Failing))
    assert list(stopwatch.timings) == ["decode", "prepare", "infer"]
