"""Counters of what was answered, kept so that each change of a record counts exactly once.

A stream delivers a change at least once. A consumer writes, in one transaction, a marker for
each change (under the condition that it is not there) and the sums of what they add; a marker that
is there already takes its change out of the sums. Additions commute, so their order is free.

Rows of the table, besides the markers ``COUNTED#<id> / <revision>``:
``COUNTS / <day>#<name>#<version>#<shard>`` for what one version answered to the records of one day
(UTC), ``LABELS#<shard> / <month>#<name>#<version>#<label>`` for each label that it answered or that
people gave, with sums of the month and of its days, so that no row grows with the number of labels,
``PAIRS / <day>#<name>#<version>#<name>#<version>#<shard>`` for a version and its
shadow, and ``TRIAL / <alias>#<since>`` for what the rollback rule looks at.
"""

import time
import zlib
from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from visionflow.dynamodb import (
    Action,
    Found,
    Item,
    Sleep,
    back_off,
    from_row,
    query,
    read_item,
    to_item,
    transact,
)
from visionflow.errors import PlatformError
from visionflow.models.ref import ModelRef
from visionflow.models.rollback_rule import Tally
from visionflow.models.routing import Trial

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Rows that concurrent consumers add to are spread over this many, and summed when read.
SHARDS = 4
# A transaction holds 100 items, and an update's expression 4 KB.
CHUNK = 45
_MOST_ITEMS = 100
# A stream keeps a change for a day, so no marker is needed after that.
MARKER_LIFETIME_S = 3 * 86_400
_ATTEMPTS = 8
_BETWEEN = "pk = :pk AND sk BETWEEN :first AND :last"

# Of a row of `LABELS`: answers with the label, people who gave it, and those that were right.
FEEDBACK_COUNTERS = ("given", "right")
LABEL_COUNTERS = ("label", *FEEDBACK_COUNTERS)
LABELS = "LABELS"

Amounts = Mapping[str, int]


@dataclass(frozen=True, order=True)
class Row:
    """The key of a row of counters, without its shard."""

    kind: str
    name: str
    sharded: bool = True

    def key(self, shard: int) -> Item:
        """There are many rows of labels: they are spread over partitions."""
        if not self.sharded:
            return to_item({"pk": self.kind, "sk": self.name})
        if self.kind == LABELS:
            return to_item({"pk": f"{LABELS}#{shard}", "sk": self.name})
        return to_item({"pk": self.kind, "sk": f"{self.name}#{shard}"})


@dataclass(frozen=True)
class Change:
    """Something that happened to a record, and what it adds to which row."""

    prediction_id: str
    revision: str
    amounts: Mapping[Row, Amounts]


@dataclass(frozen=True)
class Counted:
    """The counters of one version (None: images that no version answered) on one day, or of its
    labels in one month."""

    day: str
    model: ModelRef | None
    amounts: Counter[str] = field(default_factory=Counter)

    def __getitem__(self, counter: str) -> int:
        return self.amounts[counter]

    def under(self, prefix: str) -> dict[str, int]:
        """The counters whose name begins with ``prefix``, by the rest of it, above zero."""
        return {
            name.removeprefix(prefix): amount
            for name, amount in self.amounts.items()
            # A record may be erased before it is counted; until then it is missing from the sums.
            if amount > 0 and name.startswith(prefix)
        }


@dataclass(frozen=True)
class Pair:
    """A version that answered and one that looked at the same images as its shadow."""

    served: ModelRef
    shadow: ModelRef
    amounts: Counter[str]


def by_model(parts: Iterable[Counted]) -> dict[ModelRef, Counted]:
    """The counters of each version, summed over the days and months."""
    sums: dict[ModelRef, Counted] = {}
    for part in parts:
        if part.model:
            sums.setdefault(part.model, Counted("", part.model)).amounts.update(part.amounts)
    return sums


def counts_row(day: str, model: ModelRef | None) -> Row:
    return Row("COUNTS", f"{day}#{_name(model)}")


def label_row(day: str, model: ModelRef | None, label: str) -> Row:
    return Row(LABELS, f"{day[:7]}#{_name(model)}#{label}")


def on_day(day: str, amounts: Amounts) -> Counter[str]:
    """``amounts`` as a row of `LABELS` has them: of the month, and of the day."""
    return Counter({**amounts, **{f"{name}.{day[8:]}": n for name, n in amounts.items()}})


