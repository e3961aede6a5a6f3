"""What a backfill costs and how long it takes: beforehand, and by what was done.

The functions and prices are those of `visionflow.costs`. Reading is done beside decoding, so an
image takes the time of its processor alone; a chunk is one invocation and one short execution.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal

from visionflow.backfills.chunks import LEAST_IMAGES, MOST_BYTES, MOST_IMAGES, SHARE
from visionflow.backfills.record import BackfillEstimate, Spent
from visionflow.backfills.request import Work
from visionflow.costs.amounts import INDEX_ROWS, MB_PER_VCPU, WRITE_UNIT, Amounts
from visionflow.costs.estimate import bill
from visionflow.costs.measured import Measured, measured
from visionflow.costs.prices import PriceTable, price_region, price_table

# What an express execution is billed for, in chunks of 64 MB: a request, and its seconds.
_EXPRESS_MB = 64
_EXPRESS_REQUEST = "http_api_requests"  # both cost a dollar per million in us-east-1
_EXPRESS_GB_SECOND = 0.00001667
# Of a chunk: its mark when it begins and the two rows of a transaction, which count twice; its row
# and that of the backfill are read.
_CHUNK_WRITES, _CHUNK_READS = 6.0, 12.0
# Counters of an image's record: its marker, and rows of its day, which a batch shares.
_COUNTED_WRITES = 3.0
# States of an execution beside its map.
_TRANSITIONS = 12
# From the start to the first chunk, and from the last to the end.
AROUND_S: Final = 2.0
# A page of a listing, and how long one takes with the chunks that it fills.
_PAGE, _PAGE_S = 1_000, 0.25
# Of a comparison: to read and add up a chunk's part in a function of 512 MB, and to cluster and
# draw what is shown.
_PART_S, _DRAW_S = 0.007, 6.0


@dataclass(frozen=True)
class Setting:
    """Where a backfill runs: ``memory_mb`` of the function that classifies."""

    region: str
    architecture: str
    memory_mb: int


@dataclass(frozen=True)
class Earlier:
    """How an earlier backfill compares with its estimate by this release's measurements: its
    processor time, and its time on the clock beyond that."""

    ms: float
    seconds: float


@dataclass(frozen=True)
class Counted:
    """Images of a source and their bytes; ``exact``: all were counted. ``listed``: objects that are
    listed for them, as for a sample; by default as many."""

    images: int
    bytes: int
    exact: bool
    listed: int | None = None


def image_ms(mean_bytes: float, models: int, found: Measured) -> float:
    """Milliseconds of an image of so many bytes, which ``models`` versions classify."""
    return found.at(_megapixels(mean_bytes, found)).s3_ms + (models - 1) * found.infer_ms


def estimate(
    work: Work,
    counted: Counted,
    setting: Setting,
    earlier: Earlier | None = None,
    measurements: Measured | None = None,
    table: PriceTable | None = None,
) -> BackfillEstimate:
    """What the images that were ``counted`` take."""
    images, size, models = counted.images, counted.bytes, len(work.models)
    found = measurements or measured()
    mean = size / images if images else 0.0
    ms = images * image_ms(mean, models, found) * (earlier.ms if earlier else 1.0)
    ms /= min(1.0, setting.memory_mb / MB_PER_VCPU)
    chunks = chunks_of(images, size)
    spent = Spent(
        ok=images,
        chunks=chunks,
        calls=chunks,
        ms=round(ms),
        reads=images + chunks * int(work.compares),
        # Of a chunk: itself, its results, and what a comparison adds up of them.
        writes=chunks * (1 + (work.into == "files") + work.compares),
        records=images if work.into == "records" else 0,
        bytes=size,
    )
    listed_pages = (images if counted.listed is None else counted.listed) / _PAGE
    items = cost_items(spent, math.ceil(listed_pages), setting, found, table)
    # No more chunks work at the same time than there are.
    at_once = max(1, min(work.concurrency, chunks))
    work_s = ms / 1000 / at_once * (earlier.seconds if earlier else 1.0)
    basis: Literal["earlier", "release"] = "earlier" if earlier else "release"
    return BackfillEstimate(
        images=images,
        exact=counted.exact,
        bytes=size,
        usd=sum(items.values()),
        seconds=work_s + around_s(work, chunks) + listed_pages * _PAGE_S,
        items=items,
        basis=basis,
    )


def around_s(work: Work, chunks: int) -> float:
    """Seconds in which no image is classified."""
    return AROUND_S + (chunks * _PART_S + _DRAW_S if work.compares else 0.0)


def cost_items(
    spent: Spent,
    list_calls: int,
    setting: Setting,
    measurements: Measured | None = None,
    table: PriceTable | None = None,
) -> Amounts:
    """Dollars by item of what was done."""
    found, prices = measurements or measured(), table or price_table()
    record = math.ceil(found.record_bytes / WRITE_UNIT) * (1 + INDEX_ROWS["s3"])
    seconds = spent.ms / 1000
    amounts = {
        "lambda_requests": float(spent.calls),
        "lambda_gb_seconds": seconds * setting.memory_mb / 1024,
        "s3_gets": float(spent.reads),
        "s3_puts": float(spent.writes + list_calls),
        "dynamodb_write_units": spent.records * (record + _COUNTED_WRITES)
        + spent.calls * _CHUNK_WRITES,
        "dynamodb_read_units": spent.calls * _CHUNK_READS,
        _EXPRESS_REQUEST: float(spent.calls),
        "state_transitions": float(_TRANSITIONS),
    }
    items = bill(amounts, prices.of(price_region(setting.region)), setting.architecture, {})
    items["express_executions"] = items.pop(_EXPRESS_REQUEST) + (
        seconds * _EXPRESS_MB / 1024 * _EXPRESS_GB_SECOND
    )
    return items


def chunks_of(images: int, size: int = 0) -> int:
    """How many chunks so many images with ``size`` bytes become: see `Chunker`. While its chunks
    grow, each has a part of what came before."""
    small, grown = SHARE * LEAST_IMAGES, SHARE * MOST_IMAGES
    chunks = math.ceil(min(images, small) / LEAST_IMAGES)
    if images > small:
        chunks += round(math.log(min(images, grown) / small) / math.log(1 + 1 / SHARE))
    if images > grown:
        chunks += math.ceil((images - grown) / MOST_IMAGES)
    return max(1, chunks, math.ceil(size / MOST_BYTES))


def _megapixels(size: float, found: Measured) -> float:
    """Of an image of so many bytes, on the line between the measured ones around it."""
    images = found.images
    above = next((i for i, p in enumerate(images) if i and p.bytes >= size), len(images) - 1)
    low, high = images[above - 1], images[above]
    share = (size - low.bytes) / (high.bytes - low.bytes)
    return max(images[0].megapixels, low.megapixels + share * (high.megapixels - low.megapixels))
