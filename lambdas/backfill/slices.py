"""A slice of a listing: pages of the source become chunks, until its time is over."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from visionflow.backfills import sources
from visionflow.backfills.chunks import BackfillFiles, Chunk, Chunker, Entry, sampled
from visionflow.backfills.record import Backfill, Listing
from visionflow.backfills.request import Own

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_WRITERS = 8


class Slice:
    """Begins where the last slice ended. A repeated one writes the same chunks again."""

    def __init__(self, row: Backfill, files: BackfillFiles, writers: ThreadPoolExecutor) -> None:
        self.listing: Listing = row.listing
        self._sample = row.work.sample
        self._files = files
        self._writers = writers
        self._writing: list[Future[None]] = []
        begun = row.listing.token is not None
        self._candidates: list[Entry] = files.sample() if self._sample and begun else []
        self._chunker: Chunker | None = None

    def take(self, page: sources.Page) -> None:
        listing = self.listing
        self._chunker = self._chunker or Chunker(page.bucket, listing.images)
        self.listing = replace(
            listing,
            token=page.after,
            done=page.after is None,
            not_images=listing.not_images + page.not_images,
            seen=listing.seen + len(page.entries),
            calls=listing.calls + page.calls,
        )
        if self._sample is not None:
            found = [*self._candidates, *page.entries]
            self._candidates = sampled(page.bucket, found, self._sample)
            return
        for chunk in self._chunker.add(page.entries):
            self._put(chunk)

    def end(self) -> Listing:
        """What is open becomes a chunk, of a sample when all is listed."""
        if self._sample is not None and not self.listing.done:
            self._files.put_sample(self._candidates)
            return self.listing
        if self._chunker is not None:
            for chunk in self._chunker.add(sorted(self._candidates, key=lambda one: one.key)):
                self._put(chunk)
            for chunk in self._chunker.rest():
                self._put(chunk)
        for written in self._writing:
            written.result()
        return self.listing

    def _put(self, chunk: Chunk) -> None:
        listing = self.listing
        self._writing.append(self._writers.submit(self._files.put_chunk, listing.chunks, chunk))
        self.listing = replace(
            listing,
            chunks=listing.chunks + 1,
            images=listing.images + len(chunk.entries),
            bytes=listing.bytes + chunk.bytes,
        )


def list_slice(
    row: Backfill,
    own: Own,
    source: "S3Client",
    files: BackfillFiles,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
    wanted: Callable[[], bool] = lambda: True,
) -> Listing:
    """How far the listing is after about so many ``seconds``, or when it is not ``wanted`` any
    more: whoever resumes it lists into the same chunks. Raises `BackfillRefusedError`."""
    end = clock() + seconds
    with ThreadPoolExecutor(_WRITERS) as writers:
        part = Slice(row, files, writers)
        for page in sources.pages(row.work, own, source, row.listing.token):
            part.take(page)
            if clock() >= end or not wanted():
                break
        return part.end()
