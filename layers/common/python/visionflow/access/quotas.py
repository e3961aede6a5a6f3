"""How much each caller and the whole stage may use, counted in DynamoDB.

Rows: ``CALLER#<id> / <month>`` and ``STAGE / <month>``, with one number for each quota. A number
grows by a conditional update, so it never passes its limit, however many functions count at once.
DynamoDB forgets the rows some weeks after their month. A caller's row also counts the requests of
the current minute.

The stage's row is written by every request. DynamoDB takes 1,000 writes a second to one row, ten
times the throttle of `prod`: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
"""

import dataclasses
import json
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from visionflow import dynamodb, strict
from visionflow.access.budget import STAGE, STOPPED, expires_at, month_key, stop_in
from visionflow.access.caller import Caller
from visionflow.errors import (
    BudgetStoppedError,
    PlatformError,
    QuotaExceededError,
)
from visionflow.settings import EnvSettings
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# For how long a function refuses by itself what was refused, so that a flood costs no more calls.
REFUSED_S = 15.0

_ATTEMPTS = 4


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


_QUOTAS = tuple(field.name for field in dataclasses.fields(Amounts))
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


@dataclass(frozen=True)
class UsageSettings(EnvSettings):
    """The part of a function's environment by which it counts; ``quotas`` is JSON."""

    usage_table: str
    quotas: str

    @classmethod
    def of(cls, usage_table: str, quotas: Quotas) -> Self:
        return cls(usage_table, json.dumps(strict.to_dict(quotas)))

    def store(self, client: "DynamoDBClient") -> "UsageStore":
        """Raises `ConfigError` for quotas that are not `Quotas`."""
        quotas = strict.parse_json(Quotas, self.quotas, "environment.quotas")
        return UsageStore(self.usage_table, client, quotas)


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
class _Row:
    """Whose row it is, and what it may hold. ``per_minute``: requests, None for any number."""

    pk: str
    owner: str
    limits: Amounts
    per_minute: int | None = None


