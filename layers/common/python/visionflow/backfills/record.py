"""A backfill as it is stored, and as the API shows it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from visionflow.backfills.request import Work
from visionflow.costs.amounts import Amounts
from visionflow.timestamps import timestamp

BackfillState = Literal["listing", "running", "paused", "stopped", "cancelled", "failed", "done"]
"""`stopped`: by its budget or a quota; like `paused` and `cancelled` it can be resumed. `failed`:
what is left can be retried."""

STATES: Final[tuple[BackfillState, ...]] = get_args(BackfillState)
AT_WORK: Final[tuple[BackfillState, ...]] = ("listing", "running")
RESUMABLE: Final[tuple[BackfillState, ...]] = ("paused", "stopped", "cancelled")
ENDED: Final[tuple[BackfillState, ...]] = ("cancelled", "failed", "done")

OUTCOMES: Final = ("ok", "unknown", "failed", "skipped")


@dataclass(frozen=True)
class BackfillReason:
    """Why a backfill is not at work: the code of an error, and a sentence."""

    code: str
    message: str


@dataclass(frozen=True)
class BackfillEvent:
    """A change of state: when, by whom, and why where it was not asked for."""

    at: str
    by: str
    state: BackfillState
    code: str | None = None


@dataclass(frozen=True)
class BackfillEstimate:
    """What a backfill takes, as said beforehand.

    ``images``: as many, or at least as many where they are not all counted yet (``exact`` is
    false). ``seconds`` from the start to the end, at the backfill's concurrency. ``items``: dollars
    by item. ``basis``: ``earlier`` where an earlier backfill of the stage was measured, else
    ``release``, by the measurements of this release.
    """

    images: int
    exact: bool
    bytes: int
    usd: float
    seconds: float
    items: Amounts
    basis: Literal["earlier", "release"]


@dataclass(frozen=True)
class Listing:
    """How far a source was listed. ``token``: where the next slice begins; null at the start and,
    with ``done``, at the end. ``not_images``: names that cannot be images. ``calls``: requests for
    pages or files of the list. ``images`` are in ``chunks``."""

    token: str | None = None
    done: bool = False
    images: int = 0
    bytes: int = 0
    chunks: int = 0
    not_images: int = 0
    calls: int = 0
    seen: int = 0


@dataclass(frozen=True)
class Spent:
    """What was done for a backfill, added up over its chunks. ``ms`` of its functions; ``reads``,
    ``writes`` of S3, ``records`` written. ``codes``: how many images failed, by code."""

    ok: int = 0
    unknown: int = 0
    failed: int = 0
    skipped: int = 0
    chunks: int = 0
    calls: int = 0
    ms: int = 0
    reads: int = 0
    writes: int = 0
    records: int = 0
    bytes: int = 0

    @property
    def images(self) -> int:
        return self.ok + self.unknown + self.failed + self.skipped


@dataclass(frozen=True)
class Backfill:
    """The row of a backfill.

    Attributes:
        execution: counts the executions of the state machine, as of a resumed backfill.
        round: counts the maps of an execution.
        brought: images that were done, and workers that had died at an image, when the last map
            began.
        active_s: seconds of work before ``running_since``, which is null while it does not work.
        listed_s: of them until the listing was done.
    """

    id: str
    work: Work
    state: BackfillState
    created_at: str
    started_by: str
    listing: Listing
    estimate: BackfillEstimate
    execution: int = 1
    round: int = 0
    brought: int = 0
    running_since: str | None = None
    active_s: float = 0.0
    ended_at: str | None = None
    reason: BackfillReason | None = None
    history: tuple[BackfillEvent, ...] = ()

    def active(self, now: datetime) -> float:
        """Seconds of work up to ``now``."""
        if self.running_since is None:
            return self.active_s
        return self.active_s + seconds_between(self.running_since, timestamp(now))


@dataclass(frozen=True)
class BackfillProgress:
    """``listed`` images are ``ok``, ``unknown``, ``failed`` (they can never be classified),
    ``skipped`` (they had their record already) or still ``left``. ``not_images``: objects that were
    passed over by their names. ``listed_all``: whether the listing has come to its end.
    ``images_per_second`` and the rest are null until the first chunk is done."""

    listed: int
    listed_all: bool
    not_images: int
    ok: int
    unknown: int
    failed: int
    skipped: int
    left: int
    chunks: int
    chunks_done: int
    failed_codes: dict[str, int]
    active_seconds: float
    spent_usd: float
    images_per_second: float | None
    expected_end: str | None
    expected_seconds: float | None
    expected_usd: float | None


@dataclass(frozen=True)
class BackfillResults:
    """Where the Parquet files are: ``location`` in S3, the Glue ``table`` by which Athena finds
    them, and a ``query`` to begin with."""

    location: str
    database: str
    table: str
    query: str


@dataclass(frozen=True)
class BackfillView:
    """A backfill with its progress. ``progress.spent_usd`` and ``active_seconds`` of one that has
    ended are what it took, against ``estimate``. ``compares``: it has, once it is done, a
    comparison of its two versions."""

    id: str
    state: BackfillState
    reason: BackfillReason | None
    source: str
    models: tuple[str, ...]
    compares: bool
    into: Literal["files", "records"]
    sample: int | None
    concurrency: int
    max_usd: float | None
    role: str | None
    created_at: str
    started_by: str
    ended_at: str | None
    estimate: BackfillEstimate
    progress: BackfillProgress
    results: BackfillResults | None
    history: tuple[BackfillEvent, ...]


def seconds_between(earlier: str, later: str) -> float:
    """Of two times as `timestamp` writes them."""
    first, last = (datetime.fromisoformat(text) for text in (earlier, later))
    return max(0.0, (last - first).total_seconds())


def progress_of(
    row: Backfill, spent: Spent, codes: dict[str, int], usd: float, now: datetime
) -> BackfillProgress:
    """``usd``: what it has cost so far."""
    active, done = row.active(now), spent.images
    left = max(0, row.listing.images - done)
    rate = done / active if done and active > 0 else None
    seconds = left / rate if rate and row.listing.done else None
    at_work = row.state in AT_WORK
    return BackfillProgress(
        listed=row.listing.images,
        listed_all=row.listing.done,
        not_images=row.listing.not_images,
        ok=spent.ok,
        unknown=spent.unknown,
        failed=spent.failed,
        skipped=spent.skipped,
        left=left,
        chunks=row.listing.chunks,
        chunks_done=spent.chunks,
        failed_codes=codes,
        active_seconds=active,
        spent_usd=usd,
        images_per_second=rate,
        expected_end=timestamp(now + timedelta(seconds=seconds))
        if at_work and seconds is not None
        else None,
        expected_seconds=None if seconds is None else active + seconds,
        expected_usd=usd / done * row.listing.images if done else None,
    )
