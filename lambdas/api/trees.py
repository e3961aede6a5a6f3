"""The tree of labels of each version, for what its answers cover."""

from visionflow.errors import ArtifactError, ConfigError
from visionflow.models.label_tree import LabelTree
from visionflow.models.ref import ModelRef
from visionflow.models.store import ModelStore


class Trees:
    """Reads each version's manifest once."""

    def __init__(self, models: ModelStore) -> None:
        self._models = models
        self._trees: dict[ModelRef, LabelTree] = {}

    def of(self, model: ModelRef) -> LabelTree:
        """Raises `ArtifactError` where the version's files are gone, `ConfigError`."""
        if model not in self._trees:
            self._trees[model] = self._models.manifest(model).label_tree()
        return self._trees[model]

    def find(self, model: ModelRef) -> LabelTree | None:
        """As `of`; None where the manifest cannot be read, which is reported where it serves."""
        try:
            return self.of(model)
        except (ArtifactError, ConfigError):
            return None
