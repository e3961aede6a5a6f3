"""The bodies that the routes about model versions answer with."""

from dataclasses import dataclass
from typing import Any

from visionflow.models.manifest import Precision
from visionflow.models.ref import ModelRef
from visionflow.models.registry import Force, Retirement
from visionflow.models.routing import Alias, Aliases, Canary, Move


@dataclass(frozen=True)
class ServingAliases:
    """What each alias points at now."""

    production: ModelRef | None
    canary: Canary | None
    shadow: ModelRef | None

    @classmethod
    def of(cls, aliases: Aliases) -> "ServingAliases":
        return cls(aliases.production, aliases.canary, aliases.shadow)


@dataclass(frozen=True)
class ModelEntry:
    """A published version; ``labels`` is their number. ``gate_passed`` is false for one that was
    published by ``force``; ``retired_at`` is null for one that may serve."""

    name: str
    version: str
    created_at: str
    precision: Precision
    labels: int
    metrics: dict[str, float]
    gate_passed: bool
    force: Force | None
    retired: Retirement | None
    retired_at: str | None
    aliases: tuple[Alias, ...]


@dataclass(frozen=True)
class ModelList:
    """Every version, the latest first, and what serves."""

    items: tuple[ModelEntry, ...]
    aliases: ServingAliases


@dataclass(frozen=True)
class ModelDetail(ModelEntry):
    """One version with its manifest, the report of its run (null when there is none, or one of over
    4 MB), and short-lived URLs of its other files."""

    manifest: dict[str, Any]
    report: dict[str, Any] | None
    files: dict[str, str]


@dataclass(frozen=True)
class Moved:
    """What serves after a move."""

    aliases: ServingAliases


@dataclass(frozen=True)
class History:
    """Moves of the aliases, the latest first. A null ``next_cursor``: there is nothing older."""

    items: tuple[Move, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class Served:
    """The move by which an alias stood at a time; null when it was not yet set."""

    move: Move | None


@dataclass(frozen=True)
class Accuracy:
    """Of fed-back images, with a 95 % Wilson interval."""

    n: int
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class ComparedModel:
    """One version beside the others.

    ``n`` images it answered, and ``compared`` that it and the first version in the comparison
    both saw, one of them as the shadow; ``agreement`` is the share of those with the same label,
    ``confidence_shift`` the mean confidence above the first one's. ``p50_ms`` and ``p95_ms`` are of
    inference. ``feedback`` counts answers and shadow's answers to images that people spoke of.
    """

    name: str
    version: str
    n: int
    unknown: int
    errors: int
    compared: int
    agreement: float | None
    mean_confidence: float | None
    confidence_shift: float | None
    p50_ms: float | None
    p95_ms: float | None
    feedback: Accuracy | None


@dataclass(frozen=True)
class ModelComparison:
    """``first_day`` and ``last_day`` (UTC, inclusive) are what was counted."""

    items: tuple[ComparedModel, ...]
    first_day: str
    last_day: str
