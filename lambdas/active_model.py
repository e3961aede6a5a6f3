"""The promoted model, loaded: which version it is comes from the registry, its file from S3."""

import time
from collections.abc import Callable
from pathlib import Path

from aws_lambda_powertools import Logger

from visionflow.classifier import Classifier
from visionflow.errors import ArtifactError, ConfigError, ModelUnavailableError
from visionflow.model_registry import ModelRegistry
from visionflow.model_store import ModelStore
from visionflow.predictions import ModelRef

REFRESH_S = 10.0

logger = Logger(child=True)


class ActiveModel:
    """Keeps the classifier of the promoted version, and follows a promotion within `REFRESH_S`."""

    def __init__(
        self,
        registry: ModelRegistry,
        store: ModelStore,
        *,
        cache: Path,
        threads: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = registry
        self._store = store
        self._cache = cache
        self._threads = threads
        self._clock = clock
        self._checked_at = float("-inf")
        self._loaded: tuple[ModelRef, Classifier] | None = None

    def get(self) -> tuple[ModelRef, Classifier]:
        """The version that serves now.

        A promoted version whose files are missing or altered is refused, and the last good one
        goes on serving. Raises `ModelUnavailableError` when there is none to go on with.
        """
        now = self._clock()
        if self._loaded is None or now - self._checked_at >= REFRESH_S:
            self._refresh()
            self._checked_at = now
        if self._loaded is None:
            raise ModelUnavailableError("No model version is promoted yet.")
        return self._loaded

    def _refresh(self) -> None:
        promoted = self._registry.current()
        if promoted is None or (self._loaded and self._loaded[0] == promoted):
            return
        try:
            self._loaded = promoted, self._load(promoted)
        except (ArtifactError, ConfigError) as error:
            logger.exception("promoted model refused", extra={"version": promoted.version})
            if self._loaded is None:
                raise ModelUnavailableError(
                    f"{promoted.name} {promoted.version} cannot be loaded ({error})."
                ) from error

    def _load(self, model: ModelRef) -> Classifier:
        manifest = self._store.manifest(model)
        return Classifier(self._store.fetch(manifest, self._cache), manifest, self._threads)
