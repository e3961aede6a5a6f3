"""The price of an image: by what the functions took for a version, or by the estimate before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from lambdas.api.settings import CostSettings
from visionflow.costs.amounts import Workload
from visionflow.costs.estimate import Estimate, estimate, instead
from visionflow.costs.prices import price_region
from visionflow.costs.served import KEPT, WayTaken, image_cost, taken, way_taken
from visionflow.insights.counters import Counted
from visionflow.predictions.record import Prediction, Source

TYPICAL_MEGAPIXELS = 3.0


@dataclass(frozen=True)
class ImagePrice:
    """Dollars of an image with keeping it, and without. ``ways``: the functions as they ran, by the
    way in (``api``: predict, ``s3``: ingest); empty where nothing was counted yet, and the price is
    the estimate of this release's measurements."""

    usd: float
    usd_unkept: float
    ways: dict[Source, WayTaken]


@dataclass(frozen=True)
class Pricing:
    """How a stage is built, and of the latest images the mean size and the share of HTTP.
    ``instead_of``: the stage's region, where those of ``region`` stand for its prices."""

    settings: CostSettings
    region: str
    per_day: float
    megapixels: float
    share_of_http: float
    instead_of: str | None = None

    @classmethod
    def of(
        cls, settings: CostSettings, region: str, latest: Sequence[Prediction], per_day: float
    ) -> Self:
        known = price_region(region)
        return cls(
            settings,
            known,
            max(per_day, 1),
            _mean_megapixels(latest),
            _share_of_http(latest),
            None if known == region else region,
        )

    def workload(self, source: Source = "api") -> Workload:
        settings = self.settings
        return Workload(
            per_day=self.per_day,
            megapixels=self.megapixels,
            region=self.region,
            architecture="arm64" if settings.architecture == "arm64" else "x86_64",
            memory_mb=(
                settings.predict_memory_mb if source == "api" else settings.ingest_memory_mb
            ),
            original_days=settings.original_retention_days,
            retention_days=settings.retention_days,
            log_days=settings.log_retention_days,
            traced=bool(settings.traced),
            snap_start=settings.snap_start_functions,
            keys=settings.keys,
            more_alarms=settings.more_alarms,
        )

    def estimated(self) -> Estimate:
        """By this release's measurements; of the function that answers HTTP."""
        found = estimate(self.workload())
        if self.instead_of is None:
            return found
        return replace(found, assumptions=found.assumptions | instead(found, self.instead_of))

    def image(self, counted: Iterable[Counted]) -> ImagePrice:
        """Of the images that ``counted`` has."""
        found = taken(counted)
        images = sum(way.images for way in found.values())
        if images == 0:
            return self._estimate()
        usd = unkept = 0.0
        for source, way in found.items():
            items = image_cost(self.workload(source), source, way)
            share = way.images / images
            usd += share * sum(items.values())
            unkept += share * sum(n for item, n in items.items() if item not in KEPT)
        ways = {source: way_taken(self.workload(source), source, w) for source, w in found.items()}
        return ImagePrice(usd, unkept, ways)

    def _estimate(self) -> ImagePrice:
        http, s3 = self.estimated().http, estimate(self.workload("s3")).s3
        usd = unkept = 0.0
        for share, way in ((self.share_of_http, http), (1 - self.share_of_http, s3)):
            usd += share * way.per_million / 1e6
            kept = sum(way.items.get(item, 0.0) for item in KEPT)
            unkept += share * (way.per_million - kept) / 1e6
        return ImagePrice(usd, unkept, {})


def _mean_megapixels(latest: Sequence[Prediction]) -> float:
    sizes = [
        item.image.width * item.image.height / 1e6
        for item in latest
        if item.image.width and item.image.height
    ]
    return sum(sizes) / len(sizes) if sizes else TYPICAL_MEGAPIXELS


def _share_of_http(latest: Sequence[Prediction]) -> float:
    return sum(item.source == "api" for item in latest) / len(latest) if latest else 1.0
