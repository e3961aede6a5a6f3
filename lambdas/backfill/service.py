"""What the steps of a backfill do: each may be called again after a fault, and does nothing twice.

A step goes by the row that it finds. One that is paused, cancelled, or at work by another execution
is left alone, and its execution ends.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from lambdas.backfill.merging import merge_slice
from lambdas.backfill.slices import list_slice
from lambdas.telemetry.log import logger
from visionflow.access.usage import UsageStore
from visionflow.backfills.chunks import BackfillFiles
from visionflow.backfills.comparison.files import ComparisonFiles
from visionflow.backfills.comparison.summary import comparison_of
from visionflow.backfills.planning import Planner, check_quota
from visionflow.backfills.price import Counted
from visionflow.backfills.record import AT_WORK, Backfill, BackfillReason
from visionflow.backfills.request import Own, Work
from visionflow.backfills.store import SHARDS, BackfillStore
from visionflow.errors import (
    BackfillConflictError,
    BackfillNotFoundError,
    BackfillRefusedError,
    QuotaExceededError,
    VisionFlowError,
)
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BY = "visionflow"
"""Who changed a state where nobody asked for it."""

Next = Literal["list", "map", "compare", "draw", "over"]


@dataclass(frozen=True)
class Answer:
    """``next`` step; the ``manifest`` of a map, how many of its chunks work at once, and which
    ``round`` of maps it is. ``begin``: the first image to draw."""

    next: Next
    manifest: str = ""
    concurrency: int = 1
    round: int = 0
    begin: int = 0


@dataclass(frozen=True)
class BackfillSteps:
    """``source``: the client that may read what a work's source names. ``parts``: one that reads
    many small objects fast."""

    store: BackfillStore
    planner: Planner
    usage: UsageStore
    own: Own
    s3: "S3Client"
    source: Callable[[Work], "S3Client"]
    parts: "S3Client"
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    clock: Callable[[], float] = time.monotonic

    def list(self, backfill_id: str, execution: int, seconds: float) -> Answer:
        """A slice of the listing, of about so many ``seconds``."""
        row = self.store.get(backfill_id)
        if row.execution != execution or row.state not in AT_WORK:
            return Answer("over")
        if row.listing.done:  # it was resumed, or this is a repetition
            return self._map(row, 0)
        try:
            files = BackfillFiles(row.id, self.own.backfills, self.s3)
            listing = list_slice(
                row,
                self.own,
                self.source(row.work),
                files,
                seconds,
                self.clock,
                lambda: self.is_at_work(row.id, execution),
            )
        except BackfillRefusedError as error:
            self._end(row, "failed", error)
            return Answer("over")
        if not listing.done:
            self.store.listed(row, listing)
            return Answer("list")
        listed = listing.seen + listing.not_images
        counted = Counted(listing.images, listing.bytes, exact=True, listed=listed)
        row = self.store.listed(row, listing, estimate=self.planner.estimate(row.work, counted))
        return self._map(row, 0)

    def finish(self, backfill_id: str, execution: int, round_number: int) -> Answer:
        """After a map: another one for what is left, as long as each brings something."""
        row = self.store.get(backfill_id)
        if row.execution != execution or row.state != "running":
            return Answer("over")
        return self._map(row, round_number)

    def compare(self, backfill_id: str, execution: int, seconds: float) -> Answer:
        """After the last map of two versions: add up, in about so many ``seconds``, what was found
        of their answers; when all is added up, write the comparison."""
        row = self.store.get(backfill_id)
        if row.execution != execution or row.state not in AT_WORK:
            return Answer("over")
        files = ComparisonFiles(row.id, self.own.backfills, self.parts)
        merged = merge_slice(
            self.store,
            files,
            seconds,
            self.clock,
            lambda: self.is_at_work(row.id, execution),
        )
        if merged.shard < SHARDS:
            return Answer("compare")
        compared = merged.part.images + sum(merged.part.failed)
        if compared != row.listing.images:
            return self._differs(row, compared)
        files.write(comparison_of(row.work.models, merged.part))
        return Answer("draw")

    def complete(self, backfill_id: str, execution: int) -> Answer:
        """When its comparison is written and drawn, a backfill is done."""
        row = self.store.get(backfill_id)
        if row.execution == execution and row.state in AT_WORK:
            self.store.move(row, "done", BY, self._at())
        return Answer("over")

    def is_at_work(self, backfill_id: str, execution: int) -> bool:
        """Whether this execution is to go on."""
        try:
            row = self.store.get(backfill_id)
        except BackfillNotFoundError:
            return False
        return row.execution == execution and row.state in AT_WORK

    def fail(self, backfill_id: str, execution: int, code: str, sentence: str) -> None:
        """The backfill has failed; one that is not at work by this execution stays as it is."""
        row = self.store.get(backfill_id)
        if row.execution == execution and row.state in AT_WORK:
            with suppress(BackfillConflictError):
                self.store.move(row, "failed", BY, self._at(), BackfillReason(code, sentence))

    def _map(self, row: Backfill, after: int) -> Answer:
        """The map after that of round ``after``."""
        files = BackfillFiles(row.id, self.own.backfills, self.s3)
        if row.round > after:  # a repetition
            key = files.manifest_key(row.execution, row.round)
            return Answer("map", key, row.work.concurrency, row.round)
        left, deaths = self.store.unfinished(row)
        spent, _ = self.store.spent(row.id)
        # A worker that died is nearer to giving its image up.
        brought = spent.images + deaths
        if not left:
            return self._classified(row, spent.images)
        if row.round and brought <= row.brought:
            code = "chunks_failed"
            sentence = (
                f"{len(left):,} of {row.listing.chunks:,} chunks could not be done, however often "
                "they were tried; their errors are in the log of the function chunk. Retry them "
                "when the cause is gone."
            )
            self.store.move(row, "failed", BY, self._at(), BackfillReason(code, sentence))
            return Answer("over")
        try:
            if not row.round and row.execution == 1:
                check_quota(self.usage, row.listing.images, self.now())
        except QuotaExceededError as error:
            self._end(row, "stopped", error)
            return Answer("over")
        number = row.round + 1
        manifest = files.put_manifest(row.execution, number, left)
        changes: dict[str, Any] = {"round": number, "brought": brought}
        if row.state == "listing":
            self.store.move(row, "running", BY, self._at(), **changes)
        else:
            self.store.listed(row, row.listing, **changes)
        logger.info("map", extra={"backfill": row.id, "round": number, "chunks": len(left)})
        return Answer("map", manifest, row.work.concurrency, number)

    def _classified(self, row: Backfill, images: int) -> Answer:
        """Every chunk is done."""
        if images != row.listing.images:
            return self._differs(row, images)
        if row.work.compares:
            return Answer("compare")
        self.store.move(row, "done", BY, self._at())
        return Answer("over")

    def _differs(self, row: Backfill, images: int) -> Answer:
        sentence = f"{row.listing.images:,} images were listed, and {images:,} are accounted for."
        reason = BackfillReason("counts_differ", sentence)
        self.store.move(row, "failed", BY, self._at(), reason)
        return Answer("over")

    def _end(
        self, row: Backfill, state: Literal["failed", "stopped"], error: VisionFlowError
    ) -> None:
        self.store.move(row, state, BY, self._at(), BackfillReason(error.code, str(error)))

    def _at(self) -> str:
        return timestamp(self.now())
