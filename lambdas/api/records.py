"""A recorded prediction as the API shows it, with short-lived URLs."""

from dataclasses import dataclass

from lambdas.web.answers import fields_of
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

    def find(self, prediction_id: str) -> Prediction:
        """Raises `PredictionNotFoundError`."""
        known = ID.fullmatch(prediction_id)
        prediction = self.predictions.get(prediction_id) if known else None
        if prediction is None:
            raise PredictionNotFoundError(f"There is no prediction {prediction_id!r:.80}.")
        return prediction

    def entry(self, prediction: Prediction) -> LogEntry:
        return LogEntry(**fields_of(prediction), thumbnail_url=self._thumbnail_url(prediction))

    def detail(self, prediction: Prediction) -> PredictionDetail:
        image = prediction.image
        return PredictionDetail(
            **fields_of(prediction),
            thumbnail_url=self._thumbnail_url(prediction),
            image_url=self.images.url(image.key, image.version_id),
        )

    def _thumbnail_url(self, prediction: Prediction) -> str | None:
        key = prediction.thumbnail_key
        return None if key is None else self.images.url(key)
