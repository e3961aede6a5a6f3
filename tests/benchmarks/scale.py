"""A backfill of a hundred million images, second by second, under AWS's published limits.

Nothing is measured here: times of an image are those of `measured.json`, prices those of
`prices.toml`, limits the defaults of a new account. The first limit is the one that holds a
backfill back for longest; a limit that no plan reaches is not in the table.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from infra.stages import PROD
from tests.benchmarks.figures import Figure, Target, figure
from visionflow.access.budget import STAGE_ROWS
from visionflow.backfills.chunks import MOST_IMAGES
from visionflow.backfills.listing import RANGES
from visionflow.backfills.price import AROUND_S, Counted, Setting, estimate, image_ms
from visionflow.backfills.request import Work
from visionflow.backfills.store import SHARDS as CHUNK_SHARDS
from visionflow.costs.amounts import MB_PER_VCPU
from visionflow.costs.measured import measured
from visionflow.insights.counters import CHUNK as COUNTED_AT_ONCE
from visionflow.insights.counters import SHARDS as COUNTER_SHARDS
from visionflow.predictions.store import INDEXES, SHARDS

IMAGE_BYTES: Final = 90_448  # of 0.3 MP, as in measured.json
# A page of a thousand keys: the processor's time for it and for the chunks that it fills, measured
# on the machine of the other figures; and what S3 may take to answer, an assumption.
PAGE_KEYS, PAGE_CPU_S, PAGE_WAIT_S = 1_000, 0.071, 0.15

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
ACCOUNT_EXECUTIONS: Final = 1_000
EXECUTIONS_PER_S: Final = 100  # 1,000 more of a function every ten seconds
# https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
MAP_CHILDREN: Final = 10_000
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html, express, Frankfurt
STARTS_PER_S: Final = 1_500
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
READS_PER_PREFIX: Final = 5_500
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html and
# .../bp-partition-key-design.html and .../on-demand-capacity-mode.html
PARTITION_UNITS: Final = 1_000
TABLE_UNITS: Final = 40_000
NEW_TABLE_UNITS: Final = 4_000
DOUBLED_EVERY_S: Final = 1_800

# What others cost, in US dollars, us-east-1, on demand, as published in 2025.
# https://aws.amazon.com/s3/pricing/: a job of Batch Operations, and each object of it.
BATCH_OPERATIONS_JOB, BATCH_OPERATIONS_OBJECT = 0.25, 1.0e-6
# https://aws.amazon.com/ec2/pricing/: c7i.xlarge, four vCPU; spot at about a third, 180 s of boot.
ON_DEMAND_HOUR, SPOT_SHARE, VCPUS, BOOT_S = 0.1785, 0.35, 4, 180
HOURS_PER_MONTH: Final = 730


@dataclass(frozen=True)
class Plan:
    """How a backfill is set up. ``prefixes``: of the source; ``index_shards``: over how many
    partitions one value of an index is spread."""

    into: Literal["files", "records"] = "files"
    concurrency: int = PROD.backfill_max_concurrency
    chunk_images: int = MOST_IMAGES
    prefixes: int = 1
    index_shards: int = SHARDS


@dataclass(frozen=True)
class Outcome:
    """``limits``: for how many seconds each held the backfill back."""

    seconds: float
    usd: float
    limits: Counter[str]

    @property
    def first_limit(self) -> str:
        return self.limits.most_common(1)[0][0]


def image_seconds() -> float:
    return image_ms(IMAGE_BYTES, 1, measured()) / 1000


def listed_per_second(prefixes: int) -> float:
    """Keys a second, of so many folders, which are listed at once."""
    at_once = min(prefixes, RANGES) * PAGE_KEYS / (PAGE_CPU_S + PAGE_WAIT_S)
    return min(at_once, PAGE_KEYS / PAGE_CPU_S)


def rates(plan: Plan, second: float) -> dict[str, float]:
    """Images a second that each limit lets through, so many seconds after the map's begin."""
    most = min(plan.concurrency, ACCOUNT_EXECUTIONS, MAP_CHILDREN)
    growing = EXECUTIONS_PER_S * (second + 1)
    found = {
        "the concurrency that was asked for": most / image_seconds(),
        "functions that start": growing / image_seconds(),
        "S3's reads of a prefix": float(READS_PER_PREFIX * plan.prefixes),
        "executions that start": float(STARTS_PER_S * plan.chunk_images),
        # A chunk marks its begin, and counts twice in a transaction.
        "rows of a backfill": CHUNK_SHARDS * PARTITION_UNITS / 6 * plan.chunk_images,
    }
    if plan.into == "records":
        doubled = NEW_TABLE_UNITS * 2 ** (second // DOUBLED_EVERY_S)
        found["a new table's write units"] = float(doubled)
        found["a table's write units"] = float(TABLE_UNITS)
        found["partitions of an index"] = float(PARTITION_UNITS * plan.index_shards)
    return found


def simulate(images: int, plan: Plan) -> Outcome:
    listing = images / listed_per_second(plan.prefixes)
    limits: Counter[str] = Counter({"the listing": math.ceil(listing)})
    left, second = float(images), 0
    while left > 0:
        limit, rate = min(rates(plan, second).items(), key=lambda item: item[1])
        limits[limit] += 1
        left -= rate
        second += 1
    return Outcome(AROUND_S + listing + second, usd(images, plan), limits)


def usd(images: int, plan: Plan) -> float:
    work = Work(
        source="s3://photos/",
        kind="listing",
        models=("starter/3.0.0",),
        into=plan.into,
        sample=None,
        concurrency=plan.concurrency,
        max_usd=None,
        role=None,
    )
    setting = Setting("us-east-1", "x86_64", MB_PER_VCPU)
    return estimate(work, Counted(images, images * IMAGE_BYTES, exact=True), setting).usd


def hot_spots(per_second: int = 1_000) -> dict[str, float]:
    """Percent of a partition's write units that the busiest key of each kind takes, when so many
    images a second are recorded and all have the same label."""
    transactions = per_second / COUNTED_AT_ONCE
    shares = {name: per_second / SHARDS for name in INDEXES if name not in ("by_feedback",)}
    shares |= {
        "usage of the stage": per_second / len(STAGE_ROWS),
        # A row of a day has up to 5 KB, and a transaction writes twice.
        "counters of a day": transactions * 5 * 2,
        # Every image of a transaction with another label.
        "counters of labels": transactions * COUNTED_AT_ONCE * 2 / COUNTER_SHARDS,
    }
    return {name: 100 * units / PARTITION_UNITS for name, units in shares.items()}


def peers(images: int, plan: Plan) -> dict[str, tuple[float, float]]:
    """Hours and dollars of other ways to classify so many images, each image in the same time."""
    work_s, gets = images * image_seconds(), images * 0.4e-6
    machines = max(1, plan.concurrency // VCPUS)
    batch_s = BOOT_S + work_s / (machines * VCPUS)
    spot_hours = machines * batch_s / 3600
    ours = usd(images, plan)
    # One invocation an object: its own request, and half as long again for what a chunk shares.
    per_object = ours + images * 0.2e-6 + 0.5 * work_s * MB_PER_VCPU / 1024 * 0.0000166667
    return {
        "S3 Batch Operations": (
            1.5 * work_s / min(plan.concurrency, ACCOUNT_EXECUTIONS) / 3600,
            BATCH_OPERATIONS_JOB + images * BATCH_OPERATIONS_OBJECT + per_object,
        ),
        "AWS Batch on spot": (batch_s / 3600, spot_hours * ON_DEMAND_HOUR * SPOT_SHARE + gets),
        "an endpoint that is always on, a month": (
            work_s / VCPUS / 3600,
            HOURS_PER_MONTH * ON_DEMAND_HOUR + gets,
        ),
    }


def report() -> tuple[Figure, ...]:
    return tuple(_figures())


def _figures() -> Iterator[Figure]:
    sizes = (10**5, 10**6, 10**7, 10**8)
    plans = {
        "into files": Plan(),
        "into files, ten prefixes": Plan(prefixes=10),
        "into files, chunks of 50": Plan(chunk_images=50, prefixes=10),
        "into files, ten prefixes, 50 at once": Plan(prefixes=10, concurrency=50),
        "into records": Plan(into="records"),
        "into records, 16 shards": Plan(into="records", index_shards=16),
    }
    what = "simulated backfill of 0.3 MP images by a new account's limits"
    for name, plan in plans.items():
        for images in sizes:
            found = simulate(images, plan)
            values = {"time": found.seconds / 3600}
            shares = found.limits.most_common(2)
            note = "; ".join(f"{limit}: {seconds:,} s" for limit, seconds in shares)
            n = f"{images:,} images"
            yield figure("throughput", f"{what}, {name}: time", values, "h", n=n, note=note)
            if plan in (Plan(), Plan(into="records")):
                target = Target("at most", 2.0) if plan.into == "files" else None
                per_million = found.usd / images * 10**6
                title = f"{what}, {name}: a million images"
                yield figure("costs", title, per_million, "USD", target=target, n=n)
    for name, (hours, dollars) in peers(10**7, Plan()).items():
        n = "10,000,000 images"
        title = "ten million images of 0.3 MP another way (computed, not run)"
        yield figure("throughput", f"{title}: {name}", {"time": hours}, "h", n=n)
        yield figure("costs", f"{title}: {name}", dollars, "USD", n=n)
    found_spots = hot_spots()
    busiest = {"busiest": max(found_spots.values()), **found_spots}
    yield figure(
        "robustness",
        "write units of the busiest partition of each kind, against DynamoDB's 1,000",
        busiest,
        "%",
        target=Target("at most", 70),
        n="1,000 images a second, one label",
        note="computed; the keys are counted by a test",
    )
