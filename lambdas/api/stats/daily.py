"""Statistics day by day and version by version."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from lambdas.api.stats.agreement import DeviceAgreement, agreement
from visionflow.errors import InvalidParameterError
from visionflow.insights.accuracy import by_feedback
from visionflow.insights.changes import ORIGIN, TOOK, UNFAMILIAR
from visionflow.insights.counters import Counted, CounterStore
from visionflow.insights.intervals import Share
from visionflow.insights.latencies import percentile
from visionflow.models.ref import ModelRef

# A row for each day and version.
MOST_DAYS = 92


@dataclass(frozen=True)
class Latency:
    """Milliseconds in the function of ``n`` answers, all steps together; percentiles are at most
    10 % off."""

    n: int
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True)
class VersionDay:
    """Images of one day (UTC) that one version answered; ``model`` is null for those that none did.

    ``unsure`` and ``unfamiliar`` are the unknown ones by reason, ``browser`` and ``edge`` those
    that a device answered first. ``latency`` is null where no answer's was counted. ``agreement``:
    with devices on images of that day; null where none was compared. ``feedback``: how often it was
    right on the images of that day that people have judged since, with a 95 % Wilson interval; null
    without any.
    """

    day: str
    model: ModelRef | None
    ok: int
    unsure: int
    unfamiliar: int
    failed: int
    browser: int
    edge: int
    latency: Latency | None
    agreement: DeviceAgreement | None
    feedback: Share | None


@dataclass(frozen=True)
class DailyStats:
    """Each day and version that has images or feedback, the first day first."""

    first_day: str
    last_day: str
    days: tuple[VersionDay, ...]


def daily_stats(counters: CounterStore, first: str, last: str) -> DailyStats:
    """Raises `InvalidParameterError` for more than `MOST_DAYS`."""
    days = (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
    if days > MOST_DAYS:
        raise InvalidParameterError(
            f"from and to may include at most {MOST_DAYS} days here, found {days}.", "from"
        )
    sums: dict[tuple[str, ModelRef | None], Counted] = {}
    for part in (*counters.days(first, last), *counters.feedback(first, last)):
        empty = Counted(part.day, part.model)
        sums.setdefault((part.day, part.model), empty).amounts.update(part.amounts)
    rows = map(_day, sums.values())
    found = (row for row in rows if row is not None)
    return DailyStats(first, last, tuple(sorted(found, key=lambda row: (row.day, str(row.model)))))


def _day(counted: Counted) -> VersionDay | None:
    n = +counted.amounts  # without what is below zero: it was erased before it was counted
    found = by_feedback(counted)
    feedback = found if found.n else None
    unfamiliar = min(n[UNFAMILIAR], n["status.unknown"])
    row = VersionDay(
        day=counted.day,
        model=counted.model,
        ok=n["status.ok"],
        unsure=n["status.unknown"] - unfamiliar,
        unfamiliar=unfamiliar,
        failed=n["status.failed"],
        browser=n[f"{ORIGIN}browser"],
        edge=n[f"{ORIGIN}edge"],
        latency=_latency(n),
        agreement=agreement(counted),
        feedback=feedback,
    )
    return row if row.ok or row.unsure or row.unfamiliar or row.failed or feedback else None


def _latency(amounts: Counter[str]) -> Latency | None:
    histogram = {
        int(name.removeprefix(TOOK)): n for name, n in amounts.items() if name.startswith(TOOK)
    }
    p50, p95 = percentile(histogram, 0.5), percentile(histogram, 0.95)
    if p50 is None or p95 is None:
        return None
    return Latency(sum(histogram.values()), p50, p95)
