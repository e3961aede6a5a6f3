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

HEALTH_S = 10
OPENAPI_FILE = Path(__file__).parents[1] / "openapi.json"


@dataclass(frozen=True)
class Health:
    """Whether an image would be classified now, for everybody; the rest is in `ServiceStatus`."""

    status: Literal["ok", "unavailable"]


@dataclass(frozen=True)
class ServiceStatus:
    """Whether an image would be classified now, by which model, into which labels.

    ``parents``: what is directly above each label and each parent that has something above it.
    """

    status: Literal["ok", "unavailable"]
    model: ModelRef | None
    labels: tuple[str, ...]
    parents: dict[str, str]
    uptime_s: float
    reason: str | None


@dataclass
class HealthMemory:
    """The last answer to a stranger, and until when it is given again."""

    health: Health | None = None
    until: float = 0.0


@dataclass(frozen=True)
class AboutService:
    """``started_at`` is on the monotonic clock."""

    registry: ModelRegistry
    models: ModelStore
    started_at: float
    known: "HealthMemory"

    @classmethod
    def build(cls, resources: Resources) -> Self:
        return cls(resources.registry, resources.models, resources.started_at, HealthMemory())

    def description(self) -> str:
        """The OpenAPI description, JSON."""
        return OPENAPI_FILE.read_text(encoding="utf-8")

    def health(self) -> Health:
        """What `status` says first, at most `HEALTH_S` old: a flood of calls reads nothing more."""
        now = time.monotonic()
        if self.known.health is None or now >= self.known.until:
            self.known.health = Health(self.status().status)
            self.known.until = now + HEALTH_S
        return self.known.health

    def status(self) -> ServiceStatus:
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
        return ServiceStatus("ok", model, manifest.label_names, above, self._uptime(), None)

    def _unavailable(self, model: ModelRef | None, reason: str) -> ServiceStatus:
        return ServiceStatus("unavailable", model, (), {}, self._uptime(), reason)

    def _uptime(self) -> float:
        return round(time.monotonic() - self.started_at, 3)
