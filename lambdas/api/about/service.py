"""What the API says about itself: whether it is well, and its OpenAPI description."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from lambdas.api.resources import Resources
from visionflow.errors import ArtifactError, ConfigError
from visionflow.models.ref import ModelRef
from visionflow.models.registry import ModelRegistry
from visionflow.models.store import ModelStore

OPENAPI_FILE = Path(__file__).parents[1] / "openapi.json"


@dataclass(frozen=True)
class Health:
    """Whether an image would be classified now, by which model, into which labels.

    ``parents``: what is directly above each label and each parent that has something above it.
    """

    status: Literal["ok", "unavailable"]
    model: ModelRef | None
    labels: tuple[str, ...]
    parents: dict[str, str]
    uptime_s: float
    reason: str | None


@dataclass(frozen=True)
class AboutService:
    """``started_at`` is on the monotonic clock."""

    registry: ModelRegistry
    models: ModelStore
    started_at: float

    @classmethod
    def build(cls, resources: Resources) -> Self:
        return cls(resources.registry, resources.models, resources.started_at)

    def description(self) -> str:
        """The OpenAPI description, JSON."""
        return OPENAPI_FILE.read_text(encoding="utf-8")

    def health(self) -> Health:
        """Whether the promoted version is complete, without loading it."""
        model = self.registry.current()
        if model is None:
            return self._unavailable(None, "No model version is promoted yet.")
        try:
            manifest = self.models.manifest(model)
            self.models.check_served_files(manifest)
        except (ArtifactError, ConfigError) as error:
            return self._unavailable(model, str(error))
        nodes = (*manifest.labels, *manifest.parents)
        above = {node.name: node.parent for node in nodes if node.parent is not None}
        return Health("ok", model, manifest.label_names, above, self._uptime(), None)

    def _unavailable(self, model: ModelRef | None, reason: str) -> Health:
        return Health("unavailable", model, (), {}, self._uptime(), reason)

    def _uptime(self) -> float:
        return round(time.monotonic() - self.started_at, 3)
