"""What predictions cost, from measured milliseconds and a dated table of prices.

The one function, `estimate`, stands behind ``visionflow cost``, GET /costs and the training report.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import get_args

from visionflow.costs.amounts import (
    DAYS_PER_MONTH,
    DYNAMODB_WAIT_MS,
    GIB,
    LOOKED_AT,
    MB_PER_VCPU,
    S3_WAIT_MS,
    Amounts,
    Architecture,
    Way,
    Workload,
    amounts_of,
    duration_ms,
)
from visionflow.costs.measured import Measured, measured
from visionflow.costs.prices import Prices, PriceTable, price_table
from visionflow.images.limits import DEFAULT_LIMITS

MEMORY_SIZES_MB = (1024, 1536, MB_PER_VCPU, 2048, 3008)
# Among the assumptions where the memory is not enough.
TOO_SMALL = "too_small"
# Lambda polls an empty queue with five pollers, each for 20 seconds at a time; two queues, of
# dropped images and of datasets, drive a function.
IDLE_POLLS = 2 * 5 * DAYS_PER_MONTH * 86_400 / 20
# The dashboard's first paint, compressed.
PAGE_REQUESTS = 12
PAGE_BYTES = 250_000

# Free tier of the costs that do not depend on images.
_ALLOWANCES = {
    "alarms": "alarms",
    "metrics": "metrics",
    "dashboards": "dashboards of at most 50 metrics",
    "sqs_requests": "requests of queues",
}


@dataclass(frozen=True)
class WayCost:
    """One way in. ``items`` are dollars per million images; ``duration_ms`` is a warm call's."""

    per_million: float
    items: Amounts
    duration_ms: float


@dataclass(frozen=True)
class Choice:
    """One architecture and memory size, per million images through HTTP and through S3."""

    architecture: Architecture
    memory_mb: int
    http: float
    s3: float
    duration_ms: float


@dataclass(frozen=True)
class Lever:
    """A setting that changes the bill: ``now`` and ``other`` say how it is set, ``http`` and ``s3``
    what the other way would add to a million images, or take off."""

    setting: str
    now: str
    other: str
    http: float
    s3: float


@dataclass(frozen=True)
class Estimate:
    """``idle_per_month``, by item, is due with or without images, and ``metrics_per_month`` when
    each hour of the month has images; both are after the free tier, and the months' sums include
    both. ``page_views_per_1000``: opening the dashboard so often. ``choices``: the cheapest first.
    ``levers``: what each setting saves or costs. ``assumptions``: what the figures rest on."""

    currency: str
    http: WayCost
    s3: WayCost
    idle_per_month: Amounts
    metrics_per_month: float
    month_through_http: float
    month_through_s3: float
    page_views_per_1000: float
    choices: tuple[Choice, ...]
    levers: tuple[Lever, ...]
    assumptions: dict[str, str]

    @property
    def cheapest(self) -> Choice:
        return self.choices[0]


def estimate(
    workload: Workload, measurements: Measured | None = None, table: PriceTable | None = None
) -> Estimate:
    """What ``workload`` costs, by default with this checkout's measurements and prices.

    Raises `InvalidParameterError` for a workload out of range and a region without prices.
    """
    workload.check()
    found, prices = measurements or measured(), table or price_table()
    http, s3 = (way_cost(workload, way, found, prices) for way in get_args(Way))
    idle, metrics = idle_costs(workload, found, prices), metric_costs(workload, found, prices)
    beside = sum(idle.values()) + metrics
    images = workload.per_day * DAYS_PER_MONTH / 1e6
    return Estimate(
        currency=prices.currency,
        http=http,
        s3=s3,
        idle_per_month=idle,
        metrics_per_month=metrics,
        month_through_http=images * http.per_million + beside,
        month_through_s3=images * s3.per_million + beside,
        page_views_per_1000=1000 * page_view(prices.of(workload.region)),
        choices=_choices(workload, found, prices),
        levers=_levers(workload, found, prices),
        assumptions=_assumptions(workload, found, prices),
    )


