"""The versions that serve, loaded: which they are comes from the registry, their files from S3."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from lambdas.aws.errors import aws_errors
from lambdas.classification.loading import Loader, Serving, count_refusal
from lambdas.telemetry.log import logger
from visionflow.errors import ArtifactError, ConfigError, ModelUnavailableError
from visionflow.models.ref import ModelRef
from visionflow.models.routing import Aliases
from visionflow.models.serving import AliasReader
from visionflow.models.store import ModelStore

# A move is followed within 15 seconds: this long, and the time to load a version.
REFRESH_S = 10.0
# How soon AWS is asked again when it did not answer.
RETRY_AWS_S = 1.0


@dataclass(frozen=True, eq=False)
class _Loaded:
    """What the registry said, and the classifiers for it; replaced as a whole, never changed."""

    aliases: Aliases
    production: Serving
    canary: Serving | None


class ActiveModel:
    """Keeps the classifiers of production and canary, and follows their aliases."""

    def __init__(
        self,
        registry: AliasReader,
        store: ModelStore,
        *,
        cache: Path,
        threads: int,
        clock: Callable[[], float] = time.monotonic,
        in_memory: Sequence[Serving] = (),
    ) -> None:
        """``in_memory`` are versions that are open already; they serve if an alias says so."""
        self._registry = registry
        self._loader = Loader(store, cache, threads, clock)
        self._clock = clock
        self._check_at = float("-inf")
        self._loaded: _Loaded | None = None
        self._opened = tuple(in_memory)
        # What answers while production fails at some images.
        self._stand_in: Serving | None = None
        # The last version that was asked for by its name and does not serve. It leaves before one
        # that does is loaded, which may need its room, and rings no alarm: nothing waits for it.
        visiting = cache.with_name(f"{cache.name}-visiting")
        self._visitors = Loader(store, visiting, threads, clock, rings=False)
        self._visitor: Serving | None = None
        self._lock = threading.Lock()

    def get(self, prediction_id: str) -> Serving:
        """The version that answers the image of this id; a move counts after `REFRESH_S`.

        To be asked once for an image. A version whose files are missing or altered, or that cannot
        run, is refused: the last good one goes on, in a new container the one before it. Raises
        `ModelUnavailableError` when there is none.
        """
        loaded = self._current()
        serving, wanted = loaded.production, loaded.aliases.chosen_for(prediction_id)
        if loaded.aliases.canary and wanted == loaded.aliases.canary.model:
            if loaded.canary is None:
                return replace(loaded.production, refused=wanted)
            serving = loaded.canary
        while self._loader.is_refused(serving.model):
            stand_in = self.stand_in(serving)
            if stand_in is None:
                break
            serving = stand_in
        return serving

    def stand_in(self, failing: Serving) -> Serving | None:
        """Who answers in the place of a version that fails: production for the canary, and for
        production the version before it. None where there is none."""
        found = failing.instead or self._before(failing.model)
        return found and replace(found, refused=failing.refused or failing.model)

    def _before(self, model: ModelRef) -> Serving | None:
        with self._lock:
            aliases = self._loaded.aliases if self._loaded else Aliases()
            served = (aliases.production, *reversed(aliases.trail))
            chain = [*dict.fromkeys(version for version in served if version)]
            for earlier in chain[chain.index(model) + 1 :] if model in chain else ():
                with suppress(ArtifactError, ConfigError):
                    self._stand_in = self._load(earlier)
                    return self._stand_in
        return None

    def refuse(self, serving: Serving, error: Exception) -> None:
        """Note that a version failed at an image. One that took too long is left alone for a while:
        the next image would wait as long."""
        if isinstance(error, TimeoutError):
            self._loader.refuse(serving.model)
        else:
            count_refusal()

    def load(self) -> tuple[Serving, ...]:
        """Have ready what the aliases point at. Raises `ModelUnavailableError`."""
        self._current()
        return tuple(self._in_memory())

    def version(self, model: ModelRef) -> Serving:
        """This version, whether it serves or not. Raises `ModelUnavailableError`."""
        with suppress(ModelUnavailableError):
            self._current()  # what serves comes first: in memory, and in time
        with self._lock:
            for known in (*self._in_memory(), self._visitor):
                if known and known.model == model:
                    return replace(known, refused=None, instead=None)
            self._dismiss_visitors(model)
            try:
                self._visitor = self._visitors.load(model)
            except (ArtifactError, ConfigError) as error:
                self._dismiss_visitors()
                raise ModelUnavailableError(
                    f"{model.name} {model.version} cannot be loaded ({error})."
                ) from error
            return self._visitor

    def _current(self) -> _Loaded:
        loaded = self._loaded
        if loaded and self._clock() < self._check_at:
            return loaded
        # One thread looks after the aliases while the others go on with what is there.
        if not self._lock.acquire(blocking=loaded is None):
            return loaded or self._current()
        try:
            if self._loaded is None or self._clock() >= self._check_at:
                self._refresh()
            if self._loaded is None:
                raise ModelUnavailableError("No model version is promoted yet.")
            return self._loaded
        finally:
            self._lock.release()

    def _refresh(self) -> None:
        now = self._clock()
        try:
            aliases = self._registry.aliases()
            if aliases.production is None:
                return
            self._loaded = self._load_all(aliases, aliases.production)
        except aws_errors():
            if self._loaded is None:
                raise
            logger.exception("aliases not refreshed")
            self._check_at = now + RETRY_AWS_S
        else:
            self._check_at = now + REFRESH_S

    def _load_all(self, aliases: Aliases, production: ModelRef) -> _Loaded:
        before = self._loaded
        if before is None or before.aliases != aliases:
            self._loader.keep_only(*aliases.in_use)
            self._dismiss_visitors()
            self._stand_in = None
        try:
            serving = self._load(production)
        except (ArtifactError, ConfigError) as error:
            last_good = self._last_good(aliases)
            if last_good is None:
                serving = self._last_resort(production, error)
            else:
                serving = replace(last_good, refused=production)
        canary = None
        if aliases.canary:
            with suppress(ArtifactError, ConfigError):
                canary = replace(self._load(aliases.canary.model), instead=serving)
        return _Loaded(aliases, serving, canary)

    def _last_good(self, aliases: Aliases) -> Serving | None:
        if self._loaded:
            return self._loaded.production
        for earlier in reversed(aliases.trail):
            with suppress(ArtifactError, ConfigError):
                return self._load(earlier)
        return None

    def _last_resort(self, production: ModelRef, error: Exception) -> Serving:
        """Nothing else can answer, so each request tries again."""
        self._loader.refused.clear()
        if self._loader.died_of(production):
            return self._loader.load(production, last_resort=True)
        raise ModelUnavailableError(
            f"{production.name} {production.version} cannot be loaded ({error})."
        ) from error

    def _load(self, model: ModelRef) -> Serving:
        """Raises `ArtifactError` or `ConfigError` for a version that cannot serve."""
        for known in self._in_memory():
            if known.model == model:
                return replace(known, refused=None, instead=None)
        if not self._loader.is_refused(model):
            self._dismiss_visitors()
        return self._loader.load(model)

    def _dismiss_visitors(self, *but: ModelRef) -> None:
        """Free their memory and their files, which lie on the same disk as those of what serves."""
        self._visitor = None
        self._visitors.keep_only(*but)

    def _in_memory(self) -> list[Serving]:
        loaded = self._loaded
        if loaded is None:
            return list(self._opened)
        return [s for s in (loaded.production, loaded.canary, self._stand_in) if s]
