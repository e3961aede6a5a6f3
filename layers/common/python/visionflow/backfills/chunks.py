"""Images as chunks of a size that one call of a function does, and the keys of their objects."""

import gzip
import hashlib
import heapq
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, NamedTuple

from visionflow import strict
from visionflow.images.formats import IMAGE_SUFFIXES
from visionflow.junk import junk_on
from visionflow.objects import read_object

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RESULTS_PREFIX: Final = "backfills/"
"""Where results stay; everything else of a backfill is forgotten."""
WORK_PREFIX: Final = "planned/"

# A chunk is done in about ten seconds, and a thousand chunks can work at once. Small backfills have
# small chunks, so that several functions share them.
LEAST_IMAGES, MOST_IMAGES, MOST_BYTES = 25, 500, 150_000_000
SHARE: Final = 20
"""A chunk has such a part of the images before it, within those limits."""
# Of an image whose size the source does not say.
_TYPICAL_BYTES = 100_000
# Of a file of results: the metadata that says what is in it.
_OUTCOME = "outcome"


class Entry(NamedTuple):
    """An object: ``version`` is None without versioning, ``etag`` and ``size`` where a list does
    not say."""

    key: str
    version: str | None = None
    etag: str | None = None
    size: int | None = None


@dataclass(frozen=True)
class Chunk:
    """Images of one bucket."""

    bucket: str
    entries: tuple[Entry, ...]

    @property
    def bytes(self) -> int:
        return sum(_size(entry) for entry in self.entries)


@dataclass(frozen=True)
class Outcome:
    """What became of a chunk's images up to ``position``: how many by `OUTCOMES` and by the code of
    an error, and their ``bytes``. ``part``: the name of what a comparison adds up of them, which is
    there before this is."""

    position: int
    outcomes: dict[str, int] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    part: str | None = None


# Of one that was written before it had them.
_LATER_FIELDS = {"part": None}


def may_be_image(key: str) -> bool:
    """Whether an object of this name can be an image: its suffix is one of theirs, or it has none,
    and it is not what a system leaves in folders."""
    name = PurePosixPath(key).name
    if not name or key.endswith("/") or junk_on(key):
        return False
    suffix = PurePosixPath(name).suffix.lower()
    return not suffix or suffix in IMAGE_SUFFIXES


def place_in_sample(bucket: str, key: str) -> int:
    """A number that is as random as a hash, and the same for the same object."""
    digest = hashlib.sha256(f"{bucket}\n{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big")


def sampled(bucket: str, entries: Iterable[Entry], size: int) -> list[Entry]:
    """The ``size`` entries of the smallest hashes: each object has the same chance, whatever the
    order and however often this is done in between."""
    return heapq.nsmallest(size, entries, key=lambda entry: place_in_sample(bucket, entry.key))


class Chunker:
    """Cuts a stream of entries into chunks. ``before``: images of chunks that there are already."""

    def __init__(self, bucket: str, before: int = 0) -> None:
        self._bucket = bucket
        self._images = before
        self._open: list[Entry] = []
        self._bytes = 0

    def add(self, entries: Sequence[Entry]) -> Iterator[Chunk]:
        """The chunks that are full now."""
        for entry in entries:
            size = _size(entry)
            most = max(LEAST_IMAGES, min(MOST_IMAGES, self._images // SHARE))
            if self._open and (len(self._open) >= most or self._bytes + size > MOST_BYTES):
                yield from self.rest()
            self._open.append(entry)
            self._bytes += size

    def rest(self) -> Iterator[Chunk]:
        """What is open, as a chunk."""
        if self._open:
            yield Chunk(self._bucket, tuple(self._open))
            self._images += len(self._open)
            self._open, self._bytes = [], 0


def _size(entry: Entry) -> int:
    return _TYPICAL_BYTES if entry.size is None else entry.size


@dataclass(frozen=True)
class BackfillFiles:
    """The objects of one backfill in the bucket of backfills."""

    id: str
    bucket: str
    s3: "S3Client"

    @property
    def results(self) -> str:
        """What the keys of its results begin with."""
        return f"{RESULTS_PREFIX}{self.id}/results/"

    def result_key(self, number: int, start: int) -> str:
        """Of the results of a chunk from its image ``start``: the same when it is repeated."""
        return f"{self.results}{number:07}-{start:04}.parquet"

    def manifest_key(self, execution: int, round_number: int) -> str:
        return f"{WORK_PREFIX}{self.id}/manifest-{execution}-{round_number}.jsonl"

    def put_chunk(self, number: int, chunk: Chunk) -> None:
        text = json.dumps({"bucket": chunk.bucket, "entries": chunk.entries})
        self._put(self._chunk_key(number), gzip.compress(text.encode(), 3, mtime=0))

    def chunk(self, number: int) -> Chunk:
        """Raises `LookupError` where there is none."""
        data = read_object(self.s3, self.bucket, self._chunk_key(number))
        if data is None:
            raise LookupError(f"the backfill {self.id} has no chunk {number}")
        found = json.loads(gzip.decompress(data))
        return Chunk(found["bucket"], tuple(Entry(*entry) for entry in found["entries"]))

    def put_manifest(self, execution: int, round_number: int, numbers: Iterable[int]) -> str:
        """A line of JSON for each chunk, of which a Distributed Map makes an item: its key."""
        key = self.manifest_key(execution, round_number)
        lines = "\n".join(json.dumps({"number": number}) for number in numbers)
        self._put(key, lines.encode())
        return key

    def put_sample(self, entries: Sequence[Entry]) -> None:
        """The candidates so far, for the next slice of a listing."""
        self._put(self._sample_key, gzip.compress(json.dumps(entries).encode(), 3, mtime=0))

    def sample(self) -> list[Entry]:
        data = read_object(self.s3, self.bucket, self._sample_key)
        found = [] if data is None else json.loads(gzip.decompress(data))
        return [Entry(*entry) for entry in found]

    def put_result(self, number: int, start: int, data: bytes, outcome: Outcome) -> Outcome:
        """Write results with their ``outcome``, unless another call has written results of the same
        chunk from the same image on, maybe of fewer images: those stay. The outcome of what is
        there."""
        key = self.result_key(number, start)
        told = json.dumps(strict.to_dict(outcome))
        try:
            self.s3.put_object(
                Bucket=self.bucket, Key=key, Body=data, IfNoneMatch="*", Metadata={_OUTCOME: told}
            )
        except self.s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise
        else:
            return outcome
        found = self.s3.get_object(Bucket=self.bucket, Key=key)
        with found["Body"]:
            told = json.loads(found["Metadata"][_OUTCOME])
            return strict.parse(Outcome, {**_LATER_FIELDS, **told}, "outcome")

    @property
    def _sample_key(self) -> str:
        return f"{WORK_PREFIX}{self.id}/sample.json.gz"

    def _chunk_key(self, number: int) -> str:
        return f"{WORK_PREFIX}{self.id}/chunks/{number:07}.json.gz"

    def _put(self, key: str, data: bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=data)
