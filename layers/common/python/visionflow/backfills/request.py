"""What a backfill is asked to do, and where its images lie."""

import hashlib
import json
import math
import re
from dataclasses import dataclass, replace
from typing import Final, Literal

from visionflow import strict
from visionflow.addresses import SCHEME, object_of
from visionflow.errors import InvalidParameterError
from visionflow.images.uploads import UPLOAD_PREFIX
from visionflow.models.ref import parse_ref

Into = Literal["files", "records"]
SourceKind = Literal["listing", "inventory", "csv"]

MOST_SAMPLED: Final = 100_000
"""Images of a sample: its candidates are kept in memory while a source is listed."""
MOST_VERSIONS: Final = 2
MOST_CONCURRENCY: Final = 1_000
LISTS_PREFIX: Final = "sources/"
"""Where a list of keys may lie in the bucket of backfills."""

ROLE: Final = re.compile(
    r"arn:aws(?:-[a-z-]+)?:iam::[0-9]{12}:role/VisionFlowRead[A-Za-z0-9_+=,.@-]{0,50}"
)
BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_LONGEST_KEY = 1_024
_INVENTORY = "/manifest.json"
_LISTS = (".csv", ".csv.gz")


@dataclass(frozen=True)
class BackfillRequest:
    """``source``: ``s3://bucket/prefix``, the ``manifest.json`` of an S3 Inventory, or a CSV file
    of keys. ``models``: one or two versions as ``name/version``; by default the one that serves.
    ``into``: Parquet files, or records as those of dropped images. ``sample``: so many images,
    chosen by a hash of their keys. ``concurrency``: chunks at the same time. ``max_usd``: stop
    when this is spent. ``role``: a role ``VisionFlowRead...`` that may read the bucket. ``key``:
    the same key starts nothing twice. ``dry_run``: only say what it takes.
    """

    source: str
    models: tuple[str, ...] = ()
    into: Into = "files"
    sample: int | None = None
    concurrency: int | None = None
    max_usd: float | None = None
    role: str | None = None
    key: str | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class Work:
    """A request that was checked. ``kind``: what its source is. ``models``: those that classify;
    the first one decides what is counted as ok, unknown or failed. Two are compared, the first as
    the new one."""

    source: str
    kind: SourceKind
    models: tuple[str, ...]
    into: Into
    sample: int | None
    concurrency: int
    max_usd: float | None
    role: str | None

    @property
    def compares(self) -> bool:
        return len(self.models) == MOST_VERSIONS

    @property
    def place(self) -> tuple[str, str]:
        """Bucket and prefix, or bucket and key of the list."""
        return object_of(self.source)

    @property
    def digest(self) -> str:
        """The same for the same description, whatever it may spend and how fast."""
        same = replace(self, concurrency=0, max_usd=None)
        return hashlib.sha256(json.dumps(strict.to_dict(same)).encode()).hexdigest()


@dataclass(frozen=True)
class Own:
    """The stage's own buckets, and the most chunks that it lets work at the same time."""

    images: str
    backfills: str
    concurrency: int


def check(asked: BackfillRequest, own: Own, serving: str) -> Work:
    """What is asked for as `Work`; ``serving`` is the version that serves.

    Raises `InvalidParameterError`, which names the field.
    """
    bucket, key = object_of(asked.source)
    is_place = BUCKET.fullmatch(bucket) and len(key.encode(errors="replace")) <= _LONGEST_KEY
    if not asked.source.startswith(SCHEME) or not is_place:
        raise InvalidParameterError(
            f"source must be s3://bucket/prefix, the manifest.json of an S3 Inventory or a CSV "
            f"file of keys, found {asked.source!r:.80}.",
            "source",
        )
    models = asked.models or (serving,)
    if len(models) > MOST_VERSIONS or len(set(models)) < len(models):
        raise InvalidParameterError(
            f"models may name {MOST_VERSIONS} different versions at most.", "models"
        )
    for model in models:
        parse_ref("models", model)
    _check_numbers(asked, own)
    kind = kind_of(key)
    _check_place(asked, own, kind, bucket, key)
    if asked.into == "records" and len(models) > 1:
        raise InvalidParameterError(
            "An image has one record, so one version alone can write records; compare two with "
            "into=files.",
            "into",
        )
    return Work(
        source=asked.source,
        kind=kind,
        models=models,
        into=asked.into,
        sample=asked.sample,
        concurrency=asked.concurrency or own.concurrency,
        max_usd=asked.max_usd,
        role=asked.role,
    )


def own_prefixes(into: Into) -> tuple[str, ...]:
    """Where images lie in the stage's own bucket that may become ``into``; the rest is
    thumbnails. What came through the API has its record under another id."""
    return (UPLOAD_PREFIX, "api/") if into == "files" else (UPLOAD_PREFIX,)


def kind_of(key: str) -> SourceKind:
    """What a source is, by its name."""
    if f"/{key}".endswith(_INVENTORY):
        return "inventory"
    return "csv" if key.lower().endswith(_LISTS) else "listing"


def _check_numbers(asked: BackfillRequest, own: Own) -> None:
    if asked.sample is not None and not 1 <= asked.sample <= MOST_SAMPLED:
        raise InvalidParameterError(
            f"sample must be between 1 and {MOST_SAMPLED:,} images.", "sample"
        )
    if asked.concurrency is not None and not 1 <= asked.concurrency <= own.concurrency:
        raise InvalidParameterError(
            f"concurrency must be between 1 and {own.concurrency}, which the stage allows.",
            "concurrency",
        )
    spends = asked.max_usd
    if spends is not None and not (math.isfinite(spends) and spends > 0):
        raise InvalidParameterError("max_usd must be above 0.", "max_usd")


def _check_place(asked: BackfillRequest, own: Own, kind: SourceKind, bucket: str, key: str) -> None:
    if asked.role is not None:
        if not ROLE.fullmatch(asked.role):
            raise InvalidParameterError(
                "role must be the ARN of a role whose name begins with VisionFlowRead.", "role"
            )
        if asked.into == "records":
            raise InvalidParameterError(
                "Records show images of the stage's own bucket; use into=files for other buckets.",
                "into",
            )
        return
    if bucket == own.backfills and kind != "listing" and key.startswith(LISTS_PREFIX):
        return
    if bucket != own.images:
        raise InvalidParameterError(
            f"{bucket!r:.80} is not the stage's bucket of images; name a role that may read it.",
            "role",
        )
    allowed = own_prefixes(asked.into)
    if not key.startswith(allowed):
        raise InvalidParameterError(
            f"Images of the stage's own bucket lie below {' or '.join(allowed)}; name a prefix "
            "that begins so.",
            "source",
        )
