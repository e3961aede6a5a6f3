"""The manifest of each version, and its tree of labels, for what its answers cover."""

from visionflow.errors import ArtifactError, ConfigError
from visionflow.models.label_tree import LabelTree
from visionflow.models.manifest import Manifest
from visionflow.models.ref import ModelRef
from visionflow.models.store import ModelStore


class Trees:
    """Reads each version's manifest once."""

    def __init__(self, models: ModelStore) -> None:
        self._models = models
        self._found: dict[ModelRef, tuple[Manifest, LabelTree]] = {}

    def read(self, model: ModelRef) -> tuple[Manifest, LabelTree]:
        """Raises `ArtifactError` where the version's files are gone, `ConfigError`."""
        if model not in self._found:
            manifest = self._models.manifest(model)
            self._found[model] = manifest, manifest.label_tree()
        return self._found[model]

    def of(self, model: ModelRef) -> LabelTree:
        """Raises as `read` does."""
        return self.read(model)[1]

    def find(self, model: ModelRef) -> LabelTree | None:
        """As `of`; None where the manifest cannot be read, which is reported where it serves."""
        try:
            return self.of(model)
        except (ArtifactError, ConfigError):
            return None
