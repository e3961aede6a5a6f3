"""The objects of a comparison in the bucket of backfills.

What it says stays with the results; parts and how far they are merged are forgotten as all work of
a backfill is.
"""

import gzip
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from visionflow import strict
from visionflow.backfills.chunks import RESULTS_PREFIX, WORK_PREFIX
from visionflow.backfills.comparison.part import Part
from visionflow.backfills.comparison.view import BackfillComparison
from visionflow.objects import read_object

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PARTS_PREFIX: Final = f"{WORK_PREFIX}parts/"
COMPARISON_NAME: Final = "comparison.json.gz"


@dataclass(frozen=True)
class Merged:
    """``part``: of the chunks of all shards before ``shard``, and of its chunks up to the sort key
    ``after``. Both are one object, so that nothing is added twice."""

    shard: int
    after: str
    part: Part


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

    def put_part(self, number: int, start: int, part: Part) -> str:
        """The name of a part of a chunk from its image ``start``. It is by what the part says:
        another call of the chunk may have found something else, and the file of results names its
        own."""
        data = part.to_bytes()
        name = f"{number:07}-{start:04}-{hashlib.sha256(data).hexdigest()[:32]}"
        self.s3.put_object(Bucket=self.bucket, Key=self._part_key(name), Body=data)
        return name

    def part(self, name: str) -> Part:
        """Raises `LookupError` where there is none."""
        data = read_object(self.s3, self.bucket, self._part_key(name))
        if data is None:
            raise LookupError(f"the backfill {self.id} has no part {name}")
        return Part.read(data)

    def merged(self) -> Merged:
        """How far the parts are merged."""
        data = read_object(self.s3, self.bucket, self._merged_key)
        if data is None:
            return Merged(0, "", Part())
        cursor, _, part = data.partition(b"\n")
        shard, after = json.loads(cursor)
        return Merged(shard, after, Part.read(part))

    def put_merged(self, merged: Merged) -> None:
        cursor = json.dumps([merged.shard, merged.after]).encode()
        data = b"\n".join((cursor, merged.part.to_bytes()))
        self.s3.put_object(Bucket=self.bucket, Key=self._merged_key, Body=data)

    def _part_key(self, name: str) -> str:
        return f"{PARTS_PREFIX}{self.id}/{name}.json.gz"

    @property
    def _merged_key(self) -> str:
        return f"{WORK_PREFIX}{self.id}/merged"

    @property
    def _key(self) -> str:
        return f"{RESULTS_PREFIX}{self.id}/{COMPARISON_NAME}"
