"""What images cost by what their functions took, as it was counted, not as it was measured before.

The items, prices and assumptions are those of `visionflow.costs.estimate`; milliseconds and bytes
are the deployment's own. A record is written after its milliseconds are known, so that one call of
DynamoDB is added to them.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from visionflow.costs.amounts import (
    DYNAMODB_WAIT_MS,
    GIB,
    HTTP_API_CHUNK,
    Amounts,
    Way,
    Workload,
    amounts_of,
    duration_ms,
    original_months,
)
from visionflow.costs.estimate import bill
from visionflow.costs.measured import Measured, measured
from visionflow.costs.prices import PriceTable, price_table
from visionflow.insights.changes import WAY, WAY_BYTES, WAY_MS
from visionflow.insights.counters import Counted
from visionflow.predictions.record import Source

WAYS: Final[Mapping[Source, Way]] = {"api": "http", "s3": "s3"}
KEPT: Final = ("s3_gb_months", "dynamodb_gb_months")
"""The items of an image that are paid for while it is kept."""
# A JPEG that can be sent directly: all that came by HTTP was.
_DIRECT_MEGAPIXELS = 1.0


@dataclass(frozen=True)
class Taken:
    """Images that came one way, and sums of their milliseconds and bytes."""

    images: int = 0
    milliseconds: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class WayTaken:
    """One function as it ran: the mean of its milliseconds and bytes for an image, and dollars for
    1,000 images with keeping them."""

    images: int
    mean_ms: float
    mean_bytes: float
    memory_mb: int
    per_1000: float


def taken(counted: Iterable[Counted]) -> dict[Source, Taken]:
    """What the counters have, by the way in; a way that nothing came is left out."""
    sums: dict[Source, Taken] = {}
    for part in counted:
        for source in WAYS:
            if part[WAY + source] > 0:
                before = sums.get(source, Taken())
                sums[source] = Taken(
                    before.images + part[WAY + source],
                    before.milliseconds + part[WAY_MS + source],
                    before.bytes + part[WAY_BYTES + source],
                )
    return sums


def image_cost(
    workload: Workload,
    source: Source,
    found: Taken,
    measurements: Measured | None = None,
    table: PriceTable | None = None,
) -> Amounts:
    """Dollars of one image by item; ``memory_mb`` of ``workload`` is that of the way's function.

    Raises `InvalidParameterError` for a region without prices.
    """
    base, prices = measurements or measured(), table or price_table()
    direct = replace(workload, megapixels=_DIRECT_MEGAPIXELS)
    way = WAYS[source]
    amounts = amounts_of(direct, way, base)
    size = found.bytes / found.images
    seconds = (found.milliseconds / found.images + DYNAMODB_WAIT_MS) / 1000
    estimated = duration_ms(direct, way, base) / 1000
    amounts["lambda_gb_seconds"] += (seconds - estimated) * workload.memory_mb / 1024
    at_estimated = base.at(direct.megapixels).bytes
    amounts["s3_gb_months"] += (size - at_estimated) / GIB * original_months(workload)
    if way == "http":
        amounts["http_api_requests"] = float(max(1, math.ceil(size / HTTP_API_CHUNK)))
    return bill(amounts, prices.of(workload.region), workload.architecture, {})


def way_taken(workload: Workload, source: Source, found: Taken) -> WayTaken:
    """`image_cost`, and what it rests on."""
    return WayTaken(
        found.images,
        found.milliseconds / found.images,
        found.bytes / found.images,
        workload.memory_mb,
        1000 * sum(image_cost(workload, source, found).values()),
    )
