"""A comparison with its thumbnails as URLs that open, and its images' records."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from visionflow.backfills.comparison.files import ComparisonFiles
from visionflow.backfills.comparison.records import records_of
from visionflow.backfills.comparison.view import BackfillComparison
from visionflow.backfills.record import Backfill
from visionflow.errors import ComparisonNotFoundError, ComparisonNotReadyError
from visionflow.images.store import ImageStore
from visionflow.predictions.store import PredictionStore

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# boto3 keeps ten connections.
_LOOKERS = 8


@dataclass(frozen=True)
class ComparisonReader:
    """``bucket``: of backfills; ``images``: the stage's, with their thumbnails."""

    bucket: str
    s3: "S3Client"
    images: ImageStore
    predictions: PredictionStore

    def read(self, row: Backfill) -> BackfillComparison:
        """Raises `ComparisonNotFoundError`, `ComparisonNotReadyError`."""
        if not row.work.compares:
            raise ComparisonNotFoundError(f"The backfill {row.id} has one version.")
        if row.state != "done":
            raise ComparisonNotReadyError(
                f"The backfill {row.id} is {row.state}; versions are compared when it is done."
            )
        found = ComparisonFiles(row.id, self.bucket, self.s3).read()
        if found is None:
            raise ComparisonNotFoundError(
                f"The backfill {row.id} ended before versions were compared; start it again."
            )
        with ThreadPoolExecutor(_LOOKERS) as pool:
            urls = pool.map(self._url, (image.thumbnail for image in found.examples))
            records = records_of(self.predictions, found.examples, self.images.bucket)
            examples = tuple(
                replace(image, thumbnail=url, prediction_id=record)
                for image, url, record in zip(found.examples, urls, records, strict=True)
            )
        return replace(found, examples=examples)

    def _url(self, key: str | None) -> str | None:
        """None for an image that was erased, or whose thumbnail is forgotten."""
        if key is None or self.images.found(key) is None:
            return None
        return self.images.url(key)
