"""The body of the statistics."""

from dataclasses import dataclass

from visionflow.insights.intervals import Share
from visionflow.models.drift import Drift


@dataclass(frozen=True)
class DayStats:
    """Images of one day (UTC) by status."""

    day: str
    ok: int
    unknown: int
    failed: int


@dataclass(frozen=True)
class ModelFeedback(Share):
    """How often a version was right on images with feedback, with a 95 % Wilson interval;
    ``per_label``: the same by the label that people gave."""

    per_label: dict[str, Share]


@dataclass(frozen=True)
class FeedbackStats:
    by_model: dict[str, ModelFeedback]


@dataclass(frozen=True)
class Stats:
    """Counters of whole days (UTC), of records also that have expired since.

    Versions are keys by their version alone, or as ``name version`` where two models share one.
    ``by_label`` counts the best guess of every answer, unknown ones too.
    """

    first_day: str
    last_day: str
    total: int
    by_status: dict[str, int]
    by_label: dict[str, int]
    by_model: dict[str, int]
    by_day: tuple[DayStats, ...]
    feedback: FeedbackStats
    drift: dict[str, Drift]
