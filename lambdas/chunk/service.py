"""Classifies the images of a chunk, each once, whatever happens to the function on the way.

Images are read some ahead of the one that is decoded and answered. What is done is written in one
step with the chunk's progress: results as one Parquet file, or records under the ids that they
would have had, each on the condition that there is none yet. Two calls may do a chunk at once.
A call ends early where its time is over or the backfill was paused, and another one goes on.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lambdas.chunk.comparing import compared
from lambdas.chunk.outcomes import Taken, results
from lambdas.chunk.parquet import parquet
from lambdas.chunk.reading import READERS, Read, Reader
from lambdas.chunk.recording import Recorder, Wrote
from lambdas.chunk.versions import Versions
from lambdas.classification.decoder import Decoder, process_decoder
from lambdas.classification.loading import Serving
from lambdas.classification.service import ClassifiedImage, classified
from lambdas.telemetry.log import logger
from lambdas.telemetry.stopwatch import Stopwatch
from visionflow.access.quotas import Amounts
from visionflow.access.usage import UsageStore
from visionflow.backfills.chunk_row import ChunkRow
from visionflow.backfills.chunks import BackfillFiles, Chunk, Entry, Outcome
from visionflow.backfills.columns import Result
from visionflow.backfills.comparison.files import ComparisonFiles
from visionflow.backfills.comparison.part import Compared, Part, candidates_of
from visionflow.backfills.price import Setting, cost_items
from visionflow.backfills.record import Backfill, BackfillReason, Spent
from visionflow.backfills.store import BackfillStore
from visionflow.errors import (
    BackfillConflictError,
    ImageError,
    ImageTooCostlyError,
    ModelUnavailableError,
    QuotaExceededError,
    VisionFlowError,
)
from visionflow.images.store import ImageStore
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BY = "visionflow"
# Between two looks at whether the backfill still wants this.
_LOOK_S = 5.0


@dataclass(frozen=True)
class Mine:
    """What a call works on: the backfill's ``row`` as it was found, the ``chunk`` and how far it
    is."""

    row: Backfill
    number: int
    chunk: Chunk
    progress: ChunkRow

    @property
    def since(self) -> str:
        """When the first call of the chunk began."""
        return self.progress.began_at or ""

    @property
    def rest(self) -> tuple[Entry, ...]:
        return self.chunk.entries[self.progress.position :]


@dataclass(frozen=True)
class ChunkService:
    """``source``: the client that may read what a backfill's role lets it; ``s3`` is the
    function's own. ``backfills`` and ``images`` are buckets."""

    store: BackfillStore
    backfills: str
    s3: "S3Client"
    source: Callable[[str], "S3Client"]
    versions: Versions
    images: str
    recorder: Recorder
    usage: UsageStore
    setting: Setting
    decoder: Decoder = field(default_factory=process_decoder)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    clock: Callable[[], float] = time.monotonic
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(READERS, "images"))

    def work(self, backfill_id: str, execution: int, number: int, seconds: float) -> int:
        """How many images were done in about so many ``seconds``; 0 where the backfill does not
        want this now, or the chunk is done.

        Raises what is wrong with the platform, after what was done before it is written.
        """
        began = self.clock()
        row = self.store.get(backfill_id)
        if not self._wanted(row, execution):
            return 0
        progress = self.store.chunk(row.id, number)
        if progress.done:
            return 0
        chunk = BackfillFiles(row.id, self.backfills, self.s3).chunk(number)
        versions = self.versions.opened(row.work.models)
        if not progress.counted and not self._count(row, chunk):
            return 0
        progress = replace(progress.begun(timestamp(self.now())), counted=True)
        self.store.begin(row.id, number, progress)
        mine = Mine(row, number, chunk, progress)
        done: list[Done] = []
        try:
            for one in self._done(mine, versions, began + seconds):
                done.append(one)  # noqa: PERF402  what was done before a fault counts
        except Exception:
            self._write(mine, done, began)
            raise
        self._write(mine, done, began)
        return len(done)

    def _wanted(self, row: Backfill, execution: int) -> bool:
        """Whether the backfill is at work by this execution and has money left."""
        if row.execution != execution or row.state != "running":
            return False
        if row.work.max_usd is None:
            return True
        spent, _ = self.store.spent(row.id)
        usd = sum(cost_items(spent, row.listing.calls, self.setting).values())
        if usd < row.work.max_usd:
            return True
        sentence = (
            f"{usd:.4f} of {row.work.max_usd:g} USD are spent. Resume it with a higher max_usd."
        )
        self._stop(row, BackfillReason("budget_spent", sentence))
        return False

    def _count(self, row: Backfill, chunk: Chunk) -> bool:
        """Count the images for the stage's quota; where that is used up the backfill stops."""
        try:
            self.usage.spend(None, Amounts(images=len(chunk.entries), bytes=chunk.bytes))
        except QuotaExceededError as error:
            self._stop(row, BackfillReason(error.code, str(error)))
            return False
        return True

    def _stop(self, row: Backfill, reason: BackfillReason) -> None:
        with suppress(BackfillConflictError):  # another chunk was faster
            self.store.move(row, "stopped", BY, timestamp(self.now()), reason)

    def _done(self, mine: Mine, versions: tuple[Serving, ...], end: float) -> Iterator["Done"]:
        """Each image that is left, in its order. Ends early where the time is over, or the backfill
        does not want it any more."""
        row, position = mine.row, mine.progress.position
        known = self.recorder.known(row.work, mine.chunk.bucket, mine.rest, mine.since)
        doomed = {at for at in range(len(mine.rest)) if mine.progress.ends_workers(position + at)}
        unread = [e for at, e in enumerate(mine.rest) if at not in known and at not in doomed]
        careful = mine.progress.careful
        images = ImageStore(mine.chunk.bucket, self._client(row))
        read = Reader(self.pool).read(
            images,
            unread,
            ahead=not careful,
            theirs=row.work.role is not None,
            some_read=position > 0,
        )
        looked = self.clock()
        for at, entry in enumerate(mine.rest):
            now = self.clock()
            if at and now >= end:
                return
            if now - looked >= _LOOK_S:
                looked = now
                if not self._wanted(self.store.get(row.id), row.execution):
                    return
            if at in known:
                yield Done(known[at])
                continue
            if at in doomed:
                error = ImageTooCostlyError("The function ended each time it worked on this image.")
                taken = self._refused(mine, entry, versions, error)
            else:
                if careful:
                    self.store.begin(row.id, mine.number, replace(mine.progress, at=position + at))
                taken = self._classified(mine, entry, next(read), versions)
            yield self._kept(mine, taken, versions)

    def _kept(self, mine: Mine, taken: Taken, versions: tuple[Serving, ...]) -> "Done":
        """What stays of an image; its bytes and the model's maps do not."""
        size = len(taken.stored.data) if taken.stored else 0
        work = mine.row.work
        if work.into == "files":
            both = compared(taken, work, self.images) if work.compares else None
            return Done(taken.status, taken.code, size, tuple(results(taken, versions)), both)
        writing = self.recorder.begin(taken, mine.since)
        return Done(taken.status, taken.code, size, writing=writing)

    def _client(self, row: Backfill) -> "S3Client":
        return self.s3 if row.work.role is None else self.source(row.work.role)

    def _refused(
        self, mine: Mine, entry: Entry, versions: tuple[Serving, ...], error: VisionFlowError
    ) -> Taken:
        return Taken(mine.chunk.bucket, entry, None, (error,) * len(versions), self.now())

    def _classified(
        self, mine: Mine, entry: Entry, found: Read, versions: tuple[Serving, ...]
    ) -> Taken:
        if isinstance(found, ImageError):
            return self._refused(mine, entry, versions, found)
        stopwatch = Stopwatch()
        answers: Sequence[ClassifiedImage | VisionFlowError]
        try:
            answers = self._answers(found.data, versions, stopwatch)
        except ImageError as error:
            answers = (error,) * len(versions)
        return Taken(mine.chunk.bucket, entry, found, tuple(answers), self.now(), stopwatch.timings)

    def _answers(
        self, data: bytes, versions: tuple[Serving, ...], stopwatch: Stopwatch
    ) -> list[ClassifiedImage | VisionFlowError]:
        """Of each version; the image is decoded once for all that want to see the same of it."""
        prepared = {}
        answers: list[ClassifiedImage | VisionFlowError] = []
        for serving in versions:
            spec = serving.classifier.manifest.input
            if spec not in prepared:
                prepared[spec] = self.decoder.prepare(data, spec, stopwatch.step, thumbnail=0)
            try:
                answers.append(classified(prepared[spec], stopwatch, serving))
            except Exception:  # ONNX Runtime raises classes of its own
                logger.exception("version failed", extra={"model": serving.model.text})
                answers.append(ModelUnavailableError(f"{serving.model.text} fails at this image."))
            else:
                self.versions.answered(serving.model)
        return answers

    def _write(self, mine: Mine, done: Sequence["Done"], began: float) -> None:
        """Write what was done, and that it was."""
        before = mine.progress
        ended = replace(before, open=False, at=None)
        if not done:
            spent = Spent(calls=1, ms=round((self.clock() - began) * 1000))
            self.store.commit(mine.row.id, mine.number, before, ended, spent, {})
            return
        wrote = [one.wrote() for one in done]
        outcome = Outcome(
            before.position + len(done),
            dict(Counter(one.outcome for one in wrote)),
            dict(Counter(one.code for one in done if one.code is not None)),
            sum(one.bytes for one in done),
        )
        writes = 0
        if mine.row.work.into == "files":
            rows = [row for one in done for row in one.rows]
            files = BackfillFiles(mine.row.id, self.backfills, self.s3)
            if mine.row.work.compares:
                outcome = replace(outcome, part=self._put_part(mine, done))
            outcome = files.put_result(mine.number, before.position, parquet(rows), outcome)
            writes = 1 if outcome.part is None else 2
        is_done = outcome.position == len(mine.chunk.entries)
        parts = before.parts if outcome.part is None else (*before.parts, outcome.part)
        after = replace(ended, position=outcome.position, done=is_done, parts=parts)
        added = Spent(
            **outcome.outcomes,
            chunks=int(is_done),
            calls=1,
            ms=round((self.clock() - began) * 1000),
            # A part is read once, when all are merged.
            reads=sum(one.status != "skipped" for one in done) + int(outcome.part is not None),
            writes=writes + int(before.position == 0),  # and the chunk itself, by the listing
            records=sum(one.is_new for one in wrote),
            bytes=outcome.bytes,
        )
        if not self.store.commit(mine.row.id, mine.number, before, after, added, outcome.codes):
            logger.info("done by another call", extra={"chunk": mine.number})

    def _put_part(self, mine: Mine, done: Sequence["Done"]) -> str:
        files = ComparisonFiles(mine.row.id, self.backfills, self.s3)
        most = candidates_of(mine.row.listing.chunks)
        part = Part.of((one.compared for one in done if one.compared is not None), most)
        return files.put_part(mine.number, mine.progress.position, part)


@dataclass(frozen=True)
class Done:
    """An image that is done: its outcome with the code of an error, its size, and its ``rows``,
    with what two versions are ``compared`` by, or the record that is being written."""

    status: str
    code: str | None = None
    bytes: int = 0
    rows: tuple[Result, ...] = ()
    compared: Compared | None = None
    writing: Future[Wrote] | None = None

    def wrote(self) -> Wrote:
        """Waits for the record. Raises what kept it from being written."""
        return Wrote(self.status, is_new=False) if self.writing is None else self.writing.result()
