"""Statistics: what the counters say about some days."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from lambdas.api.resources import Resources
from lambdas.api.stats.agreement import DeviceAgreement, agreement
from lambdas.api.stats.daily import DailyStats, daily_stats
from visionflow.access.caller import Caller
from visionflow.insights.accuracy import by_feedback, of_kind
from visionflow.insights.changes import NONE, ORIGIN, QUEUE, UNFAMILIAR
from visionflow.insights.counters import Counted, CounterStore, by_model
from visionflow.insights.drift_watch import DriftWatch
from visionflow.insights.intervals import Share, share
from visionflow.models.drift import Drift


@dataclass(frozen=True)
class DayStats:
    """Images of one day (UTC) by status, and those that are ``unknown`` by reason."""

    day: str
    ok: int
    unknown: int
    unsure: int
    unfamiliar: int
    failed: int


@dataclass(frozen=True)
class ModelFeedback(Share):
    """How often a version was right on images with feedback, with a 95 % Wilson interval;
    ``per_label``: the same by the label that people gave. A parent is right for every label below
    it. ``none``: images that show none of the labels, where ``unknown`` is right. ``queue``: images
    that people were asked about because they were the least certain. They are harder than others,
    so they are in none of the other numbers."""

    per_label: dict[str, Share]
    none: Share
    queue: Share


@dataclass(frozen=True)
class FeedbackStats:
    by_model: dict[str, ModelFeedback]


@dataclass(frozen=True)
class OriginStats:
    """Images by where they were classified first."""

    cloud: int
    browser: int
    edge: int


@dataclass(frozen=True)
class Stats:
    """Counters of whole days (UTC), of records also that have expired since.

    Versions are keys as ``name/version``. ``agreement`` has those that answered the same images
    on a device and in the cloud.
    ``by_label`` counts what every image was called, a parent of labels too, and the best guess of
    unknown ones. ``unsure`` and
    ``unfamiliar`` are the unknown ones by reason.
    """

    first_day: str
    last_day: str
    total: int
    by_status: dict[str, int]
    unsure: int
    unfamiliar: int
    by_label: dict[str, int]
    by_model: dict[str, int]
    by_origin: OriginStats
    agreement: dict[str, DeviceAgreement]
    by_day: tuple[DayStats, ...]
    feedback: FeedbackStats
    drift: dict[str, Drift]


@dataclass(frozen=True)
class StatsService:
    """Adds counters up. ``admins_only``: callers see their own records alone."""

    counters: CounterStore
    drift: DriftWatch
    admins_only: bool

    @classmethod
    def build(cls, resources: Resources) -> Self:
        admins_only = bool(resources.settings.own_records)
        return cls(resources.counters, DriftWatch(resources.models), admins_only)

    def of(self, days: tuple[str, str], caller: Caller) -> Stats:
        """Of the days from the first to the last. Where each caller sees only their own records,
        sums over everybody's are for admins. Raises `ForbiddenError`."""
        self._check(caller)
        first_day, last_day = days
        by_day = self.counters.days(first_day, last_day)
        counted = [*by_day, *self.counters.labels(first_day, last_day)]
        versions = dict(sorted(by_model(counted).items(), key=lambda item: item[0].text))
        by_status = _sum(by_day, "status.")
        unfamiliar = sum(day[UNFAMILIAR] for day in by_day)
        totals = {m.text: sum(own.under("status.").values()) for m, own in versions.items()}
        feedback = {m.text: _feedback(own) for m, own in versions.items()}
        return Stats(
            first_day=first_day,
            last_day=last_day,
            total=sum(by_status.values()),
            by_status={s: by_status.get(s, 0) for s in ("ok", "unknown", "failed")},
            unsure=by_status.get("unknown", 0) - unfamiliar,
            unfamiliar=unfamiliar,
            by_label=_sum(counted, "label."),
            by_model={name: n for name, n in totals.items() if n},
            by_origin=_by_origin(by_day),
            agreement={m.text: a for m, own in versions.items() if (a := agreement(own))},
            by_day=tuple(_days(by_day)),
            feedback=FeedbackStats({name: f for name, f in feedback.items() if f.n or f.queue.n}),
            drift={m.text: found for m, found in self.drift.by_model(counted).items()},
        )

    def daily(self, days: tuple[str, str], caller: Caller) -> DailyStats:
        """As `of`, day by day and version by version. Raises `InvalidParameterError` for too many
        days."""
        self._check(caller)
        return daily_stats(self.counters, *days)

    def _check(self, caller: Caller) -> None:
        if self.admins_only:
            caller.require("admin")


def _sum(counted: Iterable[Counted], prefix: str) -> dict[str, int]:
    total = Counter[str]()
    for day in counted:
        total.update(day.under(prefix))
    return {name: n for name, n in sorted(total.items()) if n}


def _by_origin(counted: Sequence[Counted]) -> OriginStats:
    """Nothing counts the cloud's: it made whatever no device did."""
    total = sum(_sum(counted, "status.").values())
    made = _sum(counted, ORIGIN)
    browser, edge = made.get("browser", 0), made.get("edge", 0)
    return OriginStats(max(0, total - browser - edge), browser, edge)


def _days(counted: Iterable[Counted]) -> list[DayStats]:
    by_day: dict[str, Counter[str]] = {}
    for row in counted:
        by_day.setdefault(row.day, Counter()).update(row.amounts)
    days = [
        DayStats(
            day=day,
            ok=n["status.ok"],
            unknown=n["status.unknown"],
            unsure=n["status.unknown"] - n[UNFAMILIAR],
            unfamiliar=n[UNFAMILIAR],
            failed=n["status.failed"],
        )
        # Without what is below zero: it was erased before it was counted.
        for day, n in sorted((day, +amounts) for day, amounts in by_day.items())
    ]
    return [day for day in days if day.ok or day.unknown or day.failed]


def _feedback(counted: Counted) -> ModelFeedback:
    given, right = counted.under("given."), counted.under("right.")
    per_label = {label: share(right.get(label, 0), n) for label, n in sorted(given.items())}
    none, queue = of_kind(counted, NONE), of_kind(counted, QUEUE)
    total = by_feedback(counted)
    return ModelFeedback(total.n, total.correct, total.low, total.high, per_label, none, queue)
