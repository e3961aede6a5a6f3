"""Images of the viewer's days with what each costs: the base of all figures about images."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from lambdas.api.costs.pricing import ImagePrice, Pricing
from lambdas.api.costs.viewer_days import Days, Zone, viewer_days
from lambdas.api.settings import CostSettings
from visionflow.insights.counters import CounterStore
from visionflow.models.ref import ModelRef
from visionflow.predictions.record import Prediction

# A forecast goes on as the last whole days have been.
FORECAST_DAYS = 7


@dataclass(frozen=True)
class Priced:
    """The month so far, and the days of its forecast before it.

    A version's images cost what its functions took in these days, so what was measured a season ago
    prices nothing. Each version with images has a price, and so has the one in production.
    """

    days: Days
    pricing: Pricing
    prices: dict[ModelRef | None, ImagePrice]
    first: str
    today: str

    @classmethod
    def of(
        cls,
        counters: CounterStore,
        settings: CostSettings,
        region: str,
        latest: Sequence[Prediction],
        production: ModelRef | None,
        zone: Zone,
        now: datetime,
    ) -> Self:
        local = zone.local(now)
        begin, today = local.replace(day=1), local.date().isoformat()
        first = begin.date().isoformat()
        # Some hours of the viewer's first day are of the day before in UTC.
        since = min(begin - timedelta(days=1), local - timedelta(days=FORECAST_DAYS + 1))
        # The last day in UTC may have begun before the viewer's today.
        last = now.astimezone(UTC).date().isoformat()
        counted = counters.days(since.date().isoformat(), last)
        days = viewer_days(counted, zone, today)
        pricing = Pricing.of(settings, region, latest, sum(days.since(first).values()) / local.day)
        prices = {
            model: pricing.image(part for part in counted if part.model == model)
            for model in {production, *(model for _, model in days.images)}
        }
        return cls(days, pricing, prices, first, today)

    def usd_by_day(self) -> dict[str, float]:
        """Of each day of the month until today, without keeping the images."""
        usd = dict.fromkeys(self.days.between(self.first, self.today), 0.0)
        for (day, model), n in self.days.images.items():
            if day in usd:
                usd[day] += n * self.prices[model].usd_unkept
        return usd
