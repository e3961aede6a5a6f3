"""Objects of a source, page by page: a listing, an S3 Inventory, or a CSV file of keys.

Each page says how the next one begins, so a listing of any length is made in slices.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
"""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from visionflow.backfills.chunks import Entry, may_be_image
from visionflow.backfills.listing import listed
from visionflow.backfills.request import BUCKET, Own, Work, own_prefixes
from visionflow.errors import BackfillRefusedError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Of a page of a list.
_ROWS = 10_000
_LONGEST_MANIFEST = 10_000_000
# Of a row: a key and a version with 1,024 bytes each, URL-encoded, and an inventory's list of
# grants; of the rows of a page. What somebody compressed may have any size.
_LONGEST_ROW, _MOST_TEXT = 50_000, 10_000_000
# What trying again does not change; KMS says it with codes of its own.
_UNREADABLE = frozenset(
    {"NoSuchBucket", "NoSuchKey", "NoSuchVersion", "AccessDenied", "404", "403"}
    | {"KeyTooLongError", "InvalidBucketName", "InvalidObjectState", "InvalidRequest"}
    | {"AllAccessDisabled", "AccountProblem", "PermanentRedirect", "MethodNotAllowed"}
)


@dataclass(frozen=True)
class Page:
    """``entries`` may be images, ``not_images`` names cannot. ``after``: the token of the next
    page, None behind the last. ``calls``: requests that it took."""

    bucket: str
    entries: tuple[Entry, ...]
    not_images: int
    after: str | None
    calls: int = 1


def pages(work: Work, own: Own, s3: "S3Client", token: str | None = None) -> Iterator[Page]:
    """The pages of ``work``'s source from ``token`` on. ``s3`` may read it.

    Raises `BackfillRefusedError` for a source that cannot be read as what it is.
    """
    found = {
        "listing": lambda: _listed(work, s3, token),
        "inventory": lambda: _inventory(work, s3, token),
        "csv": lambda: _csv(work, own, s3, token),
    }[work.kind]()
    try:
        for page in found:
            yield page if work.role else _own(page, work, own)
    except s3.exceptions.ClientError as error:
        told = error.response["Error"]
        if told["Code"] in _UNREADABLE or told["Code"].startswith("KMS."):
            raise BackfillRefusedError(
                f"{work.source} cannot be read: {told['Message'] or told['Code']}"
            ) from error
        raise


def _own(page: Page, work: Work, own: Own) -> Page:
    """What of a page the stage's functions may read without a role."""
    if page.bucket != own.images:
        raise BackfillRefusedError(
            f"{page.bucket} is not the stage's bucket of images; name a role that may read it."
        )
    prefixes = own_prefixes(work.into)
    entries = tuple(entry for entry in page.entries if entry.key.startswith(prefixes))
    return replace(
        page, entries=entries, not_images=page.not_images + len(page.entries) - len(entries)
    )


def _page(bucket: str, entries: Sequence[Entry], after: str | None) -> Page:
    images = tuple(entry for entry in entries if may_be_image(entry.key))
    return Page(bucket, images, len(entries) - len(images), after)


def _listed(work: Work, s3: "S3Client", token: str | None) -> Iterator[Page]:
    """The latest version of each object, by the id that a record of it has."""
    bucket, prefix = work.place
    for found in listed(s3, bucket, prefix, token):
        entries = [
            Entry(one["Key"], _version(one["VersionId"]), one["ETag"].strip('"'), one["Size"])
            for one in found.versions
            if one["IsLatest"]
        ]
        yield replace(_page(bucket, entries, found.after), calls=found.calls)


def _inventory(work: Work, s3: "S3Client", token: str | None) -> Iterator[Page]:
    bucket, key = work.place
    manifest = _manifest(work, s3, bucket, key)
    names = [name.strip() for name in str(manifest["fileSchema"]).split(",")]
    if "Key" not in names:
        raise BackfillRefusedError("The inventory has no column Key.")
    place, source = manifest["destinationBucket"].rpartition(":")[2], manifest["sourceBucket"]
    files = [str(file["key"]) for file in manifest["files"]]
    number, row = json.loads(token) if token is not None else (0, 0)
    for at in range(number, len(files)):
        body = s3.get_object(Bucket=place, Key=files[at])["Body"]
        with gzip.open(body) as text:
            for rows, start in _batches(text, row if at == number else 0):
                entries = [
                    entry
                    for line, found in enumerate(rows, start + 1)
                    if found and (entry := _inventoried(names, found, line)) is not None
                ]
                yield _page(source, entries, json.dumps([at, start + len(rows)]))
        yield Page(source, (), 0, json.dumps([at + 1, 0]) if at + 1 < len(files) else None)
    if not files:
        yield Page(source, (), 0, None)


