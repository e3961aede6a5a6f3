"""The shadow's version, loaded, and followed as its alias moves."""

import time
from collections.abc import Callable
from pathlib import Path

from lambdas.classification.active_model import REFRESH_S
from lambdas.classification.loading import Loader, Serving
from visionflow.errors import ArtifactError, ConfigError
from visionflow.models.registry import ModelRegistry
from visionflow.models.routing import Aliases, Trial
from visionflow.models.store import ModelStore


class ShadowModel:
    """Keeps the classifier of the shadow. One that cannot be loaded is left out for a while."""

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
        self._loader = Loader(store, cache, threads, clock)
        self._clock = clock
        self._check_at = float("-inf")
        self._serving: Serving | None = None
        self._trial: Trial | None = None

    def get(self) -> tuple[Serving | None, Trial | None]:
        """The shadow, and the trial that its answers count for."""
        if self._clock() >= self._check_at:
            aliases = self._registry.aliases()
            self._check_at = self._clock() + REFRESH_S
            self._trial = aliases.trial
            self._serving = self._loaded(aliases)
        return self._serving, self._trial

    def refuse(self, serving: Serving) -> None:
        """Leave out a shadow that failed at an image, for a while."""
        self._loader.refuse(serving.model)
        self._serving = None

    def _loaded(self, aliases: Aliases) -> Serving | None:
        shadow = aliases.shadow
        if shadow is None:
            return None
        if self._serving and self._serving.model == shadow:
            return self._serving
        self._loader.keep_only(*aliases.in_use)
        try:
            return self._loader.load(shadow)
        except (ArtifactError, ConfigError):
            return None