def way_cost(workload: Workload, way: Way, found: Measured, table: PriceTable) -> WayCost:
    """A month of ``workload`` through one way, without what is fixed, per million images."""
    images = workload.per_day * DAYS_PER_MONTH
    amounts = {item: amount * images for item, amount in amounts_of(workload, way, found).items()}
    prices = table.of(workload.region)
    free = _left_by_idling(table.free) if workload.free_tier else {}
    cost = bill(amounts, prices, workload.architecture, free)
    per_million = {item: dollars / images * 1e6 for item, dollars in cost.items()}
    return WayCost(sum(per_million.values()), per_million, duration_ms(workload, way, found))


def bill(
    amounts: Mapping[str, float], prices: Prices, architecture: str, free: Mapping[str, float]
) -> Amounts:
    """Dollars for a month's ``amounts``, after what is ``free``."""
    return {
        item: max(0.0, amount - free.get(item, 0)) * prices.of(item, architecture)
        for item, amount in amounts.items()
    }


def idle_costs(workload: Workload, found: Measured, table: PriceTable) -> Amounts:
    """Dollars of a month with or without requests, after the permanent free tier of each account.

    The deployment is taken to be the account's only one: a second one finds nothing left.
    """
    amounts = {
        "sqs_requests": IDLE_POLLS,
        "alarms": float(found.alarms + workload.more_alarms),
        "dashboards": 1.0,
        "keys": float(workload.keys),
        "snap_start_cache_gb_seconds": (
            workload.snap_start * workload.memory_mb / 1024 * DAYS_PER_MONTH * 86_400
        ),
    }
    return bill(amounts, table.of(workload.region), workload.architecture, table.free)


def metric_costs(workload: Workload, found: Measured, table: PriceTable) -> float:
    """Dollars of a month in which each hour has some images: a metric is paid for by the hour
    that it is sent in."""
    paid = max(0.0, found.metrics - table.free["metrics"])
    return paid * table.of(workload.region).metrics


def _left_by_idling(free: Mapping[str, float]) -> Amounts:
    return {**free, "sqs_requests": max(0.0, free["sqs_requests"] - IDLE_POLLS)}


def page_view(prices: Prices) -> float:
    """Dollars for opening the dashboard once with nothing of it in the browser's cache."""
    return PAGE_REQUESTS * prices.cloudfront_requests + PAGE_BYTES / GIB * prices.cloudfront_gb


def least_memory_mb(found: Measured) -> int:
    """What a function needs for the worker and the largest image that it takes."""
    return math.ceil((found.resident_mb * 1e6 + DEFAULT_LIMITS.max_memory) / 2**20)


def memory_sizes(found: Measured) -> tuple[int, ...]:
    """The sizes that are large enough."""
    return tuple(size for size in MEMORY_SIZES_MB if size >= least_memory_mb(found))


def _choices(workload: Workload, found: Measured, table: PriceTable) -> tuple[Choice, ...]:
    choices = []
    for architecture in get_args(Architecture):
        for memory_mb in memory_sizes(found):
            other = replace(workload, architecture=architecture, memory_mb=memory_mb)
            http, s3 = (way_cost(other, way, found, table) for way in get_args(Way))
            choices.append(
                Choice(architecture, memory_mb, http.per_million, s3.per_million, http.duration_ms)
            )
    return tuple(sorted(choices, key=lambda choice: choice.http + choice.s3))


