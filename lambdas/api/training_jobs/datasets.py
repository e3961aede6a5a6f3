"""Which datasets lie in the datasets bucket, as far as their keys tell."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from visionflow.datasets.names import CONTENT_PREFIX, DROP_PREFIX, MANIFEST_PREFIX, RUNS_PREFIX
from visionflow.jobs.layout import is_image_name
from visionflow.junk import junk_on

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# A thousand come with each call; a form should not wait for more.
MOST_KEYS = 20_000
# Of the datasets that the table knows: they are named, and not found by their keys.
_OTHERS = frozenset((CONTENT_PREFIX, DROP_PREFIX, MANIFEST_PREFIX, RUNS_PREFIX))
LISTED_S = 60.0


@dataclass(frozen=True)
class DataSet:
    """Everything below one folder of the bucket; ``classes`` with their numbers of images.

    ``complete`` is false where the bucket holds more than was counted.
    """

    prefix: str
    classes: dict[str, int]
    images: int
    complete: bool


class DataSets:
    """The datasets of a bucket, listed at most every `LISTED_S`: a form is opened more often than a
    dataset is uploaded, and a listing may take twenty calls."""

    def __init__(
        self, bucket: str, client: "S3Client", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.bucket = bucket
        self._client = client
        self._clock = clock
        self._found: tuple[DataSet, ...] = ()
        self._until = float("-inf")

    def find(self) -> tuple[DataSet, ...]:
        if self._clock() >= self._until:
            self._found = find_data_sets(self.bucket, self._client)
            self._until = self._clock() + LISTED_S
        return self._found


def find_data_sets(bucket: str, client: "S3Client") -> tuple[DataSet, ...]:
    """The bucket's folders of class folders. An image's class is the folder that it lies in, so
    that the parts of a divided set are counted together."""
    lister = client.get_paginator("list_objects_v2")
    tops = [
        folder["Prefix"]
        for page in lister.paginate(Bucket=bucket, Delimiter="/")
        for folder in page.get("CommonPrefixes", [])
        if folder["Prefix"] not in _OTHERS
    ]
    keys = (
        entry["Key"]
        for top in tops
        for page in lister.paginate(Bucket=bucket, Prefix=top)
        for entry in page.get("Contents", [])
    )
    found: dict[str, Counter[str]] = {}
    read = 0
    for key in islice(keys, MOST_KEYS):
        read += 1
        path = PurePosixPath(key)
        if len(path.parts) >= 3 and is_image_name(path.name) and not junk_on(key):
            found.setdefault(path.parts[0], Counter())[path.parent.name] += 1
    return tuple(
        DataSet(f"s3://{bucket}/{name}", dict(sorted(counts.items())), counts.total(), complete)
        for name, counts in sorted(found.items())
        for complete in (read < MOST_KEYS,)
    )
