"""A recorded prediction as the API shows it, with short-lived URLs."""

from dataclasses import dataclass
from typing import Self

from lambdas.api.resources import Resources
from visionflow import strict
from visionflow.errors import PredictionNotFoundError
from visionflow.images.store import ImageStore
from visionflow.predictions.record import ID, Prediction
from visionflow.predictions.store import PredictionStore


@dataclass(frozen=True)
class LogEntry(Prediction):
    """A prediction in a list. ``thumbnail_url`` is short-lived, null where no thumbnail exists."""

    thumbnail_url: str | None


@dataclass(frozen=True)
class PredictionDetail(LogEntry):
    """One prediction with short-lived URLs for its image and thumbnail."""

    image_url: str


@dataclass(frozen=True)
class Records:
    """Predictions with their images."""

    predictions: PredictionStore
    images: ImageStore

    @classmethod
    def build(cls, resources: Resources) -> Self:
        return cls(resources.predictions, resources.images)

    def find(self, prediction_id: str) -> Prediction:
        """Raises `PredictionNotFoundError`."""
        known = ID.fullmatch(prediction_id)
        prediction = self.predictions.get(prediction_id) if known else None
        if prediction is None:
            raise PredictionNotFoundError(f"There is no prediction {prediction_id!r:.80}.")
        return prediction

    def entry(self, prediction: Prediction) -> LogEntry:
        key = prediction.thumbnail_key
        url = None if key is None else self.images.url(key)
        return strict.extended(LogEntry, prediction, thumbnail_url=url)

    def detail(self, prediction: Prediction) -> PredictionDetail:
        url = self.images.url(prediction.image.key, prediction.image.version_id)
        return strict.extended(PredictionDetail, self.entry(prediction), image_url=url)
