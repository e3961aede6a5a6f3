"""What the predictions of today, and of some days, have cost."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from lambdas import clients
from lambdas.api.resources import Resources
from lambdas.api.settings import CostSettings
from visionflow.access.budget import BudgetSettings, BudgetState, BudgetTopic, StageStop, Stop
from visionflow.access.quotas import UsageSettings
from visionflow.costs.estimate import DAYS_PER_MONTH, Estimate, Workload, estimate
from visionflow.costs.prices import DEFAULT_REGION, price_table
from visionflow.insights.counters import CounterStore
from visionflow.predictions.record import Prediction
from visionflow.predictions.store import LogQuery, PredictionStore

# The latest predictions say how large images are and which way they come.
SAMPLE = 100
TYPICAL_MEGAPIXELS = 3.0


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
    the figures rest on. ``stopped``: since when and why nothing is classified, if it is so.
    """

    currency: str
    today: float
    predictions_today: int
    per_1000: float
    fixed_per_day: float
    metrics_per_day: float
    period: PeriodCost
    assumptions: dict[str, str]
    stopped: Stop | None


@dataclass(frozen=True)
class CostService:
    """Estimates costs, and ends the stop of a spent budget."""

    counters: CounterStore
    predictions: PredictionStore
    settings: CostSettings
    region: str
    stop: StageStop
    topic: BudgetTopic

    @classmethod
    def build(cls, resources: Resources) -> Self:
        return cls(
            resources.counters,
            resources.predictions,
            CostSettings.from_env(os.environ),
            os.environ.get("AWS_REGION", DEFAULT_REGION),
            StageStop(UsageSettings.from_env(os.environ).usage_table, resources.dynamodb),
            BudgetTopic(BudgetSettings.from_env(os.environ).budget_topic, clients.sns()),
        )

    def resume(self, now: datetime) -> BudgetState:
        """Images and jobs are taken again at once; dropped images when the budget function has
        switched their queue on."""
        self.stop.resume(now)
        self.topic.send("resume")
        return BudgetState(self.stop.current(now))

    def of(self, first_day: str, last_day: str, now: datetime) -> Costs:
        today = now.date().isoformat()
        latest = self.predictions.page(LogQuery(), SAMPLE).items
        counted_today, counted = self._count(today, today), self._count(first_day, last_day)
        found = self._estimate(latest, counted_today)
        share = _share_of_http(latest)
        each = (share * found.http.per_million + (1 - share) * found.s3.per_million) / 1e6
        ways = f"{share:.0%} through HTTP, as of the latest {len(latest)}"
        return Costs(
            currency=found.currency,
            today=counted_today * each,
            predictions_today=counted_today,
            per_1000=1000 * each,
            fixed_per_day=sum(found.idle_per_month.values()) / DAYS_PER_MONTH,
            metrics_per_day=found.metrics_per_month / DAYS_PER_MONTH,
            period=PeriodCost(first_day, last_day, counted, counted * each),
            assumptions=found.assumptions | {"ways": ways},
            stopped=self.stop.current(now),
        )

    def _count(self, first_day: str, last_day: str) -> int:
        days = self.counters.days(first_day, last_day)
        return sum(sum(day.under("status.").values()) for day in days)

    def _estimate(self, latest: Sequence[Prediction], per_day: int) -> Estimate:
        region = self.region if self.region in price_table().region else DEFAULT_REGION
        return estimate(
            Workload(
                per_day=max(per_day, 1),
                megapixels=_mean_megapixels(latest),
                region=region,
                architecture="arm64" if self.settings.architecture == "arm64" else "x86_64",
                memory_mb=self.settings.predict_memory_mb,
                retention_days=self.settings.retention_days,
                snap_start=self.settings.snap_start_functions,
                keys=self.settings.keys,
                more_alarms=self.settings.more_alarms,
            )
        )


def _mean_megapixels(latest: Sequence[Prediction]) -> float:
    sizes = [
        item.image.width * item.image.height / 1e6
        for item in latest
        if item.image.width and item.image.height
    ]
    return sum(sizes) / len(sizes) if sizes else TYPICAL_MEGAPIXELS


def _share_of_http(latest: Sequence[Prediction]) -> float:
    return sum(item.source == "api" for item in latest) / len(latest) if latest else 1.0