class UsageStore:
    """Owns the usage table."""

    def __init__(
        self,
        table: str,
        client: "DynamoDBClient",
        quotas: Quotas,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table = table
        self._client = client
        self._quotas = quotas
        self._now = now
        self._clock = clock
        # By row and quota: until when it is refused, and by which error.
        self._refused: dict[tuple[str, str], tuple[float, QuotaExceededError]] = {}
        # The last minute that was seen in a caller's row: it decides which update is tried first.
        self._minutes: dict[str, str] = {}
        self._threads = ThreadPoolExecutor(2, "usage")

    def spend(self, caller: Caller | None, spent: Amounts) -> None:
        """Count ``spent`` for the caller and the stage; of a dropped image there is no caller.

        Raises `QuotaExceededError` when one of them may not, `BudgetStoppedError` for images and
        jobs while the stage is stopped. What one of the two rows refuses may be counted in the
        other: what is refused counts too.
        """
        with self.spending(caller, spent):
            pass

    @contextmanager
    def spending(self, caller: Caller | None, spent: Amounts) -> Iterator[Callable[[], None]]:
        """`spend` beside other work. The function that it gives waits for the counting and raises
        what `spend` raises; so does the end, whatever else was raised."""
        self.check(caller, spent)
        now = self._now()
        futures = [self._threads.submit(self._spend, row, spent, now) for row in self._rows(caller)]

        def settle() -> None:
            wait(futures)  # no call may be under way when Lambda freezes the function
            for future in futures:
                future.result()

        try:
            yield settle
        finally:
            settle()

    def check(self, caller: Caller | None, spent: Amounts) -> None:
        """Raise what was raised a moment ago for the same quota. Makes no call."""
        for row in self._rows(caller):
            for quota in (*_spent(spent), "minute", STOPPED):
                until, error = self._refused.get((row.pk, quota), (0.0, None))
                if error is None or (quota == STOPPED and not _stoppable(spent)):
                    continue
                if self._clock() < until:
                    raise type(error)(str(error), error.retry_after)
                del self._refused[row.pk, quota]

    def left(self, caller: Caller) -> tuple[QuotaLeft, ...]:
        """The quotas of the caller and of the stage, with what is used of them."""
        now = self._now()
        found: list[QuotaLeft] = []
        for of, row in zip(get_args(Whose), self._rows(caller), strict=True):
            used = self._read(row, now)
            for quota in _QUOTAS:
                limit = getattr(row.limits, quota)
                found.append(QuotaLeft(quota, of, "month", limit, used.get(quota, 0)))
            if row.per_minute is not None:
                in_minute = used.get("in_minute", 0) if used.get("minute") == _minute(now) else 0
                found.append(QuotaLeft("requests", of, "minute", row.per_minute, in_minute))
        return tuple(found)

    def _rows(self, caller: Caller | None) -> tuple[_Row, ...]:
        stage = _Row(STAGE, "This stage", self._quotas.stage)
        if caller is None:
            return (stage,)
        limits, per_minute = self._quotas.caller, self._quotas.requests_per_minute
        if caller.requests_per_month is not None:
            limits = replace(limits, requests=caller.requests_per_month)
        if caller.requests_per_minute is not None:
            per_minute = caller.requests_per_minute
        return _Row(f"CALLER#{caller.id}", "You", limits, per_minute), stage

    def _spend(self, row: _Row, spent: Amounts, now: datetime) -> None:
        minute = _minute(now) if row.per_minute is not None and spent.requests else None
        begun = minute is not None and self._minutes.get(row.pk) == minute
        for _ in range(_ATTEMPTS):
            if self._add(row, spent, now, minute, begun=begun):
                break
            used = self._read(row, now)
            if error := _refusal(row, spent, used, now, minute):
                self._remember(row, *error)
                raise error[1]
            # Another function has begun the minute, or this one's clock is behind.
            seen = str(used.get("minute", ""))
            begun = minute is not None and seen >= minute
            minute = max(minute, seen) if minute is not None else None
        else:
            raise PlatformError("The counters of usage keep changing; try again.")
        if minute is not None:
            if len(self._minutes) > 1000:
                self._minutes.clear()
            self._minutes[row.pk] = minute

    def _add(
        self, row: _Row, spent: Amounts, now: datetime, minute: str | None, *, begun: bool
    ) -> bool:
        """One conditional update; False when the row does not allow it. ``begun``: the row is
        taken to be at ``minute`` already."""
        amounts = _spent(spent)
        lefts = {quota: getattr(row.limits, quota) - n for quota, n in amounts.items()}
        if min(lefts.values(), default=0) < 0:
            return False
        add = [f"#{quota} :{quota}" for quota in amounts]
        put = ["expires_at = :end"]
        needs = [f"(attribute_not_exists(#{q}) OR #{q} <= :{q}_left)" for q in amounts]
        names = {f"#{quota}": quota for quota in amounts}
        values: dict[str, Any] = {f":{quota}": n for quota, n in amounts.items()}
        values |= {f":{quota}_left": left for quota, left in lefts.items()}
        values[":end"] = expires_at(now)
        if row.pk == STAGE and _stoppable(spent):
            needs.append(f"attribute_not_exists({STOPPED})")
        if minute is not None:
            names["#minute"] = "minute"
            values |= {":minute": minute, ":one": spent.requests}
            if begun:
                add.append("in_minute :one")
                needs.append("#minute = :minute AND in_minute <= :minute_left")
                values[":minute_left"] = (row.per_minute or 0) - spent.requests
            else:
                put += ["#minute = :minute", "in_minute = :one"]
                needs.append("(attribute_not_exists(#minute) OR #minute < :minute)")
        try:
            self._client.update_item(
                TableName=self._table,
                Key=month_key(row.pk, now),
                UpdateExpression=f"SET {', '.join(put)} ADD {', '.join(add)}",
                ConditionExpression=" AND ".join(needs),
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=dynamodb.to_item(values),
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _read(self, row: _Row, now: datetime) -> dict[str, Any]:
        found = dynamodb.read_item(
            self._client, self._table, month_key(row.pk, now), now=now.timestamp()
        )
        return dynamodb.from_row(found or {})

    def _remember(self, row: _Row, quota: str, error: QuotaExceededError) -> None:
        # Who asked for too costly a job may ask for a cheaper one at once.
        if quota == "job_usd":
            return
        if len(self._refused) > 1000:
            self._refused.clear()
        seconds = min(REFUSED_S, error.retry_after)
        self._refused[row.pk, quota] = (self._clock() + seconds, error)


def _refusal(
    row: _Row, spent: Amounts, used: dict[str, Any], now: datetime, minute: str | None
) -> tuple[str, QuotaExceededError] | None:
    """Why the row does not allow ``spent``, and by which quota; None when it would now."""
    next_month, next_minute = _next_month(now), _next_minute(now)
    stop = stop_in(used) if row.pk == STAGE and _stoppable(spent) else None
    if stop is not None:
        return STOPPED, BudgetStoppedError(
            f"This stage is stopped since {stop.at}: {stop.reason} An admin may resume it; "
            f"otherwise it goes on at {timestamp(next_month)}.",
            _seconds(now, next_month),
        )
    for quota, n in _spent(spent).items():
        limit = getattr(row.limits, quota)
        if used.get(quota, 0) + n > limit:
            return quota, _exceeded(row, limit, quota, "month", now, next_month)
    counted = used["in_minute"] if used.get("minute") == minute else 0
    if minute and row.per_minute is not None and counted + spent.requests > row.per_minute:
        return "minute", _exceeded(row, row.per_minute, "requests", "minute", now, next_minute)
    return None


def _exceeded(
    row: _Row, limit: float, quota: str, per: str, now: datetime, again: datetime
) -> QuotaExceededError:
    has = "have" if row.owner == "You" else "has"
    return QuotaExceededError(
        f"{row.owner} {has} no more left of the {limit:,g} {_WORDS.get(quota, quota)} per {per} "
        f"(quota {quota}_per_{per}); the next {per} begins at {timestamp(again)}.",
        _seconds(now, again),
    )


def _spent(amounts: Amounts) -> dict[str, float]:
    """The quotas that are spent at all."""
    return {quota: n for quota in _QUOTAS if (n := getattr(amounts, quota))}


def _stoppable(amounts: Amounts) -> bool:
    return any(getattr(amounts, quota) for quota in _STOPPABLE)


def _minute(now: datetime) -> str:
    return timestamp(now)[:16]


def _next_minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _next_month(now: datetime) -> datetime:
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


def _seconds(now: datetime, then: datetime) -> int:
    return max(1, math.ceil((then - now).total_seconds()))