def pair_row(day: str, served: ModelRef, shadow: ModelRef) -> Row:
    names = (served.name, served.version, shadow.name, shadow.version)
    return Row("PAIRS", "#".join((day, *names)))


def trial_row(trial: Trial) -> Row:
    return Row("TRIAL", f"{trial.alias}#{trial.since}", sharded=False)


class CounterStore:
    """Owns the counters in the insights table."""

    def __init__(
        self,
        table: str,
        client: "DynamoDBClient",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Sleep = time.sleep,
    ) -> None:
        self._table = table
        self._client = client
        self._clock = clock
        self._sleep = sleep

    def count(self, changes: Sequence[Change], also: Sequence[Action] = ()) -> int:
        """Add what was not counted yet; returns how many changes that was.

        ``also``: further actions of the transaction, for a single change; a condition of theirs
        that does not hold means that there is nothing to count. Raises `PlatformError` when other
        consumers keep the rows busy.
        """
        distinct = list({(c.prediction_id, c.revision): c for c in changes}.values())
        added = 0
        for start in range(0, len(distinct), CHUNK):
            added += self._count_chunk(distinct[start : start + CHUNK], also)
        return added

    def days(self, first: str, last: str) -> list[Counted]:
        """Counters by day and version, from day ``first`` to ``last`` (2030-01-31, inclusive)."""
        found: dict[tuple[str, str, str], Counter[str]] = {}
        for name, amounts in self._rows("COUNTS", first, last):
            day, model, version, _ = name.split("#")
            found.setdefault((day, model, version), Counter()).update(amounts)
        return [
            Counted(day, None if model == "-" else ModelRef(model, version), amounts)
            for (day, model, version), amounts in found.items()
        ]

    def labels(self, first: str, last: str) -> list[Counted]:
        """How often each version answered each label, people gave it, and it was right, as the
        counters ``label.<label>``, ``given.<label>`` and ``right.<label>``, from day ``first`` to
        ``last``.

        A whole month is read as one number a label: what is read is bounded by the labels times
        the months, and the days of the first and the last one.
        """
        found: dict[tuple[str, str, str], Counter[str]] = {}
        for months, names in _spans(first, last):
            for item in self._label_items(months, names):
                month, model, version, label = item.pop("sk")["S"].split("#", 3)
                amounts = found.setdefault((month, model, version), Counter())
                for name, value in item.items():
                    amounts[f"{name.partition('.')[0]}.{label}"] += int(value["N"])
        return [
            Counted(month, None if model == "-" else ModelRef(model, version), amounts)
            for (month, model, version), amounts in found.items()
        ]

    def feedback(self, first: str, last: str) -> list[Counted]:
        """How often people gave each label to the records of a day, and it was right, as the
        counters ``given.<label>`` and ``right.<label>`` of each day and version. Reads the rows
        that `labels` reads."""
        found: dict[tuple[str, str, str], Counter[str]] = {}
        months = sorted({month for group, _ in _spans(first, last) for month in group})
        names = [f"{what}.{day:02}" for what in FEEDBACK_COUNTERS for day in range(1, 32)]
        for item in self._label_items(months, names):
            month, model, version, label = item.pop("sk")["S"].split("#", 3)
            for name, value in item.items():
                what, _, day = name.partition(".")
                if first <= f"{month}-{day}" <= last:
                    amounts = found.setdefault((f"{month}-{day}", model, version), Counter())
                    amounts[f"{what}.{label}"] += int(value["N"])
        return [
            Counted(day, None if model == "-" else ModelRef(model, version), amounts)
            for (day, model, version), amounts in sorted(found.items())
        ]

    def pairs(self, first: str, last: str) -> list[Pair]:
        """What shadows answered beside the versions that served, summed over the days."""
        found: dict[tuple[ModelRef, ModelRef], Counter[str]] = {}
        for name, amounts in self._rows("PAIRS", first, last):
            _, served, version, shadow, shadow_version, _ = name.split("#")
            pair = ModelRef(served, version), ModelRef(shadow, shadow_version)
            found.setdefault(pair, Counter()).update(amounts)
        return [Pair(served, shadow, amounts) for (served, shadow), amounts in found.items()]

    def tally(self, trial: Trial) -> Tally:
        """What a trial has shown so far."""
        key = trial_row(trial).key(shard=0)
        item = from_row(read_item(self._client, self._table, key) or {})
        return Tally(**{name: item.get(name, 0) for name in Tally.__dataclass_fields__})

    def _rows(self, kind: str, first: str, last: str) -> Iterator[tuple[str, Counter[str]]]:
        values = {":pk": kind, ":first": first, ":last": f"{last}#~"}
        for item in query(self._client, self._table, _BETWEEN, values):
            yield item["sk"]["S"], Counter(from_row(item))

    def _label_items(self, months: list[str], names: Sequence[str]) -> Iterator[Found]:
        for shard in range(SHARDS):
            values = {
                ":pk": f"{LABELS}#{shard}",
                ":first": f"{months[0]}#",
                ":last": f"{months[-1]}#~",
            }
            yield from query(self._client, self._table, _BETWEEN, values, names=("sk", *names))

    def _count_chunk(self, changes: list[Change], also: Sequence[Action]) -> int:
        for attempt in range(_ATTEMPTS):
            if not changes:
                return 0
            items = self._transaction(changes, also)
            if len(items) > _MOST_ITEMS:
                half = len(changes) // 2
                return self._count_chunk(changes[:half], also) + self._count_chunk(
                    changes[half:], also
                )
            codes = transact(self._client, items)
            if codes is None:
                return len(changes)
            if also and "ConditionalCheckFailed" in codes[-len(also) :]:
                return 0
            known = [code == "ConditionalCheckFailed" for code in codes[: len(changes)]]
            changes = [
                change for change, is_known in zip(changes, known, strict=True) if not is_known
            ]
            if not any(known):
                # Another consumer adds to the same rows: https://docs.aws.amazon.com/amazondynamodb
                # /latest/developerguide/transaction-apis.html#transaction-conflict-handling
                back_off(attempt, self._sleep)
        raise PlatformError("The counters stayed busy; the stream delivers the changes again.")

    def _transaction(self, changes: list[Change], also: Sequence[Action]) -> list[Action]:
        """Markers first, in the order of ``changes``."""
        expires_at = int(self._clock().timestamp()) + MARKER_LIFETIME_S
        items = [self._marker(change, expires_at) for change in changes]
        sums: dict[Row, Counter[str]] = {}
        for change in changes:
            for row, amounts in change.amounts.items():
                sums.setdefault(row, Counter()).update(amounts)
        shard = zlib.crc32(changes[0].prediction_id.encode()) % SHARDS
        for row, amounts in sorted(sums.items()):
            if changed := {name: amount for name, amount in amounts.items() if amount}:
                items.append(self._addition(row, changed, shard))
        return [*items, *also]

    def _marker(self, change: Change, expires_at: int) -> Action:
        key = {"pk": f"COUNTED#{change.prediction_id}", "sk": change.revision}
        return {
            "Put": {
                "TableName": self._table,
                "Item": to_item({**key, "expires_at": expires_at}),
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }

    def _addition(self, row: Row, amounts: Amounts, shard: int) -> Action:
        return {
            "Update": {
                "TableName": self._table,
                "Key": row.key(shard),
                "UpdateExpression": "ADD "
                + ",".join(f"#{index} :{index}" for index in range(len(amounts))),
                "ExpressionAttributeNames": {f"#{i}": name for i, name in enumerate(amounts)},
                "ExpressionAttributeValues": to_item(
                    {f":{i}": amount for i, amount in enumerate(amounts.values())}
                ),
            }
        }


def _name(model: ModelRef | None) -> str:
    return f"{model.name}#{model.version}" if model else "-#-"


def _spans(first: str, last: str) -> Iterator[tuple[list[str], tuple[str, ...]]]:
    """Months that follow each other, with the counters of `LABELS` to read of them: those of whole
    months, or of days."""
    day, end = date.fromisoformat(first), date.fromisoformat(last)
    days: dict[str, list[str]] = {}
    while day <= end:
        days.setdefault(day.isoformat()[:7], []).append(day.isoformat()[8:])
        day += timedelta(days=1)

    def names(month: str) -> tuple[str, ...]:
        if len(days[month]) == monthrange(int(month[:4]), int(month[5:]))[1]:
            return LABEL_COUNTERS
        return tuple(f"{name}.{day}" for name in LABEL_COUNTERS for day in days[month])

    for wanted, months in groupby(days, names):
        yield [*months], wanted
