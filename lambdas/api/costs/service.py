"""What the predictions of today, and of some days, have cost; what a month costs in all."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from lambdas import clients
from lambdas.api.costs.month import MonthCost, MonthCosts
from lambdas.api.costs.priced import Priced
from lambdas.api.costs.storage import StorageSizes
from lambdas.api.costs.training import TrainingCosts
from lambdas.api.costs.viewer_days import Zone
from lambdas.api.resources import Resources
from lambdas.api.settings import CostSettings
from visionflow.access.budget import BudgetSettings, BudgetState, BudgetTopic, StageStop, Stop
from visionflow.access.caller import Caller
from visionflow.access.usage import UsageSettings
from visionflow.costs.amounts import DAYS_PER_MONTH
from visionflow.costs.prices import DEFAULT_REGION
from visionflow.datasets.run_store import RunStore
from visionflow.insights.changes import UNSENT
from visionflow.insights.counters import CounterStore
from visionflow.jobs.settings import JobControlSettings
from visionflow.jobs.store import JobStore
from visionflow.models.registry import ModelRegistry
from visionflow.predictions.record import Prediction
from visionflow.predictions.store import LogQuery, PredictionStore

# The latest predictions say how large images are and which way they come.
SAMPLE = 100


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

    ``today`` is for the ``predictions_today`` alone, before AWS's free tier, of the viewer's day;
    ``per_1000`` of what serves, by what it took this month and in the last week, as in the costs of
    the month. ``fixed_per_day`` is
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
    registry: ModelRegistry
    settings: CostSettings
    region: str
    stop: StageStop
    topic: BudgetTopic
    months: MonthCosts
    admins_only: bool

    @classmethod
    def build(cls, resources: Resources) -> Self:
        settings = CostSettings.from_env(os.environ)
        control = JobControlSettings.from_env(os.environ)
        usage = UsageSettings.from_env(os.environ).usage_table
        region = os.environ.get("AWS_REGION", DEFAULT_REGION)
        return cls(
            resources.counters,
            resources.predictions,
            resources.registry,
            settings,
            region,
            StageStop(usage, resources.dynamodb),
            BudgetTopic(BudgetSettings.from_env(os.environ).budget_topic, clients.sns()),
            MonthCosts(
                resources.counters,
                settings,
                region,
                _sizes(resources, control),
                TrainingCosts(
                    JobStore(control.jobs_table, resources.dynamodb),
                    resources.datasets,
                    RunStore(resources.datasets_table, resources.dynamodb),
                    settings.architecture,
                ),
            ),
            bool(resources.settings.own_records),
        )

    def resume(self, now: datetime) -> BudgetState:
        """Images and jobs are taken again at once; dropped images when the budget function has
        switched their queue on."""
        self.stop.resume(now)
        self.topic.send("resume")
        return BudgetState(self.stop.current(now))

    def of(self, first_day: str, last_day: str, zone: Zone, now: datetime) -> Costs:
        latest = self._latest()
        production = self.registry.current()
        priced = Priced.of(self.counters, self.settings, self.region, latest, production, zone, now)
        today, counted = priced.days.since(priced.today), self._count(first_day, last_day)
        pricing, serving = priced.pricing, priced.prices[production]
        found = pricing.estimated()
        ways = f"{pricing.share_of_http:.0%} through HTTP, as of the latest {len(latest)}"
        return Costs(
            currency=found.currency,
            today=sum(n * priced.prices[model].usd for model, n in today.items()),
            predictions_today=sum(today.values()),
            per_1000=1000 * serving.usd,
            fixed_per_day=sum(found.idle_per_month.values()) / DAYS_PER_MONTH,
            metrics_per_day=found.metrics_per_month / DAYS_PER_MONTH,
            period=PeriodCost(first_day, last_day, counted, counted * serving.usd),
            assumptions=found.assumptions | {"ways": ways},
            stopped=self.stop.current(now),
        )

    def month(self, zone: Zone, caller: Caller, now: datetime) -> MonthCost:
        """The month of the viewer's calendar so far, and what it will come to. Where each caller
        sees only their own records, sums by day and version are for admins. Raises
        `ForbiddenError`."""
        if self.admins_only:
            caller.require("admin")
        return self.months.of(zone, self._latest(), self.registry.current(), now)

    def _latest(self) -> Sequence[Prediction]:
        """Without what a device answered and sent no image of: it took no function."""
        found = self.predictions.page(LogQuery(), SAMPLE).items
        return [prediction for prediction in found if prediction.has_image]

    def _count(self, first_day: str, last_day: str) -> int:
        days = self.counters.days(first_day, last_day)
        return sum(sum(day.under("status.").values()) - max(day[UNSENT], 0) for day in days)


def _sizes(resources: Resources, control: JobControlSettings) -> StorageSizes:
    names = resources.settings
    buckets = {
        "images": names.images_bucket,
        "models": names.models_bucket,
        "datasets": control.datasets_bucket,
        "jobs": control.jobs_bucket,
    }
    tables = {
        "predictions": names.predictions_table,
        "insights": names.insights_table,
        "datasets": resources.datasets_table,
    }
    return StorageSizes(buckets, tables, clients.cloudwatch(), resources.dynamodb)
