"""The body of a look at the service's health."""

from dataclasses import dataclass
from typing import Literal

from visionflow.models.ref import ModelRef


@dataclass(frozen=True)
class Health:
    """Whether an image would be classified now, by which model, into which labels."""

    status: Literal["ok", "unavailable"]
    model: ModelRef | None
    labels: tuple[str, ...]
    uptime_s: float
    reason: str | None
