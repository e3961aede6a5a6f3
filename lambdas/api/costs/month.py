"""What a month costs: so far, until its end, and of what."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lambdas.api.costs.priced import FORECAST_DAYS, Priced
from lambdas.api.costs.pricing import ImagePrice, Pricing
from lambdas.api.costs.storage import StorageSizes
from lambdas.api.costs.training import TrainingCost, TrainingCosts
from lambdas.api.costs.viewer_days import Zone
from lambdas.api.settings import CostSettings
from visionflow.costs.amounts import GIB, Amounts
from visionflow.costs.estimate import Estimate
from visionflow.costs.measured import Measured, measured
from visionflow.costs.prices import price_table
from visionflow.costs.served import WayTaken
from visionflow.insights.changes import WAY_BYTES
from visionflow.insights.counters import CounterStore
from visionflow.models.ref import ModelRef
from visionflow.predictions.record import Prediction
from visionflow.timestamps import timestamp

# From fewer whole days there is no forecast.
LEAST_DAYS = 3
METRICS = "metrics"


@dataclass(frozen=True)
class DayCost:
    """Images of one day of the viewer. ``utc_day``: some of them were counted before hours were,
    and are those of the day in UTC."""

    day: str
    images: int
    usd: float
    utc_day: bool


@dataclass(frozen=True)
class VersionCost:
    """Images of the month that one version answered; ``model`` is null for those that none did.

    ``usd`` is without keeping them, ``per_1000`` with it. ``ways``: the functions as they ran, by
    the way in: ``api`` is predict, ``s3`` is ingest. Empty: nothing was measured here yet, and
    ``per_1000`` rests on this release's own measurements.
    """

    model: ModelRef | None
    images: int
    usd: float
    per_1000: float
    ways: dict[str, WayTaken]


@dataclass(frozen=True)
class FixedCost:
    """Due with or without images, after what AWS gives each account; ``metrics`` for each hour that
    has some."""

    item: str
    so_far: float
    per_month: float


@dataclass(frozen=True)
class StoredCost:
    """A bucket or a table, with its indexes. ``bytes`` is null where AWS has not measured it yet;
    ``measured`` is false where it is estimated from what was counted."""

    kind: str
    place: str
    bytes: int | None
    measured: bool
    per_month: float | None


@dataclass(frozen=True)
class Forecast:
    """``usd`` at the month's end: what there is so far; images as on the mean of the last ``days``
    whole days; what is fixed and stored until then. Training is not foreseen. Null from fewer than
    ``least_days`` whole days."""

    usd: float | None
    days: int
    least_days: int
    images_per_day: float | None


@dataclass(frozen=True)
class ListPrices:
    """The prices that all figures rest on, in dollars for one of each item. ``instead_of``: the
    region of the stage, where there are no prices for it and those of ``region`` stand for them;
    else null."""

    region: str
    instead_of: str | None
    looked_up: str
    source: str
    items: Amounts
    free: Amounts


@dataclass(frozen=True)
class MonthCost:
    """A month of the viewer's calendar, in US dollars, before AWS's free tier except for what is
    fixed. AWS bills by months in UTC.

    ``images_usd``, ``fixed``, ``stored`` and ``training`` add up to ``so_far``. ``serving``: what
    1,000 images cost by the version in production, null before there is one. ``budget_usd``: at
    which AWS Budgets stops the stage, null without one. ``measured``: what was measured on which
    model for what the counters do not have.
    """

    currency: str
    month: str
    offset: int
    day: int
    days: int
    so_far: float
    forecast: Forecast
    images: int
    images_usd: float
    by_day: tuple[DayCost, ...]
    by_version: tuple[VersionCost, ...]
    serving: VersionCost | None
    fixed: tuple[FixedCost, ...]
    stored: tuple[StoredCost, ...]
    stored_so_far: float
    training: TrainingCost
    budget_usd: float | None
    retention_days: int
    prices: ListPrices
    measured: Measured
    assumptions: dict[str, str]


@dataclass(frozen=True)
class MonthCosts:
    """Puts a month together from counters, sizes and trainings."""

    counters: CounterStore
    settings: CostSettings
    region: str
    sizes: StorageSizes
    training: TrainingCosts

    def of(
        self, zone: Zone, latest: Sequence[Prediction], production: ModelRef | None, now: datetime
    ) -> MonthCost:
        local = zone.local(now)
        begin = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        length = monthrange(local.year, local.month)[1]
        passed = (local - begin) / timedelta(days=length)
        priced = Priced.of(self.counters, self.settings, self.region, latest, production, zone, now)
        by_version, prices = priced.days.since(priced.first), priced.prices
        daily = _by_day(priced)
        images_usd = sum(day.usd for day in daily)
        found = priced.pricing.estimated()
        hours = sum(n for day, n in priced.days.hours.items() if day >= priced.first)
        fixed = _fixed(found, passed, hours / (24 * length))
        stored = self._stored(priced.pricing.region, now)
        per_month = sum(part.per_month or 0.0 for part in stored)
        since = timestamp(begin.astimezone(UTC))
        training = self.training.since(since, priced.pricing.region, now)
        so_far = images_usd + passed * per_month + training.total + sum(f.so_far for f in fixed)
        return MonthCost(
            currency=found.currency,
            month=priced.first[:7],
            offset=zone.minutes,
            day=local.day,
            days=length,
            so_far=so_far,
            forecast=_forecast(so_far, priced, local, length, fixed, per_month),
            images=sum(by_version.values()),
            images_usd=images_usd,
            by_day=daily,
            by_version=_by_version(by_version, prices),
            serving=None
            if production is None
            else _version(production, by_version.get(production, 0), prices[production]),
            fixed=fixed,
            stored=stored,
            stored_so_far=passed * per_month,
            training=training,
            budget_usd=self.settings.budget_usd or None,
            retention_days=self.settings.original_retention_days,
            prices=_prices(priced.pricing),
            measured=measured(),
            assumptions=found.assumptions,
        )

    def _stored(self, region: str, now: datetime) -> tuple[StoredCost, ...]:
        prices = price_table().of(region)
        buckets, tables = self.sizes.measured(now)
        unknown = {size.place for size in buckets if size.bytes is None}
        estimate = {"images": self._kept_bytes(now)} if "images" in unknown else {}
        found = []
        for kind, sizes, price in (
            ("bucket", buckets, prices.s3_gb_months),
            ("table", tables, prices.dynamodb_gb_months),
        ):
            for size in sizes:
                known = size.bytes is not None
                amount = (
                    size.bytes if known else estimate.get(size.place) if kind == "bucket" else None
                )
                usd = None if amount is None else amount / GIB * price
                found.append(StoredCost(kind, size.place, amount, known, usd))
        return tuple(found)

    def _kept_bytes(self, now: datetime) -> int:
        """Of the originals that are kept, as counted. Thumbnails are few."""
        since = (now - timedelta(days=self.settings.original_retention_days)).date().isoformat()
        kept = self.counters.days(since, now.date().isoformat())
        return sum(part[WAY_BYTES + way] for part in kept for way in ("api", "s3"))


def _by_day(priced: Priced) -> tuple[DayCost, ...]:
    days, usd = priced.days, priced.usd_by_day()
    return tuple(
        DayCost(day, n, usd[day], day in days.by_utc_day)
        for day, n in days.between(priced.first, priced.today).items()
    )


def _by_version(
    images: dict[ModelRef | None, int], prices: dict[ModelRef | None, ImagePrice]
) -> tuple[VersionCost, ...]:
    """The most images first."""
    ordered = sorted(images.items(), key=lambda found: -found[1])
    return tuple(_version(model, n, prices[model]) for model, n in ordered)


def _version(model: ModelRef | None, images: int, price: ImagePrice) -> VersionCost:
    ways = {str(source): way for source, way in price.ways.items()}
    return VersionCost(model, images, images * price.usd_unkept, 1000 * price.usd, ways)


def _fixed(found: Estimate, passed: float, hours_share: float) -> tuple[FixedCost, ...]:
    idle = [FixedCost(item, passed * usd, usd) for item, usd in found.idle_per_month.items()]
    metrics = found.metrics_per_month
    return (*idle, FixedCost(METRICS, min(hours_share, 1.0) * metrics, metrics))


def _forecast(
    so_far: float,
    priced: Priced,
    local: datetime,
    length: int,
    fixed: tuple[FixedCost, ...],
    stored_per_month: float,
) -> Forecast:
    """By the whole days before today, from the first that had an image."""
    days, prices = priced.days, priced.prices
    whole = [
        (local - timedelta(days=back)).date().isoformat() for back in range(1, FORECAST_DAYS + 1)
    ]
    seen = min((day for day, _ in days.images), default="~")
    whole = [day for day in whole if day >= seen]
    if len(whole) < LEAST_DAYS:
        return Forecast(None, len(whole), LEAST_DAYS, None)
    within = {key: n for key, n in days.images.items() if key[0] in whole}
    usd = sum(n * prices[model].usd_unkept for (_, model), n in within.items()) / len(whole)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    left = length - local.day + 1 - (local - midnight) / timedelta(days=1)
    busy = sum(days.hours[day] for day in whole) / (24 * len(whole))
    beside = stored_per_month + sum(
        part.per_month * (busy if part.item == METRICS else 1.0) for part in fixed
    )
    total = so_far + left * usd + left / length * beside
    return Forecast(total, len(whole), LEAST_DAYS, sum(within.values()) / len(whole))


def _prices(pricing: Pricing) -> ListPrices:
    table = price_table()
    items = {name: float(usd) for name, usd in vars(table.of(pricing.region)).items()}
    free = {name: float(amount) for name, amount in table.free.items()}
    return ListPrices(
        pricing.region,
        pricing.instead_of,
        table.looked_up,
        "https://aws.amazon.com/pricing/",
        items,
        free,
    )
