"""Versions of datasets: a manifest in S3 and a row, neither ever changed.

Rows ``VERSIONS#<name> / <number>`` of the datasets table. The manifest is written first, under a
key that has its hash, and the row last and on condition: whoever is killed between leaves a file
that nothing names, and of two who freeze at once one takes the number and the other the next.
"""

import gzip
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from visionflow import dynamodb, strict
from visionflow.datasets.names import manifest_key
from visionflow.datasets.record import DatasetVersion, VersionImage
from visionflow.datasets.store import DatasetStore
from visionflow.dynamodb import from_row, to_item
from visionflow.errors import (
    ArtifactError,
    DatasetConflictError,
    DatasetTooLargeError,
    DatasetVersionMissingError,
)
from visionflow.images.store import URL_LIFETIME_S
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

VERSIONS: Final = "VERSIONS#"
"""Start of the partition keys of versions."""
_ATTEMPTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetDiff:
    """What changed from one version to another: hashes, by their order; ``relabelled`` with the
    label in the one and in the other."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    relabelled: tuple[tuple[str, str, str], ...]


class VersionStore:
    """Owns the versions in the datasets table, and their manifests."""

    def __init__(self, bucket: str, s3: "S3Client", store: DatasetStore) -> None:
        self.bucket: Final = bucket
        self._s3 = s3
        self._store = store

    def freeze(
        self, name: str, by: str, at: datetime, note: str | None, seconds: float = math.inf
    ) -> DatasetVersion:
        """Keep what ``name`` holds now. The same content gives the version that there is of it,
        with the note that it has.

        Raises `DatasetMissingError`, `DatasetConflictError` for a dataset without a labelled image,
        or whose classes keep changing, and `DatasetTooLargeError` where reading its images takes
        longer than ``seconds``.
        """
        lines = self._content(name, self._store.clock() + seconds)
        text = "".join(f"{json.dumps(strict.to_dict(line))}\n" for line in lines).encode()
        sha256 = hashlib.sha256(text).hexdigest()
        for attempt in range(_ATTEMPTS):
            versions = self.versions(name)
            for version in versions:
                if version.sha256 == sha256:
                    return version
            version = DatasetVersion(
                dataset=name,
                number=versions[-1].number + 1 if versions else 1,
                created_at=timestamp(at),
                created_by=by,
                sha256=sha256,
                images=len(lines),
                classes=tuple(sorted({line.label for line in lines})),
                note=note,
            )
            self._s3.put_object(
                Bucket=self.bucket,
                Key=self.key(version),
                Body=gzip.compress(text, mtime=0),
                ContentType="application/gzip",
            )
            if self._add(version):
                return version
            dynamodb.back_off(attempt, self._store.sleep)
        raise DatasetConflictError(f"{name} is being frozen by others; try again.")

    def versions(self, name: str) -> tuple[DatasetVersion, ...]:
        """All versions by their number, read consistently."""
        found = dynamodb.query(
            self._store.client,
            self._store.table,
            "pk = :pk",
            {":pk": f"{VERSIONS}{name}"},
            consistent=True,
        )
        return tuple(_version(item) for item in found)

    def version(self, name: str, number: int) -> DatasetVersion:
        """Raises `DatasetVersionMissingError`."""
        key = to_item(_key(name, number))
        item = dynamodb.read_item(self._store.client, self._store.table, key)
        if item is None:
            raise DatasetVersionMissingError(f"The dataset {name!r:.80} has no version {number}.")
        return _version(item)

    def manifest(self, version: DatasetVersion) -> tuple[VersionImage, ...]:
        """The images of a version. Raises `ArtifactError` for a file that is not its manifest."""
        answer = self._s3.get_object(Bucket=self.bucket, Key=self.key(version))
        with answer["Body"] as body:
            text = gzip.decompress(body.read())
        if hashlib.sha256(text).hexdigest() != version.sha256:
            raise ArtifactError(f"{self.key(version)} is not the manifest of its version.")
        return tuple(
            strict.parse_json(VersionImage, line, f"{self.key(version)}, line {number}")
            for number, line in enumerate(text.splitlines(), 1)
        )

    def diff(self, old: DatasetVersion, new: DatasetVersion) -> DatasetDiff:
        """What changed from ``old`` to ``new``."""
        before, after = (
            {image.sha256: image.label for image in self.manifest(version)}
            for version in (old, new)
        )
        return DatasetDiff(
            added=tuple(sorted(after.keys() - before.keys())),
            removed=tuple(sorted(before.keys() - after.keys())),
            relabelled=tuple(
                (sha256, before[sha256], after[sha256])
                for sha256 in sorted(before.keys() & after.keys())
                if before[sha256] != after[sha256]
            ),
        )

    def key(self, version: DatasetVersion) -> str:
        """Where the manifest lies."""
        return manifest_key(version.dataset, version.number, version.sha256)

    def url(self, version: DatasetVersion) -> str:
        """A URL that opens the manifest for `URL_LIFETIME_S` seconds. Makes no call."""
        return self._s3.generate_presigned_url(
            "get_object",
            Params={"Bucket": self.bucket, "Key": self.key(version)},
            ExpiresIn=URL_LIFETIME_S,
        )

    def _content(self, name: str, end: float) -> Sequence[VersionImage]:
        """What a version of now holds; read again where the classes changed in between, and until
        ``end``."""
        for _ in range(_ATTEMPTS):
            revision = self._store.dataset(name).revision
            lines: list[VersionImage] = []
            for image in self._store.images.to_freeze(name):
                if self._store.clock() >= end:
                    raise DatasetTooLargeError(
                        f"{name} has more images than can be frozen while you wait: "
                        f"{len(lines):,} were read in time. Start a training, which freezes what "
                        "it trains on."
                    )
                lines.append(image)
            if self._store.dataset(name).revision == revision:
                break
        else:
            raise DatasetConflictError(f"The classes of {name} keep changing; try again.")
        if not lines:
            raise DatasetConflictError(
                f"{name} holds no labelled image that is ready; add or label some first."
            )
        return lines

    def _add(self, version: DatasetVersion) -> bool:
        try:
            self._store.client.put_item(
                TableName=self._store.table,
                Item=to_item(_key(version.dataset, version.number) | strict.to_dict(version)),
                ConditionExpression="attribute_not_exists(pk)",
            )
        except self._store.client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def _key(name: str, number: int) -> dict[str, str]:
    return {"pk": f"{VERSIONS}{name}", "sk": f"{number:07d}"}


def _version(item: dynamodb.Found) -> DatasetVersion:
    return strict.parse(DatasetVersion, from_row(item), "version")
