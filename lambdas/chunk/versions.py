"""The versions that a backfill classifies with, opened once for all of its chunks."""

import tempfile
from pathlib import Path

from lambdas.classification.loading import Loader, Serving
from visionflow.errors import ArtifactError, ConfigError, ModelUnavailableError
from visionflow.models.ref import ModelRef, parse_ref
from visionflow.models.store import ModelStore

# Processes in a row that die of a version before it answers anything. There is no other version to
# answer instead, and what an image does to its worker is counted by the image.
_DEATHS = 10


class Versions:
    """Keeps those of the last chunk: most chunks of a function are of one backfill."""

    def __init__(self, store: ModelStore, threads: int) -> None:
        cache = Path(tempfile.gettempdir()) / "backfill-models"
        # One that cannot be opened fails its backfill, which says so.
        self._loader = Loader(store, cache, threads, rings=False, deaths=_DEATHS)
        self._open: dict[ModelRef, Serving] = {}
        self._answered: set[ModelRef] = set()

    def opened(self, models: tuple[str, ...]) -> tuple[Serving, ...]:
        """The versions by ``name/version``. Raises `ModelUnavailableError`."""
        wanted = [parse_ref("models", text) for text in models]
        if set(self._open) - set(wanted):
            self._open = {ref: found for ref, found in self._open.items() if ref in wanted}
            self._loader.keep_only(*wanted)
        for ref in wanted:
            if ref not in self._open:
                try:
                    self._open[ref] = self._loader.load(ref)
                except (ArtifactError, ConfigError) as error:
                    raise ModelUnavailableError(
                        f"{ref.name} {ref.version} cannot be loaded ({error})."
                    ) from error
        return tuple(self._open[ref] for ref in wanted)

    def answered(self, model: ModelRef) -> None:
        """It has answered an image, so it is not what processes died of before."""
        if model not in self._answered:
            self._answered.add(model)
            self._loader.forgive(model)
