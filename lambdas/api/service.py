"""What the API reads: records with their images, and whether the service is well."""

import time
from collections.abc import Callable

from lambdas.web.answers import Health, LogEntry, LogPage, PredictionDetail, extend
from visionflow.errors import (
    ArtifactError,
    ConfigError,
    InvalidParameterError,
    PredictionNotFoundError,
)
from visionflow.images.store import ImageStore
from visionflow.models.ref import ModelRef
from visionflow.models.registry import ModelRegistry
from visionflow.models.store import ModelStore
from visionflow.predictions.record import ID, Prediction
from visionflow.predictions.store import LogQuery, PredictionStore

DEFAULT_LIMIT = 20
MAX_LIMIT = 100


class ApiService:
    """The reading side, without HTTP."""

    def __init__(
        self,
        predictions: PredictionStore,
        images: ImageStore,
        registry: ModelRegistry,
        models: ModelStore,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._predictions = predictions
        self._images = images
        self._registry = registry
        self._models = models
        self._clock = clock
        self._started_at = clock()

    def logs(self, query: LogQuery, *, limit: int = DEFAULT_LIMIT, cursor: str | None) -> LogPage:
        """A page of the history. Raises `InvalidParameterError` or `InvalidCursorError`."""
        if not 1 <= limit <= MAX_LIMIT:
            raise InvalidParameterError(f"limit must be between 1 and {MAX_LIMIT}, found {limit}.")
        if query.since and query.until and query.since > query.until:
            raise InvalidParameterError("from must not be later than to.")
        page = self._predictions.page(query, limit, cursor)
        entries = (
            extend(LogEntry, item, thumbnail_url=self._thumbnail_url(item)) for item in page.items
        )
        return LogPage(tuple(entries), page.next_cursor)

    def prediction(self, prediction_id: str) -> PredictionDetail:
        """Raises `PredictionNotFoundError`."""
        known = ID.fullmatch(prediction_id)
        prediction = self._predictions.get(prediction_id) if known else None
        if prediction is None:
            raise PredictionNotFoundError(f"There is no prediction {prediction_id!r:.80}.")
        return extend(
            PredictionDetail,
            prediction,
            thumbnail_url=self._thumbnail_url(prediction),
            image_url=self._images.url(prediction.image.key, prediction.image.version_id),
        )

    def health(self) -> Health:
        """Whether the promoted version is complete, without loading it."""
        model = self._registry.current()
        if model is None:
            return self._unavailable(None, "No model version is promoted yet.")
        try:
            manifest = self._models.manifest(model)
            self._models.check_served_file(manifest)
        except (ArtifactError, ConfigError) as error:
            return self._unavailable(model, str(error))
        return Health("ok", model, manifest.label_names, self._uptime(), None)

    def _unavailable(self, model: ModelRef | None, reason: str) -> Health:
        return Health("unavailable", model, (), self._uptime(), reason)

    def _uptime(self) -> float:
        return round(self._clock() - self._started_at, 3)

    def _thumbnail_url(self, prediction: Prediction) -> str | None:
        key = prediction.thumbnail_key
        return None if key is None else self._images.url(key)