def _manifest(work: Work, s3: "S3Client", bucket: str, key: str) -> dict[str, Any]:
    with s3.get_object(Bucket=bucket, Key=key)["Body"] as body:
        data = body.read(_LONGEST_MANIFEST)
    try:
        manifest: dict[str, Any] = json.loads(data)
        form, files = manifest["fileFormat"], [file["key"] for file in manifest["files"]]
        buckets = manifest["sourceBucket"], manifest["destinationBucket"].rpartition(":")[2]
        if not all(files) or not all(map(BUCKET.fullmatch, buckets)):
            raise ValueError("it names no key or no bucket")
        str(manifest["fileSchema"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BackfillRefusedError(
            f"{work.source} is not the manifest.json of an S3 Inventory."
        ) from error
    if form != "CSV" and files:
        raise BackfillRefusedError(
            f"The inventory is in {form}; set its format to CSV, which is read here."
        )
    return manifest


def _inventoried(names: Sequence[str], row: Sequence[str], line: int) -> Entry | None:
    """None for what is not the latest version of an object."""
    found = dict(zip(names, row, strict=False))
    if "Key" not in found:
        raise BackfillRefusedError(f"Line {line} of the inventory has no key.")
    latest, marker = found.get("IsLatest", "true"), found.get("IsDeleteMarker", "false")
    if latest.lower() != "true" or marker.lower() == "true":
        return None
    size = found.get("Size", "")
    return Entry(
        unquote_plus(found["Key"]),
        _version(found.get("VersionId")),
        found.get("ETag", "").strip('"') or None,
        int(size) if size.isdecimal() else None,
    )


def _csv(work: Work, own: Own, s3: "S3Client", token: str | None) -> Iterator[Page]:
    """Rows of a key, of a bucket and a key, or of a bucket, a key and a version; keys as they
    are."""
    bucket, key = work.place
    # A list in the bucket of backfills is of the stage's images.
    default = own.images if bucket == own.backfills else bucket
    start = json.loads(token)[0] if token is not None else 0
    raw: IO[bytes] = s3.get_object(Bucket=bucket, Key=key)["Body"]  # type: ignore[assignment]
    with gzip.open(raw) if key.lower().endswith(".gz") else raw as text:
        for rows, begun in _batches(text, start):
            entries = []
            for line, row in enumerate(rows, begun + 1):
                if not row:
                    continue
                place, entry = _in_row(row, line)
                if place not in (None, default):
                    raise BackfillRefusedError(
                        f"Line {line} names the bucket {place:.80}; this list is of {default}."
                    )
                entries.append(entry)
            yield _page(default, entries, json.dumps([begun + len(rows)]))
    yield Page(default, (), 0, None)


def _in_row(row: Sequence[str], line: int) -> tuple[str | None, Entry]:
    match row:
        case [key]:
            return None, Entry(key)
        case [bucket, key]:
            return bucket, Entry(key)
        case [bucket, key, version]:
            return bucket, Entry(key, _version(version))
    raise BackfillRefusedError(
        f"Line {line} is not a key, a bucket and a key, or a bucket, a key and a version."
    )


def _batches(text: Any, skip: int) -> Iterator[tuple[list[list[str]], int]]:
    """Some rows at a time, and how many came before; lines may be empty."""
    try:
        lines = io.TextIOWrapper(
            io.BufferedReader(_Readable(text)), encoding="utf-8-sig", newline=""
        )
        rows = _rows(lines)
        at = sum(1 for _ in islice(rows, skip))
        found, size = [], 0
        for row in rows:
            found.append(row)
            size += sum(map(len, row))
            if len(found) >= _ROWS or size >= _MOST_TEXT:
                yield found, at
                at += len(found)
                found, size = [], 0
        if found:
            yield found, at
    except (UnicodeDecodeError, csv.Error, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BackfillRefusedError(f"The list of keys is not CSV in UTF-8 ({error}).") from error


def _rows(lines: io.TextIOWrapper) -> Iterator[list[str]]:
    """Raises `csv.Error` before a row takes the memory."""
    size = 0

    def bounded() -> Iterator[str]:
        nonlocal size
        while line := lines.readline(_LONGEST_ROW + 1):
            size += len(line)
            if size > _LONGEST_ROW:
                raise csv.Error(f"a row is longer than {_LONGEST_ROW:,} characters")
            yield line

    for row in csv.reader(bounded()):
        size = 0
        yield row


class _Readable(io.RawIOBase):
    """What S3 sends, as `TextIOWrapper` wants it."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._body.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _version(version: str | None) -> str | None:
    """An object without versioning, or from before it, has none."""
    return None if version in (None, "", "null") else version
