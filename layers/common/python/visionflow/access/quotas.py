"""How much each caller and the whole stage may use, and the rows in which it is counted.

Every request and every dropped image writes a row of the stage, and DynamoDB takes 1,000 writes a
second to one row. So what comes often is spread over several rows, each with its share of the
limit; what one of them has no room for goes to another. Jobs are few, and are counted in the first.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
"""

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from visionflow.access.budget import STAGE_ROWS, STOPPED, stop_in
from visionflow.errors import BudgetStoppedError, QuotaExceededError
from visionflow.timestamps import timestamp

# What an instant training counts as, so that it costs no more than so many images: 15 minutes of a
# function with 3 GB are 4 cents, an image at its dearest 0.02 cents.
TRAINING_IMAGES = 200


@dataclass(frozen=True)
class Amounts:
    """What is spent, or may be spent in a month. ``bytes`` of images and of answers; ``job_usd`` is
    the sum of the budgets that training jobs were started with."""

    requests: int = 0
    images: int = 0
    bytes: int = 0
    jobs: int = 0
    job_usd: float = 0.0


QUOTAS = tuple(field.name for field in dataclasses.fields(Amounts))
# What the stage counts in its first row alone.
_JOBS = ("jobs", "job_usd")
_WORDS = {"bytes": "bytes", "job_usd": "USD for training jobs", "jobs": "training jobs"}
# They stand for work that costs money; the others are refused only by their own limits.
_STOPPABLE = ("images", "jobs")


@dataclass(frozen=True)
class Quotas:
    """``caller`` and ``stage`` are for a calendar month (UTC), ``requests_per_minute`` is for a
    caller. An API key may have its own numbers of requests."""

    requests_per_minute: int
    caller: Amounts
    stage: Amounts


Whose = Literal["caller", "stage"]


@dataclass(frozen=True)
class QuotaLeft:
    """One quota of a caller or of the whole stage, and how much of it is used."""

    quota: str
    of: Whose
    per: Literal["minute", "month"]
    limit: float
    used: float


@dataclass(frozen=True)
class Row:
    """Whose row it is, and what it may hold. ``per_minute``: requests, None for any number.
    ``whole``: the limits of all rows of the same owner together, where there are several."""

    pk: str
    owner: str
    limits: Amounts
    per_minute: int | None = None
    whole: Amounts | None = None

    @property
    def is_stage(self) -> bool:
        return self.pk in STAGE_ROWS


@dataclass(frozen=True)
class Refusal:
    """By which quota, and what the caller is told."""

    quota: str
    error: QuotaExceededError


@lru_cache
def stage_rows(limits: Amounts) -> tuple[Row, ...]:
    """The rows of the stage, each with its share of what comes often; jobs are the first one's."""
    n = len(STAGE_ROWS)
    rows = []
    for shard, pk in enumerate(STAGE_ROWS):
        share = {q: (getattr(limits, q) + n - 1 - shard) // n for q in QUOTAS if q not in _JOBS}
        jobs = {q: getattr(limits, q) if shard == 0 else 0 for q in _JOBS}
        rows.append(Row(pk, "This stage", Amounts(**share, **jobs), whole=limits))
    return tuple(rows)


def whole(row: Row) -> Row:
    """All rows of the same owner as one."""
    return replace(row, limits=row.whole or row.limits)


def parts_of(spent: Amounts) -> list[Amounts]:
    """Each quota for itself, then its halves. They are only numbers: rows may share them, even the
    bytes of one image. Empty where nothing can be divided."""
    amounts = {"requests": spent.requests, "images": spent.images, "bytes": spent.bytes}
    several = {quota: n for quota, n in amounts.items() if n}
    if len(several) > 1:
        return [Amounts(**{quota: n}) for quota, n in several.items()]
    return [
        Amounts(**{quota: part})
        for quota, n in several.items()
        for part in (n // 2, n - n // 2)
        if n > 1
    ]


def left(of: Whose, limits: Amounts, used: dict[str, Any]) -> Iterator[QuotaLeft]:
    for quota in QUOTAS:
        yield QuotaLeft(quota, of, "month", getattr(limits, quota), used.get(quota, 0))


def refusal_of(
    row: Row, spent: Amounts, used: dict[str, Any], now: datetime, minute: str | None
) -> Refusal | None:
    """Why the row does not allow ``spent``, and by which quota; None when it would now."""
    next_month, next_minute = start_of_next_month(now), start_of_next_minute(now)
    stop = stop_in(used) if row.is_stage and stoppable(spent) else None
    if stop is not None:
        return Refusal(
            STOPPED,
            BudgetStoppedError(
                f"This stage is stopped since {stop.at}: {stop.reason} An admin may resume it; "
                f"otherwise it goes on at {timestamp(next_month)}.",
                _seconds(now, next_month),
            ),
        )
    for quota, n in spent_of(spent).items():
        if used.get(quota, 0) + n > getattr(row.limits, quota):
            limit = getattr(row.whole or row.limits, quota)
            return Refusal(quota, _exceeded(row, limit, quota, "month", now, next_month))
    counted = used["in_minute"] if minute and used.get("minute") == minute else 0
    if minute and row.per_minute is not None and counted + spent.requests > row.per_minute:
        error = _exceeded(row, row.per_minute, "requests", "minute", now, next_minute)
        return Refusal("minute", error)
    return None


def _exceeded(
    row: Row, limit: float, quota: str, per: str, now: datetime, again: datetime
) -> QuotaExceededError:
    has = "have" if row.owner == "You" else "has"
    return QuotaExceededError(
        f"{row.owner} {has} no more left of the {limit:,g} {_WORDS.get(quota, quota)} per {per} "
        f"(quota {quota}_per_{per}); the next {per} begins at {timestamp(again)}.",
        _seconds(now, again),
    )


def spent_of(amounts: Amounts) -> dict[str, float]:
    """The quotas that are spent at all."""
    return {quota: n for quota in QUOTAS if (n := getattr(amounts, quota))}


def stoppable(amounts: Amounts) -> bool:
    return any(getattr(amounts, quota) for quota in _STOPPABLE)


def minute_of(now: datetime) -> str:
    return timestamp(now)[:16]


def start_of_next_minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0) + timedelta(minutes=1)


def start_of_next_month(now: datetime) -> datetime:
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


def _seconds(now: datetime, then: datetime) -> int:
    return max(1, math.ceil((then - now).total_seconds()))
