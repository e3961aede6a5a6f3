"""Counters of hours (UTC) as days of whoever looks at them."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from visionflow.errors import InvalidParameterError
from visionflow.insights.changes import HOUR, UNSENT
from visionflow.insights.counters import Counted
from visionflow.models.ref import ModelRef

# Of any time zone that there is: UTC-12 to UTC+14.
LEAST_OFFSET, MOST_OFFSET = -12 * 60, 14 * 60


@dataclass(frozen=True)
class Zone:
    """A time zone as the minutes that its clocks are ahead of UTC. An hour that two days share, in
    zones with half hours, belongs to the day of its middle."""

    minutes: int

    @classmethod
    def of(cls, minutes: int | None) -> "Zone":
        """UTC by default. Raises `InvalidParameterError`."""
        if minutes is not None and not LEAST_OFFSET <= minutes <= MOST_OFFSET:
            raise InvalidParameterError(
                f"offset must be between {LEAST_OFFSET} and {MOST_OFFSET} minutes, "
                f"found {minutes}.",
                "offset",
            )
        return cls(minutes or 0)

    def local(self, at: datetime) -> datetime:
        return at.astimezone(timezone(timedelta(minutes=self.minutes)))

    def day_of(self, utc_day: str, hour: int) -> str:
        middle = datetime.fromisoformat(utc_day) + timedelta(hours=hour, minutes=self.minutes + 30)
        return middle.date().isoformat()


@dataclass(frozen=True)
class Days:
    """Images by the viewer's day and by the version that answered (None: none did).

    ``by_utc_day`` are the days with images that were counted before hours were: those stay on the
    day that UTC has. ``hours``: how many hours of each day had images.
    """

    images: dict[tuple[str, ModelRef | None], int]
    by_utc_day: frozenset[str]
    hours: Counter[str]

    def on(self, day: str) -> int:
        return sum(n for (found, _), n in self.images.items() if found == day)

    def since(self, first: str) -> dict[ModelRef | None, int]:
        """Images by version on ``first`` and later."""
        sums = Counter[ModelRef | None]()
        for (day, model), n in self.images.items():
            if day >= first:
                sums[model] += n
        return dict(sums)

    def between(self, first: str, last: str) -> dict[str, int]:
        """Images of each day, those without any too."""
        day, end = date.fromisoformat(first), date.fromisoformat(last)
        found: dict[str, int] = {}
        while day <= end:
            found[day.isoformat()] = self.on(day.isoformat())
            day += timedelta(days=1)
        return found


def viewer_days(counted: Iterable[Counted], zone: Zone, today: str) -> Days:
    """``today`` of the viewer: no image is later, also where the middle of its hour is."""
    images: defaultdict[tuple[str, ModelRef | None], int] = defaultdict(int)
    hours: set[tuple[str, int]] = set()
    by_utc_day: set[str] = set()
    for row in counted:
        # What a device answered without its image cost nothing.
        total = sum(row.under("status.").values()) - max(row[UNSENT], 0)
        for text, counted_then in row.under(HOUR).items():
            # What was counted before hours were is in the total alone.
            n = min(counted_then, total)
            total -= n
            images[min(zone.day_of(row.day, int(text)), today), row.model] += n
            hours.add((row.day, int(text)))
        if total > 0:
            day = min(row.day, today)
            images[day, row.model] += total
            by_utc_day.add(day)
    per_day = Counter(min(zone.day_of(day, hour), today) for day, hour in hours)
    return Days({key: n for key, n in images.items() if n}, frozenset(by_utc_day), per_day)
