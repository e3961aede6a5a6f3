"""What an image takes of each item that AWS bills: the stage's settings times what was measured.

Lambda gives a function a share of a vCPU in proportion to its memory, one whole vCPU at 1,769 MB
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html). The serving path is taken
as one thread: below that size it takes longer in the same proportion and costs the same, above it
nothing gets faster. What is waited for (S3, DynamoDB) takes as long at any size, so it is cheapest
at the smallest one that holds the largest image.
"""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from visionflow.costs.measured import Measured
from visionflow.costs.prices import DEFAULT_REGION
from visionflow.errors import InvalidParameterError
from visionflow.images.uploads import MAX_DIRECT_BYTES

Architecture = Literal["x86_64", "arm64"]
Way = Literal["http", "s3"]
Amounts = dict[str, float]

# Of a Lambda: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MB_PER_VCPU = 1769
DAYS_PER_MONTH = 30
GIB = 2**30

HTTP_API_CHUNK = 512 * 1024
WRITE_UNIT = 1024
# Stored and billed beside each item of a table and each row of an index.
ITEM_OVERHEAD = 100
# The indexes that have a row of nearly every record: by time, by label, for review, and by owner
# where somebody sent it. Few are failed, unknown or judged, which the others have.
INDEX_ROWS = {"http": 4, "s3": 3}
# S3 acts at the first midnight (UTC) after an object's days have passed.
UNTIL_MIDNIGHT_DAYS = 0.5
# A thumbnail is made when somebody looks. Nobody has measured how many are looked at; of a million
# images a month this share is a thousand screens of the history.
LOOKED_AT = 0.05
# Its original is read, and it is drawn, written and noted in its record.
THUMBNAIL_CALLS_S3, THUMBNAIL_CALLS_DYNAMODB = 2, 2
# A large image: a request for its form, then on average two for its answer.
FORM_CALLS = 3
FORM_CALL_GB_SECONDS = 0.5 * 0.02
# A request is counted in the row of its caller and in that of the stage.
COUNTED_ROWS = 2
# A message is sent by S3, received and deleted.
QUEUE_REQUESTS = 3
# X-Ray records the first request of each second, and a twentieth of the others; Lambda offers no
# other rate.
TRACED_SHARE = 0.05
ANSWER_BYTES = 2_000
# A line of the API's access log, with what CloudWatch adds to each.
ACCESS_LOG_BYTES = 380
# Neither is measured: nothing of this project has run on AWS.
S3_WAIT_MS = 30.0
DYNAMODB_WAIT_MS = 6.0


@dataclass(frozen=True)
class Workload:
    """What to estimate. ``megapixels`` of a JPEG; ``memory_mb`` of the classifying functions.

    ``original_days``, ``retention_days`` and ``log_days``: for how long an image, its record and
    its log are kept and paid for. ``looked_at``: of which share somebody sees the thumbnail.
    ``traced``: X-Ray records as many requests as Lambda has it do. ``free_tier``: subtract AWS's
    monthly free tier from the images' cost. Beyond the default a stage may have ``snap_start`` (the
    number of functions with a snapshot), ``keys`` of encryption, and ``more_alarms``.
    """

    per_day: float
    megapixels: float
    region: str = DEFAULT_REGION
    architecture: Architecture = "x86_64"
    memory_mb: int = MB_PER_VCPU
    original_days: int = 7
    retention_days: int = 30
    log_days: int = 14
    looked_at: float = LOOKED_AT
    traced: bool = False
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
        if min(self.original_days, self.retention_days, self.log_days) < 1:
            raise InvalidParameterError("days must be at least 1.")
        if not 0 <= self.looked_at <= 1:
            raise InvalidParameterError(
                "the share that is looked at must lie between 0 and 1.", "looked_at"
            )
        if self.architecture not in get_args(Architecture):
            raise InvalidParameterError(f"there is no architecture {self.architecture!r:.20}.")


def amounts_of(workload: Workload, way: Way, found: Measured) -> Amounts:
    """What one image takes of each item."""
    size = found.at(workload.megapixels).bytes
    life = workload.retention_days / DAYS_PER_MONTH
    rows = 1 + INDEX_ROWS[way]
    units = float(math.ceil(found.record_bytes / WRITE_UNIT) * rows)
    seconds = duration_ms(workload, way, found) / 1000
    looked_at = workload.looked_at
    logged = found.log_bytes + (ACCESS_LOG_BYTES if way == "http" else 0)
    amounts = {
        "lambda_requests": 1.0 + looked_at,
        "lambda_gb_seconds": (seconds + looked_at * _thumbnail_seconds(workload, found))
        * workload.memory_mb
        / 1024,
        "s3_puts": 1.0 + looked_at,
        "s3_gets": 2 * looked_at,  # of the original to make it, and of the thumbnail
        "s3_gb_months": (
            size * original_months(workload) + looked_at * found.thumbnail_bytes * life
        )
        / GIB,
        # The record says that it has a thumbnail, in each of its rows.
        "dynamodb_write_units": units * (1 + looked_at),
        "dynamodb_gb_months": (found.record_bytes + ITEM_OVERHEAD) * rows / GIB * life,
        "logs_gb": logged / GIB,
        "logs_gb_months": logged / GIB * workload.log_days / DAYS_PER_MONTH,
        "traces": traces(workload) / (workload.per_day * DAYS_PER_MONTH),
    }
    if way == "http" and size <= MAX_DIRECT_BYTES:
        amounts["http_api_requests"] = float(math.ceil(size / HTTP_API_CHUNK))
        amounts["transfer_out_gb"] = ANSWER_BYTES / GIB
        amounts["dynamodb_write_units"] += COUNTED_ROWS
        return amounts
    amounts["s3_gets"] += 1.0
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
    # One that was sent is written, one that was dropped is read; and whether it has a record.
    return own + S3_WAIT_MS + (1 if direct else 2) * DYNAMODB_WAIT_MS


def _thumbnail_seconds(workload: Workload, found: Measured) -> float:
    """As long as classifying, without the model: no more is known."""
    own = max(0.0, found.at(workload.megapixels).s3_ms - found.infer_ms)
    waited = THUMBNAIL_CALLS_S3 * S3_WAIT_MS + THUMBNAIL_CALLS_DYNAMODB * DYNAMODB_WAIT_MS
    return (own / min(1.0, workload.memory_mb / MB_PER_VCPU) + waited) / 1000


def original_months(workload: Workload) -> float:
    """For how many months an original is paid for."""
    return (workload.original_days + UNTIL_MIDNIGHT_DAYS) / DAYS_PER_MONTH


def traces(workload: Workload) -> float:
    """Traces that X-Ray records in a month whose requests come evenly."""
    rate = workload.per_day / 86_400
    recorded = min(rate, 1.0) + TRACED_SHARE * max(rate - 1.0, 0.0)
    return recorded * 86_400 * DAYS_PER_MONTH * workload.traced
