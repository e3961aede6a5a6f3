"""What predictions cost, from measured milliseconds and a dated table of prices.

The one function, `estimate`, stands behind ``visionflow cost``, GET /costs and the training report.

Lambda gives a function a share of a vCPU in proportion to its memory, one whole vCPU at 1,769 MB
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html). The serving path is taken
as one thread: below that size it takes longer in the same proportion and costs the same, above it
nothing gets faster. What is waited for (S3, DynamoDB) takes as long at any size, so it is cheapest
at the smallest one that holds the largest image.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from visionflow.costs.measured import Measured, measured
from visionflow.costs.prices import DEFAULT_REGION, Prices, PriceTable, price_table
from visionflow.errors import InvalidParameterError
from visionflow.images.limits import DEFAULT_LIMITS
from visionflow.images.uploads import MAX_DIRECT_BYTES
from visionflow.predictions.store import INDEXES

Architecture = Literal["x86_64", "arm64"]
Way = Literal["http", "s3"]
Amounts = dict[str, float]

# Of a Lambda: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MB_PER_VCPU = 1769
MEMORY_SIZES_MB = (1024, 1536, MB_PER_VCPU, 2048, 3008)
DAYS_PER_MONTH = 30
# Among the assumptions where the memory is not enough.
TOO_SMALL = "too_small"
GIB = 2**30

HTTP_API_CHUNK = 512 * 1024
WRITE_UNIT = 1024
# "by_status" has a row only for an image that was not recognised, and "by_feedback" for one that
# people judged: few are.
INDEX_WRITES = len(INDEXES) - 2
# A large image: a request for its form, then on average two for its answer.
FORM_CALLS = 3
FORM_CALL_GB_SECONDS = 0.5 * 0.02
# A request is counted in the row of its caller and in that of the stage.
COUNTED_ROWS = 2
# A message is sent by S3, received and deleted.
QUEUE_REQUESTS = 3
# Lambda polls an empty queue with five pollers, each for 20 seconds at a time; two queues, of
# dropped images and of datasets, drive a function.
IDLE_POLLS = 2 * 5 * DAYS_PER_MONTH * 86_400 / 20
# X-Ray records the first request of each second, and a twentieth of the others.
TRACED_SHARE = 0.05
ANSWER_BYTES = 2_000
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
# Neither is measured: nothing of this project has run on AWS.
S3_WAIT_MS = 30.0
DYNAMODB_WAIT_MS = 6.0


@dataclass(frozen=True)
class Workload:
    """What to estimate. ``megapixels`` of a JPEG; ``memory_mb`` of the classifying functions.

    ``retention_days``: for how long an image and its record are kept and paid for. ``free_tier``:
    subtract AWS's monthly free tier from the images' cost. Beyond the default a stage may have
    ``snap_start`` (the number of functions with a snapshot), ``keys`` of encryption, and
    ``more_alarms``.
    """

    per_day: float
    megapixels: float
    region: str = DEFAULT_REGION
    architecture: Architecture = "x86_64"
    memory_mb: int = MB_PER_VCPU
    retention_days: int = 30
    free_tier: bool = False
    snap_start: int = 0
    keys: int = 0
    more_alarms: int = 0

    def check(self) -> None:
        """Raise `InvalidParameterError` for a number out of its range."""
        if not (math.isfinite(self.per_day) and self.per_day > 0):
            raise InvalidParameterError("the number of images per day must be above 0.")
        if not 0 < self.megapixels <= 1000:
            raise InvalidParameterError("megapixels must be above 0 and at most 1,000.")
        if not 128 <= self.memory_mb <= 10_240:
            raise InvalidParameterError("memory must lie between 128 and 10,240 MB.")
        if self.retention_days < 1:
            raise InvalidParameterError("days must be at least 1.")
        if self.architecture not in get_args(Architecture):
            raise InvalidParameterError(f"there is no architecture {self.architecture!r:.20}.")


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
class Estimate:
    """``idle_per_month``, by item, is due with or without images, and ``metrics_per_month`` when
    each hour of the month has images; both are after the free tier, and the months' sums include
    both. ``page_views_per_1000``: opening the dashboard so often. ``choices``: the cheapest first.
    ``assumptions``: what the figures rest on."""

    currency: str
    http: WayCost
    s3: WayCost
    idle_per_month: Amounts
    metrics_per_month: float
    month_through_http: float
    month_through_s3: float
    page_views_per_1000: float
    choices: tuple[Choice, ...]
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
        assumptions=_assumptions(workload, found, prices),
    )


def way_cost(workload: Workload, way: Way, found: Measured, table: PriceTable) -> WayCost:
    """A month of ``workload`` through one way, without what is fixed, per million images."""
    images = workload.per_day * DAYS_PER_MONTH
    amounts = {item: amount * images for item, amount in amounts_of(workload, way, found).items()}
    amounts["traces"] = traces(workload.per_day)
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


def amounts_of(workload: Workload, way: Way, found: Measured) -> Amounts:
    """What one image takes of each item."""
    size = found.at(workload.megapixels).bytes
    life = workload.retention_days / DAYS_PER_MONTH
    units = math.ceil(found.record_bytes / WRITE_UNIT)
    seconds = duration_ms(workload, way, found) / 1000
    amounts = {
        "lambda_requests": 1.0,
        "lambda_gb_seconds": seconds * workload.memory_mb / 1024,
        "s3_puts": 2.0,  # the image and its thumbnail
        "s3_gb_months": (size + found.thumbnail_bytes) / GIB * life,
        "dynamodb_write_units": float(units * (1 + INDEX_WRITES)),
        "dynamodb_gb_months": found.record_bytes * (1 + INDEX_WRITES) / GIB * life,
        "logs_gb": found.log_bytes / GIB,
        "logs_gb_months": found.log_bytes / GIB * life,
    }
    if way == "http" and size <= MAX_DIRECT_BYTES:
        amounts["http_api_requests"] = float(math.ceil(size / HTTP_API_CHUNK))
        amounts["transfer_out_gb"] = ANSWER_BYTES / GIB
        amounts["dynamodb_write_units"] += COUNTED_ROWS
        return amounts
    amounts["s3_gets"] = 1.0
    amounts["sqs_requests"] = float(QUEUE_REQUESTS)
    amounts["dynamodb_read_units"] = 1.0  # whether there is a record already
    if way == "s3":
        amounts["dynamodb_write_units"] += 1  # nobody is known to the API
    else:
        amounts["dynamodb_write_units"] += FORM_CALLS * COUNTED_ROWS
        amounts["http_api_requests"] = float(FORM_CALLS)
        amounts["transfer_out_gb"] = FORM_CALLS * ANSWER_BYTES / GIB
        amounts["lambda_requests"] += FORM_CALLS
        amounts["lambda_gb_seconds"] += FORM_CALLS * FORM_CALL_GB_SECONDS
    return amounts


def duration_ms(workload: Workload, way: Way, found: Measured) -> float:
    """Of a warm invocation for one image: its own work at the memory's share of a vCPU, and the
    calls that it waits for one after the other."""
    at = found.at(workload.megapixels)
    direct = way == "http" and at.bytes <= MAX_DIRECT_BYTES
    own = (at.http_ms if direct else at.s3_ms) / min(1.0, workload.memory_mb / MB_PER_VCPU)
    s3_calls, table_calls = (2, 1) if direct else (2, 2)
    return own + s3_calls * S3_WAIT_MS + table_calls * DYNAMODB_WAIT_MS


def traces(per_day: float) -> float:
    """Traces that X-Ray records in a month whose requests come evenly."""
    rate = per_day / 86_400
    recorded = min(rate, 1.0) + TRACED_SHARE * max(rate - 1.0, 0.0)
    return recorded * 86_400 * DAYS_PER_MONTH


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
        "kept": f"image, record and log for {workload.retention_days} days",
        "left_out": "cold starts, training, heatmaps of recorded images, and counting for /stats",
    }
