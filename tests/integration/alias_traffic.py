"""Mixed traffic on the functions while the alias for production moves.

The handlers, what they load, the registry and the artifacts are the real ones (on moto); images
and records go to memory, so that moto's own work does not decide the rate. A container of Lambda
handles one event at a time, so events are given to several containers in turn.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

import lambdas.ingest.handler
import lambdas.predict.handler
from lambdas.ingest.service import IngestService
from lambdas.predict.service import PredictService
from tests.images import encode, plain
from tests.integration.conftest import COUNTING, INGEST, Cloud, Context
from tests.tiny_model import write_tiny_artifact
from visionflow.images.store import StoredImage
from visionflow.models.ref import ModelRef
from visionflow.models.routing import Order
from visionflow.predictions.record import Prediction

CONTAINERS = 4
IMAGE = encode(plain("red"))
# Of every ten requests; the others look at what there is.
TURNS = (
    *("predict", "predict", "ingest", "predict", "health"),
    *("predict", "models", "predict", "history", "ingest"),
)


class Images:
    """Images in memory."""

    bucket = "images"

    def fetch(self, *_: object) -> StoredImage:
        return StoredImage(IMAGE, None)

    def write(self, *_: object) -> str:
        return "1"


@dataclass
class Records:
    """Records in memory."""

    kept: dict[str, Prediction] = field(default_factory=dict)

    def get(self, prediction_id: str) -> Prediction | None:
        return self.kept.get(prediction_id)

    def holder(self, prediction_id: str) -> str | None:
        found = self.kept.get(prediction_id)
        return None if found is None else found.object_id

    def add(self, prediction: Prediction, *_: object) -> bool:
        self.kept[prediction.id] = prediction
        return True


@dataclass
class Report:
    """``stale_s``: by how much an answer was given by a version after the move that replaced it."""

    requests: int
    seconds: float
    failed: list[str]
    answers: Counter[str]
    stale_s: float

    def __str__(self) -> str:
        return (
            f"{self.requests} requests at {self.requests / self.seconds:.0f} a second, "
            f"{len(self.failed)} failed, {self.answers.total()} answers by "
            f"{len(self.answers)} versions, the oldest {self.stale_s:.1f} s after its move"
        )


@dataclass
class Traffic:
    """Serves ``cloud`` with ``rate`` requests a second, in the order of `TURNS`."""

    cloud: Cloud
    rate: float
    records: Records = field(default_factory=Records)

    def run(self, versions: list[str], seconds_each: float, patch: pytest.MonkeyPatch) -> Report:
        """Promote each of ``versions`` in turn and go on asking for ``seconds_each``."""
        predicting, ingesting = self._containers(patch)
        replaced_at: dict[str, float] = {}
        failed: list[str] = []
        answers: Counter[str] = Counter()
        stale, number, serving = 0.0, 0, versions[0]
        start = time.monotonic()
        requests = len(versions) * round(seconds_each * self.rate)
        for number, turn in zip(range(requests), cycle(TURNS), strict=False):
            wanted = versions[int(number / (seconds_each * self.rate))]
            if wanted != serving:
                self.cloud.registry.promote(ModelRef("tiny", wanted), _order())
                replaced_at[serving], serving = time.monotonic(), wanted
            time.sleep(max(0.0, start + number / self.rate - time.monotonic()))
            next(predicting)
            next(ingesting)
            asked_at = time.monotonic()
            version, fault = self._ask(turn, number)
            if fault:
                failed.append(fault)
            if version:
                answers[version] += 1
                stale = max(stale, asked_at - replaced_at.get(version, asked_at))
        return Report(number + 1, time.monotonic() - start, failed, answers, stale)

    def _containers(self, patch: pytest.MonkeyPatch) -> tuple[Iterator[None], Iterator[None]]:
        """Each step of the iterators is another container's turn."""
        predict = [
            self._in_memory(PredictService.build(INGEST, COUNTING)) for _ in range(CONTAINERS)
        ]
        ingest = [self._in_memory(IngestService.build(INGEST, COUNTING)) for _ in range(CONTAINERS)]

        def turns(handler: Any, services: list[Any]) -> Iterator[None]:
            for service in cycle(services):
                patch.setattr(handler, "service", lambda service=service: service)
                yield

        return turns(lambdas.predict.handler, predict), turns(lambdas.ingest.handler, ingest)

    def _in_memory(self, service: Any) -> Any:
        return type(service)(
            service.active, Images(), self.records, service.retention_days, service.usage
        )

    def _ask(self, turn: str, number: int) -> tuple[str | None, str | None]:
        """The version that answered, where one did, and what went wrong, if anything."""
        ask: dict[str, Callable[[int], tuple[str | None, str | None]]] = {
            "predict": self._predict,
            "ingest": self._ingest,
        }
        return ask[turn](number) if turn in ask else self._look(turn)

    def _predict(self, _: int) -> tuple[str | None, str | None]:
        answer = self.cloud.predict(IMAGE)
        if answer.status != 200 or answer.body["refused"]:
            return None, f"predict: {answer.status} {answer.body}"
        recorded = self.records.get(answer.body["id"])
        if recorded is None or recorded.model != ModelRef(**answer.body["model"]):
            return None, f"another version is recorded than was answered: {recorded}"
        return answer.body["model"]["version"], None

    def _ingest(self, number: int) -> tuple[str | None, str | None]:
        key = f"uploads/{number}.jpg"
        obj = {"key": key, "versionId": "1", "eTag": str(number), "size": len(IMAGE)}
        record = {"s3": {"bucket": {"name": "images"}, "object": obj}}
        message = self.cloud.message({"Records": [record]})
        before = set(self.records.kept)
        answer = lambdas.ingest.handler.lambda_handler({"Records": [message]}, Context())
        if answer["batchItemFailures"]:
            return None, f"ingest: {answer}"
        (new,) = set(self.records.kept) - before
        model = self.records.kept[new].model
        return (model.version, None) if model else (None, f"ingest: {self.records.kept[new]}")

    def _look(self, turn: str) -> tuple[str | None, str | None]:
        path = {"health": "/status", "models": "/models", "history": "/models/history"}[turn]
        answer = self.cloud.call("GET", path)
        return None, None if answer.status == 200 else f"{path}: {answer.status} {answer.body}"


def publish(cloud: Cloud, folder: Path, versions: list[str]) -> None:
    """Version after version, the first in production."""
    for version in versions:
        write_tiny_artifact(folder / version, version)
        cloud.publish(folder / version, promote=version == versions[0])


def _order() -> Order:
    return Order("the traffic", datetime.now(UTC))
