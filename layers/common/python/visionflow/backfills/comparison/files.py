"""The objects of a comparison in the bucket of backfills.

What it says stays with the results; images' thumbnails are forgotten as all work of a backfill is,
and sooner where an image is erased: their keys are by image, so that whoever erases one finds them.
"""

import gzip
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from visionflow import strict
from visionflow.backfills.chunks import RESULTS_PREFIX
from visionflow.backfills.comparison.view import BackfillComparison
from visionflow.objects import read_object

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class ComparisonFiles:
    """Those of the backfill ``id``."""

    id: str
    bucket: str
    s3: "S3Client"

    def read(self) -> BackfillComparison | None:
        """What the comparison says, each ``thumbnail`` as the key of its object; None where there
        is none."""
        data = read_object(self.s3, self.bucket, self._key)
        if data is None:
            return None
        return strict.parse_json(BackfillComparison, gzip.decompress(data), "comparison")

    def write(self, comparison: BackfillComparison) -> None:
        text = json.dumps(strict.to_dict(comparison), ensure_ascii=False)
        data = gzip.compress(text.encode(), mtime=0)
        self.s3.put_object(Bucket=self.bucket, Key=self._key, Body=data)

    @property
    def _key(self) -> str:
        return f"{RESULTS_PREFIX}{self.id}/comparison.json.gz"