def _levers(workload: Workload, found: Measured, table: PriceTable) -> tuple[Lever, ...]:
    """Each setting on its own, the others as they are."""
    days, share = "{} days", "{:.0%} of the images"
    switch = {False: "off", True: "on"}
    originals = 30 if workload.original_days <= 7 else 7
    records = 365 if workload.retention_days <= 30 else 30
    looked_at = 1.0 if workload.looked_at < 1 else LOOKED_AT
    architecture: Architecture = "arm64" if workload.architecture == "x86_64" else "x86_64"
    memory = 1024 if workload.memory_mb > 1024 else MB_PER_VCPU
    settings: tuple[tuple[str, Workload, str, str], ...] = (
        (
            "originals are kept",
            replace(workload, original_days=originals),
            days.format(workload.original_days),
            days.format(originals),
        ),
        (
            "records are kept",
            replace(workload, retention_days=records),
            days.format(workload.retention_days),
            days.format(records),
        ),
        (
            "thumbnails are looked at",
            replace(workload, looked_at=looked_at),
            share.format(workload.looked_at),
            share.format(looked_at),
        ),
        (
            "requests are traced",
            replace(workload, traced=not workload.traced),
            switch[workload.traced],
            switch[not workload.traced],
        ),
        (
            "architecture",
            replace(workload, architecture=architecture),
            workload.architecture,
            architecture,
        ),
        (
            "memory",
            replace(workload, memory_mb=memory),
            f"{workload.memory_mb} MB",
            f"{memory} MB",
        ),
    )
    http, s3 = (way_cost(workload, way, found, table).per_million for way in get_args(Way))
    levers = []
    for setting, other, now, then in settings:
        costs = [way_cost(other, way, found, table).per_million for way in get_args(Way)]
        levers.append(Lever(setting, now, then, costs[0] - http, costs[1] - s3))
    return tuple(levers)


def instead(found: Estimate, region: str) -> dict[str, str]:
    """The assumption about prices of an estimate that stands for a ``region`` without any."""
    return {"prices": f"{found.assumptions['prices']}; there are none for {region} here"}


def _assumptions(workload: Workload, found: Measured, table: PriceTable) -> dict[str, str]:
    least = least_memory_mb(found)
    too_small = {
        TOO_SMALL: f"{workload.memory_mb} MB do not hold the worker ({found.resident_mb:g} MB, "
        f"measured) and the largest image that it takes ({DEFAULT_LIMITS.max_memory / 1e6:g} MB): "
        f"such images would end the function; take at least {least} MB"
    }
    return {
        **(too_small if workload.memory_mb < least else {}),
        "prices": f"{workload.region}, on demand, looked up {table.looked_up}",
        "free_tier": f"{'' if workload.free_tier else 'not '}taken off the images' cost",
        "allowances": "a month has "
        + ", ".join(f"{table.free[item]:,.0f} {name}" for item, name in _ALLOWANCES.items())
        + " free in each account; this stage is taken to be its only one",
        "measured": f"{found.measured_at} on {found.hardware}, model {found.model}, warm",
        "image": f"JPEG of {workload.megapixels:g} MP, {found.at(workload.megapixels).bytes:,.0f}"
        " bytes",
        "memory": f"{workload.memory_mb} MB; {MB_PER_VCPU} MB are one vCPU, which is taken to be as"
        " fast as a core of the measured machine, on arm64 too",
        "waits": f"{S3_WAIT_MS:g} ms for a call of S3 and {DYNAMODB_WAIT_MS:g} ms for one of"
        " DynamoDB: assumed, not measured",
        "queue": "one message per invocation, as when images come singly",
        "kept": f"original for {workload.original_days} days, record for "
        f"{workload.retention_days}, log for {workload.log_days}; a file that somebody dropped into"
        " the bucket stays until somebody deletes it, for "
        f"{_original_month(workload, found, table):.2f} USD per million and month",
        "thumbnails": f"made when somebody looks at an image: {workload.looked_at:.0%}, assumed",
        "left_out": "cold starts, training, heatmaps of recorded images, counting for /stats, and "
        "events, which are sent while somebody listens",
    }


def _original_month(workload: Workload, found: Measured, table: PriceTable) -> float:
    """Dollars of a month for a million originals."""
    size = found.at(workload.megapixels).bytes
    return size / GIB * 1e6 * table.of(workload.region).s3_gb_months
