"""What a stage's limits allow it to cost in a month at most, whoever tries.

Each line takes its limit as used to the full, by the dearest use that it allows, with the prices
and measurements of `visionflow.costs.estimate`. The lines are added although they cannot all be
full at once.
"""

from dataclasses import dataclass, replace

from visionflow.access import quotas
from visionflow.costs.amounts import (
    DAYS_PER_MONTH,
    DYNAMODB_WAIT_MS,
    GIB,
    MB_PER_VCPU,
    S3_WAIT_MS,
    Amounts,
    Workload,
    amounts_of,
    traces,
)
from visionflow.costs.estimate import bill, idle_costs, metric_costs
from visionflow.costs.measured import Measured, measured
from visionflow.costs.prices import Prices, PriceTable, price_table
from visionflow.images.limits import DEFAULT_LIMITS
from visionflow.jobs.record import LONGEST_HOURS

SECONDS = DAYS_PER_MONTH * 86_400

# Of the dearest image that is accepted: the fuzzer's limit for any input.
IMAGE_SECONDS = 2.0
# What counters and the shadow write about an image, beyond its record.
IMAGE_WRITES = 30.0
# The dearest read looks at a thousand rows of 2 KB and waits for a second.
READ_UNITS = 500.0
READ_SECONDS = 1.0
READ_OBJECTS = 10.0
# A request that is refused, by the authorizer or by a quota, warm and at most.
REFUSED_SECONDS = 0.02
AUTHORIZER_MB = 512
# An access log line, and each function's own lines with the platform's.
ACCESS_LOG_BYTES = 500
FUNCTION_LOG_BYTES = 1_200
REFUSAL_BYTES = 1_000
# A watched job makes three transitions a minute; its folder is kept for two months.
JOB_TRANSITIONS = LONGEST_HOURS * 60 * 3 + 100
JOB_FOLDER_GB_MONTHS = 2 * 2.0
# Old versions of what people dropped outlive it by a month.
OLD_VERSIONS_DAYS = 30


@dataclass(frozen=True)
class Bounds:
    """The limits of a stage. ``per_second`` and ``health_per_second`` are the API's throttles, and
    ``limits`` the stage's quotas of a month. ``workload`` says how it is built; its ``per_day`` and
    ``megapixels`` are not used."""

    workload: Workload
    limits: quotas.Amounts
    per_second: float
    health_per_second: float
    api_memory_mb: int
    log_retention_days: int


@dataclass(frozen=True)
class WorstCase:
    """Dollars of a month by line; ``assumptions``: what they rest on and what they leave out."""

    currency: str
    lines: Amounts
    total: float
    assumptions: dict[str, str]


def worst_case(
    bounds: Bounds, measurements: Measured | None = None, table: PriceTable | None = None
) -> WorstCase:
    """Before AWS's free tier, except for what is owed idle.

    Raises `InvalidParameterError` for a region without prices.
    """
    found, prices = measurements or measured(), table or price_table()
    of_region = prices.of(bounds.workload.region)
    limits = bounds.limits

    def dollars(items: Amounts, times: float) -> float:
        architecture = bounds.workload.architecture
        return times * sum(bill(items, of_region, architecture, {}).values())

    lines = {
        f"{bounds.per_second:g} requests a second, refused or not": dollars(
            _request(bounds), bounds.per_second * SECONDS
        ),
        f"{bounds.health_per_second:g} health checks a second": dollars(
            _health_check(bounds), bounds.health_per_second * SECONDS
        ),
        "their traces": _traces(bounds) * of_region.traces,
        f"{limits.requests:,} reads": dollars(_read(bounds), limits.requests),
        f"{limits.images:,} images": dollars(_image(bounds, found), limits.images),
        f"{limits.bytes / 1e9:,g} GB of images, stored": _stored(bounds, of_region),
        f"{limits.bytes / 1e9:,g} GB of answers, sent": (
            limits.bytes / GIB * of_region.transfer_out_gb
        ),
        f"{limits.jobs:,} training jobs, their budgets": limits.job_usd,
        f"{limits.jobs:,} training jobs, beside their machines": dollars(_job(bounds), limits.jobs),
        "idle": sum(idle_costs(bounds.workload, found, prices).values()),
        "metrics": metric_costs(bounds.workload, found, prices),
    }
    return WorstCase(
        prices.currency, lines, sum(lines.values()), _assumptions(bounds, found, prices)
    )


