"""What a backfill will take: its images counted, its price and time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from visionflow.access.caller import NOBODY
from visionflow.access.usage import UsageStore
from visionflow.backfills import sources
from visionflow.backfills.price import (
    Counted,
    Earlier,
    Setting,
    around_s,
    estimate,
    image_ms,
)
from visionflow.backfills.record import Backfill, BackfillEstimate
from visionflow.backfills.request import Own, Work
from visionflow.backfills.store import BackfillStore
from visionflow.costs.measured import measured
from visionflow.errors import QuotaExceededError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Too few images say little about how long others take.
_LEAST_MEASURED = 100
_LOOKED_AT = 20
_TYPICAL_BYTES = 100_000


def count(
    work: Work,
    own: Own,
    s3: "S3Client",
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> Counted:
    """The images of a source, as far as they are counted in so many ``seconds``.

    Raises `BackfillRefusedError`.
    """
    end = clock() + seconds
    images = size = listed = 0
    exact = True
    for page in sources.pages(work, own, s3):
        images += len(page.entries)
        listed += len(page.entries) + page.not_images
        size += sum(_TYPICAL_BYTES if e.size is None else e.size for e in page.entries)
        if page.after is not None and clock() >= end:
            exact = False
            break
    if work.sample is not None and images > work.sample:
        return Counted(work.sample, round(size / images * work.sample), exact, listed)
    return Counted(images, size, exact, listed)


@dataclass(frozen=True)
class Planner:
    """Estimates by this release's measurements, and by those of the last backfill of the kind."""

    store: BackfillStore
    setting: Setting

    def estimate(self, work: Work, counted: Counted) -> BackfillEstimate:
        return estimate(work, counted, self.setting, self._earlier(work))

    def _earlier(self, work: Work) -> Earlier | None:
        for row in self.store.newest(_LOOKED_AT):
            same = (row.work.into, row.work.models) == (work.into, work.models)
            if same and row.state == "done" and (found := self._compared(row)) is not None:
                return found
        return None

    def _compared(self, row: Backfill) -> Earlier | None:
        spent, _ = self.store.spent(row.id)
        read = spent.images - spent.skipped
        if read < _LEAST_MEASURED or not spent.ms:
            return None
        said = read * image_ms(spent.bytes / read, len(row.work.models), measured())
        at_once = max(1, min(row.work.concurrency, spent.chunks))
        worked = max(row.active_s - around_s(row.work, spent.chunks), row.active_s / 2)
        return Earlier(spent.ms / said, worked / (spent.ms / 1000 / at_once))


def check_quota(usage: UsageStore, images: int, now: datetime) -> None:
    """Raise `QuotaExceededError` where the stage may not classify so many more this month."""
    for quota in usage.left(NOBODY):
        if (quota.of, quota.quota) != ("stage", "images") or quota.used + images <= quota.limit:
            continue
        first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        again = (first + timedelta(days=32)).replace(day=1)
        raise QuotaExceededError(
            f"The backfill has {images:,} images, and {max(0, quota.limit - quota.used):,.0f} of "
            f"the stage's {quota.limit:,.0f} a month are left (quota images_per_month). Take a "
            "sample, or raise the quota in stages.py.",
            max(1, round((again - now).total_seconds())),
        )
