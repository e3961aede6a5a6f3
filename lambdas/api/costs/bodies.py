"""The body of the costs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PeriodCost:
    """Of whole days (UTC), the first and the last included."""

    first_day: str
    last_day: str
    predictions: int
    usd: float


@dataclass(frozen=True)
class Costs:
    """What predictions cost, estimated from counters, measured times and a dated table of prices.

    ``today`` is for the ``predictions_today`` alone, before AWS's free tier; ``fixed_per_day`` is
    owed with or without them, after what AWS gives each account. Custom metrics are in neither:
    ``metrics_per_day`` is owed for them where each hour has predictions. ``assumptions`` says what
    the figures rest on.
    """

    currency: str
    today: float
    predictions_today: int
    per_1000: float
    fixed_per_day: float
    metrics_per_day: float
    period: PeriodCost
    assumptions: dict[str, str]