def _request(bounds: Bounds) -> Amounts:
    """One that reaches a function and is refused there, which an accepted one costs as well."""
    largest = max(bounds.workload.memory_mb, bounds.api_memory_mb)
    return {
        "http_api_requests": 1.0,
        "lambda_requests": 2.0,  # the authorizer and the function
        "lambda_gb_seconds": (AUTHORIZER_MB + largest) / 1024 * REFUSED_SECONDS,
        "dynamodb_write_units": 2.0,  # the caller's row and the stage's
        "dynamodb_read_units": 1.0,
        "transfer_out_gb": REFUSAL_BYTES / GIB,
        **_logs(bounds, ACCESS_LOG_BYTES + 2 * FUNCTION_LOG_BYTES),
    }


def _health_check(bounds: Bounds) -> Amounts:
    return {
        "http_api_requests": 1.0,
        "lambda_requests": 1.0,
        "lambda_gb_seconds": bounds.api_memory_mb / 1024 * REFUSED_SECONDS,
        "transfer_out_gb": REFUSAL_BYTES / GIB,
        **_logs(bounds, ACCESS_LOG_BYTES + FUNCTION_LOG_BYTES),
    }


def _read(bounds: Bounds) -> Amounts:
    return {
        "lambda_gb_seconds": bounds.api_memory_mb / 1024 * READ_SECONDS,
        "dynamodb_read_units": READ_UNITS,
        "s3_gets": READ_OBJECTS,
    }


def _image(bounds: Bounds, found: Measured) -> Amounts:
    """The dearer way in for each item, the longest decoding, and the shadow's second answer; its
    bytes are counted by the byte."""
    workload = bounds.workload
    http, s3 = (amounts_of(workload, way, found) for way in ("http", "s3"))
    items = {item: max(http.get(item, 0), s3.get(item, 0)) for item in http | s3}
    share = min(1.0, workload.memory_mb / MB_PER_VCPU)
    seconds = IMAGE_SECONDS / share + (2 * S3_WAIT_MS + 2 * DYNAMODB_WAIT_MS) / 1000
    life = workload.retention_days / DAYS_PER_MONTH
    return items | {
        "http_api_requests": DEFAULT_LIMITS.max_bytes / (512 * 1024),
        "lambda_requests": 4.0,  # predict or ingest, the form, counters, shadow
        "lambda_gb_seconds": 2 * seconds * workload.memory_mb / 1024,
        "sqs_requests": items["sqs_requests"],
        "dynamodb_write_units": items["dynamodb_write_units"] + IMAGE_WRITES,
        "s3_gets": 2.0,
        "traces": 0.0,  # a line of its own
        "s3_gb_months": found.thumbnail_bytes / GIB * life,
        "transfer_out_gb": 0.0,
        **_logs(bounds, 2 * found.log_bytes),
    }


def _stored(bounds: Bounds, prices: Prices) -> float:
    life = (bounds.workload.original_days + OLD_VERSIONS_DAYS) / DAYS_PER_MONTH
    return bounds.limits.bytes / GIB * life * prices.s3_gb_months


def _job(bounds: Bounds) -> Amounts:
    return {
        "state_transitions": JOB_TRANSITIONS,
        "lambda_requests": JOB_TRANSITIONS / 3,
        "lambda_gb_seconds": JOB_TRANSITIONS / 3 * bounds.api_memory_mb / 1024,
        "s3_gb_months": JOB_FOLDER_GB_MONTHS,
        **_logs(bounds, int(JOB_TRANSITIONS) * FUNCTION_LOG_BYTES),
    }


def _traces(bounds: Bounds) -> float:
    """Each function that a request reaches begins a trace of its own."""
    invocations = 2 * bounds.per_second + bounds.health_per_second
    return traces(replace(bounds.workload, per_day=invocations * 86_400))


def _logs(bounds: Bounds, size: int) -> Amounts:
    kept = bounds.log_retention_days / DAYS_PER_MONTH
    return {"logs_gb": size / GIB, "logs_gb_months": size / GIB * kept}


def _assumptions(bounds: Bounds, found: Measured, table: PriceTable) -> dict[str, str]:
    return {
        "prices": f"{bounds.workload.region}, on demand, looked up {table.looked_up}; no free tier",
        "image": f"at most {IMAGE_SECONDS:g} s of processor time each, twice with a shadow",
        "instant training": f"counts as {quotas.TRAINING_IMAGES} images, and is tried once",
        "measured": f"{found.measured_at} on {found.hardware}",
        "throttle": "shared by all routes; AWS calls it a target and does not bill what it refuses",
        "accounts": "people with AWS credentials are not limited: dropped files are kept until "
        "they are deleted, and jobs of the command line are counted by nobody",
        "not bounded": "downloads by a signed URL in its 15 minutes "
        f"({table.of(bounds.workload.region).transfer_out_gb:.3f} USD a GB) and loads of the page "
        "from CloudFront (after 1 TB a month free)",
    }
