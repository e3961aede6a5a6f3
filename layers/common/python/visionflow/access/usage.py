"""How much each caller and the whole stage may use, counted in DynamoDB.

Rows: ``CALLER#<id> / <month>`` and ``STAGE#<shard> / <month>``, with one number for each quota. A
number grows by a conditional update, so it never passes its limit, however many functions count at
once. DynamoDB forgets the rows some weeks after their month. A caller's row also counts the
requests of the current minute.
"""

import json
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from visionflow import dynamodb, strict
from visionflow.access.budget import STAGE, STOPPED, expires_at, month_key
from visionflow.access.caller import Caller
from visionflow.access.quotas import (
    QUOTAS,
    Amounts,
    QuotaLeft,
    Quotas,
    Refusal,
    Row,
    left,
    minute_of,
    parts_of,
    refusal_of,
    spent_of,
    stage_rows,
    stoppable,
    whole,
)
from visionflow.errors import PlatformError, QuotaExceededError
from visionflow.settings import EnvSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# For how long a function refuses by itself what was refused, so that a flood costs no more calls.
REFUSED_S = 15.0

_ATTEMPTS = 4


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
        futures = [self._threads.submit(self._spend_stage, spent, now)]
        if caller is not None:
            futures.insert(0, self._threads.submit(self._spend_caller, caller, spent, now))

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
        if caller is not None:
            self._raise_again(self._caller_row(caller).pk, spent)
        self._raise_again(STAGE, spent)

    def _raise_again(self, pk: str, spent: Amounts) -> None:
        for quota in (*spent_of(spent), "minute", STOPPED):
            until, error = self._refused.get((pk, quota), (0.0, None))
            if error is None or (quota == STOPPED and not stoppable(spent)):
                continue
            if self._clock() < until:
                raise type(error)(str(error), error.retry_after)
            del self._refused[pk, quota]

    def left(self, caller: Caller) -> tuple[QuotaLeft, ...]:
        """The quotas of the caller and of the stage, with what is used of them."""
        now = self._now()
        found: list[QuotaLeft] = []
        row = self._caller_row(caller)
        used = self._read(row, now)
        found += left("caller", row.limits, used)
        if row.per_minute is not None:
            in_minute = used.get("in_minute", 0) if used.get("minute") == minute_of(now) else 0
            found.append(QuotaLeft("requests", "caller", "minute", row.per_minute, in_minute))
        found += left("stage", self._quotas.stage, self._stage_used(now))
        return tuple(found)

    @property
    def _stage(self) -> "tuple[Row, ...]":
        return stage_rows(self._quotas.stage)

    def _caller_row(self, caller: Caller) -> Row:
        limits, per_minute = self._quotas.caller, self._quotas.requests_per_minute
        if caller.requests_per_month is not None:
            limits = replace(limits, requests=caller.requests_per_month)
        if caller.requests_per_minute is not None:
            per_minute = caller.requests_per_minute
        return Row(f"CALLER#{caller.id}", "You", limits, per_minute)

    def _spend_caller(self, caller: Caller, spent: Amounts, now: datetime) -> None:
        row = self._caller_row(caller)
        if refusal := self._refused_by(row, spent, now):
            self._remember(row.pk, refusal)
            raise refusal.error

    def _spend_stage(self, spent: Amounts, now: datetime) -> None:
        jobs = Amounts(jobs=spent.jobs, job_usd=spent.job_usd)
        often = replace(spent, jobs=0, job_usd=0.0)
        refusal = None
        if spent_of(jobs):
            refusal = self._refused_by(self._stage[0], jobs, now)
        if spent_of(often) and refusal is None:
            refusal = self._refused_by_all(often, now)
        if refusal is not None:
            self._remember(STAGE, refusal)
            raise refusal.error

    def _refused_by_all(self, spent: Amounts, now: datetime) -> "Refusal | None":
        """Counts in any row of the stage that has room, else in several of them."""
        for row in random.sample(self._stage, len(self._stage)):
            refusal = self._refused_by(row, spent, now)
            if refusal is None or refusal.quota == STOPPED:
                return refusal
        used = self._stage_used(now)
        if total := refusal_of(whole(self._stage[0]), spent, used, now, None):
            return total
        parts = parts_of(spent)
        if not parts:
            return refusal
        found = (self._refused_by_all(part, now) for part in parts)
        return next((part for part in found if part is not None), None)

    def _stage_used(self, now: datetime) -> dict[str, Any]:
        """What the rows of the stage have counted together, and its stop."""
        first, *others = (self._read(row, now) for row in self._stage)
        sums = {q: sum(row.get(q, 0) for row in (first, *others)) for q in QUOTAS}
        return first | sums

    def _refused_by(self, row: Row, spent: Amounts, now: datetime) -> "Refusal | None":
        """Count in ``row``, or say why not."""
        minute = minute_of(now) if row.per_minute is not None and spent.requests else None
        begun = minute is not None and self._minutes.get(row.pk) == minute
        for _ in range(_ATTEMPTS):
            if self._add(row, spent, now, minute, begun=begun):
                break
            used = self._read(row, now)
            if refusal := refusal_of(row, spent, used, now, minute):
                return refusal
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
        return None

    def _add(
        self, row: Row, spent: Amounts, now: datetime, minute: str | None, *, begun: bool
    ) -> bool:
        """One conditional update; False when the row does not allow it. ``begun``: the row is
        taken to be at ``minute`` already."""
        amounts = spent_of(spent)
        lefts = {quota: getattr(row.limits, quota) - n for quota, n in amounts.items()}
        if min(lefts.values(), default=0) < 0:
            return False
        add = [f"#{quota} :{quota}" for quota in amounts]
        put = ["expires_at = :end"]
        needs = [f"(attribute_not_exists(#{q}) OR #{q} <= :{q}left)" for q in amounts]
        names = {f"#{quota}": quota for quota in amounts}
        values: dict[str, Any] = {f":{quota}": n for quota, n in amounts.items()}
        values |= {f":{quota}left": left for quota, left in lefts.items()}
        values[":end"] = expires_at(now)
        if row.is_stage and stoppable(spent):
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

    def _read(self, row: Row, now: datetime) -> dict[str, Any]:
        found = dynamodb.read_item(
            self._client, self._table, month_key(row.pk, now), now=now.timestamp()
        )
        return dynamodb.from_row(found or {})

    def _remember(self, pk: str, refusal: "Refusal") -> None:
        # Who asked for too costly a job may ask for a cheaper one at once.
        if refusal.quota == "job_usd":
            return
        if len(self._refused) > 1000:
            self._refused.clear()
        seconds = min(REFUSED_S, refusal.error.retry_after)
        self._refused[pk, refusal.quota] = (self._clock() + seconds, refusal.error)
