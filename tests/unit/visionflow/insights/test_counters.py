"""10,000 records through duplicated and reordered stream batches, against a recount."""

import copy
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from visionflow.errors import PlatformError
from visionflow.insights.accuracy import by_feedback
from visionflow.insights.changes import created, erased, relabelled, shadowed, unshadowed
from visionflow.insights.counters import SHARDS, Change, CounterStore, label_row, on_day
from visionflow.insights.intervals import share
from visionflow.insights.latencies import bucket
from visionflow.models.ref import ModelRef
from visionflow.models.rollback_rule import Tally
from visionflow.models.routing import Trial
from visionflow.predictions.record import Feedback, ImageRef, Prediction
from visionflow.timestamps import timestamp

START = datetime(2030, 1, 1, tzinfo=UTC)
LABELS = ("red", "green", "blue")
MODELS = tuple(ModelRef("tiny", version) for version in "123")


class CancelledError(Exception):
    """As boto3 raises it."""

    def __init__(self, codes: list[str]) -> None:
        self.response = {"CancellationReasons": [{"Code": code} for code in codes]}


@dataclass
class Exceptions:
    TransactionCanceledException: type[CancelledError] = CancelledError


@dataclass
class Table:
    """What the counters ask of DynamoDB, in memory: transactions of puts and additions that are
    done whole or not at all, refused like the real one's, and sometimes in each other's way."""

    rows: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    exceptions: Exceptions = field(default_factory=Exceptions)
    draw: random.Random = field(default_factory=lambda: random.Random(3))
    conflicts: int = 0
    conflict_rate: float = 0.05
    read: int = 0

    def transact_write_items(self, TransactItems: list[Any]) -> None:  # noqa: N803
        assert 1 <= len(TransactItems) <= 100
        keys = [self._key(item) for item in TransactItems]
        assert len(set(keys)) == len(keys), "DynamoDB refuses two actions on one item"
        if self.draw.random() < self.conflict_rate:
            self.conflicts += 1
            raise CancelledError(["None"] * (len(keys) - 1) + ["TransactionConflict"])
        codes = [
            "ConditionalCheckFailed" if "Put" in item and key in self.rows else "None"
            for item, key in zip(TransactItems, keys, strict=True)
        ]
        if set(codes) != {"None"}:
            raise CancelledError(codes)
        for item, key in zip(TransactItems, keys, strict=True):
            row = self.rows.setdefault(key, {"pk": {"S": key[0]}, "sk": {"S": key[1]}})
            if "Update" in item:
                self._add(row, item["Update"])

    @staticmethod
    def _key(item: Any) -> tuple[str, str]:
        ((_, action),) = item.items()
        key = action.get("Key") or action["Item"]
        return key["pk"]["S"], key["sk"]["S"]

    @staticmethod
    def _add(row: dict[str, Any], update: Any) -> None:
        assert len(update["UpdateExpression"]) < 4096
        clauses = update["UpdateExpression"].removeprefix("ADD ").split(",")
        for name, value in (clause.split() for clause in clauses):
            attribute = update["ExpressionAttributeNames"][name]
            amount = int(update["ExpressionAttributeValues"][value]["N"])
            before = int(row.get(attribute, {"N": "0"})["N"])
            row[attribute] = {"N": str(before + amount)}

    def get_paginator(self, _: str) -> "Table":
        return self

    def paginate(
        self,
        ExpressionAttributeValues: Any,  # noqa: N803
        ExpressionAttributeNames: Any = None,  # noqa: N803
        **_: Any,
    ) -> Iterator[Any]:
        pk, first, last = (
            ExpressionAttributeValues[name]["S"] for name in (":pk", ":first", ":last")
        )
        found = [row for (p, s), row in sorted(self.rows.items()) if p == pk and first <= s <= last]
        self.read += len(found)
        if ExpressionAttributeNames:
            names = {*ExpressionAttributeNames.values()}
            found = [{name: row[name] for name in row if name in names} for row in found]
        for start in range(0, len(found), 7):
            yield {"Items": copy.deepcopy(found[start : start + 7])}

    def get_item(self, Key: Any, **_: Any) -> Any:  # noqa: N803
        row = self.rows.get((Key["pk"]["S"], Key["sk"]["S"]))
        return {} if row is None else {"Item": row}


def store(table: Table) -> CounterStore:
    return CounterStore("insights", table, sleep=lambda _: None)  # type: ignore[arg-type]


def prediction(index: int, draw: random.Random) -> Prediction:
    at = START + timedelta(seconds=draw.randrange(6 * 86_400))
    failed = draw.random() < 0.05
    return Prediction(
        id=f"id-{index}",
        source="s3",
        status="failed" if failed else draw.choice(("ok", "ok", "ok", "unknown")),
        label=None if failed else draw.choice(LABELS),
        confidence=None if failed else draw.random(),
        top_k=(),
        model=None if failed else draw.choice(MODELS),
        image=ImageRef("images", f"{index}", None, None, None, None, None),
        thumbnail_key=None,
        timings={"infer": draw.uniform(1, 50)},
        created_at=timestamp(at),
        error=None,
        expires_at=0,
        refused=draw.choice(MODELS) if draw.random() < 0.02 else None,
    )


def words(made: list[Prediction], draw: random.Random) -> list[tuple[Prediction, list[Feedback]]]:
    """Up to three words about every fifth answer."""
    spoken = []
    for one in made[::5]:
        if one.label:
            said = [
                Feedback(draw.choice(LABELS), f"{turn}", "me") for turn in range(draw.randint(1, 3))
            ]
            spoken.append((one, said))
    return spoken


def delivered(changes: list[Change], draw: random.Random) -> Iterator[list[Change]]:
    """Batches of any size in any order, each once or more, and some that overlap others."""
    batches, start = [], 0
    while start < len(changes):
        size = draw.randint(1, 500)
        batches.append(changes[start : start + size])
        start += size
    batches += draw.choices(batches, k=len(batches) // 2)
    batches += [changes[at : at + 100] for at in draw.choices(range(len(changes)), k=5)]
    draw.shuffle(batches)
    for batch in batches:
        yield draw.sample(batch, len(batch))


def test_10000_records_are_counted_once_each_however_they_are_delivered() -> None:
    draw = random.Random(1)
    made = [prediction(index, draw) for index in range(10_000)]
    spoken = words(made, draw)
    sketches = {one.id: draw.randbytes(4) for one in made if one.label}
    changes = [created(one, sketches.get(one.id), None) for one in made]
    for one, said in spoken:
        for turn, (before, after) in enumerate(zip([None, *said], said, strict=False)):
            changes.append(relabelled(one, before, after, turn + 1))
    table = Table()
    counters = store(table)
    added = sum(counters.count(batch) for batch in delivered(changes, draw))
    assert added == len(changes)
    assert table.conflicts > 10

    found: Counter[tuple[str, str, str]] = Counter()
    for row in counters.days("2030-01-01", "2030-01-31"):
        version = row.model.version if row.model else "-"
        for name, amount in row.amounts.items():
            found[row.day, version, name] += amount
    expected: Counter[tuple[str, str, str]] = Counter()
    for one in made:
        key = one.created_at[:10], one.model.version if one.model else "-"
        expected[*key, f"status.{one.status}"] += 1
        if one.label:
            for index, byte in enumerate(sketches[one.id]):
                steps = byte - 256 if byte > 127 else byte
                expected[*key, f"sum.{index}"] += steps
                expected[*key, f"square.{index}"] += steps * steps
        if one.refused:
            expected[key[0], one.refused.version, "errors"] += 1
    kinds = ("status.", "errors", "sum.", "square.")
    compared = {key: n for key, n in found.items() if n and key[2].startswith(kinds)}
    assert compared == {key: n for key, n in expected.items() if n}

    for first, last in (
        ("2030-01-01", "2030-01-31"),
        ("2030-01-02", "2030-01-04"),
        ("2029-12-31", "2030-02-01"),
    ):
        assert labels(counters, first, last) == recounted(made, spoken, first, last)


def labels(counters: CounterStore, first: str, last: str) -> dict[tuple[str, str], int]:
    found: Counter[tuple[str, str]] = Counter()
    for part in counters.labels(first, last):
        for name, amount in part.amounts.items():
            found[part.model.version if part.model else "-", name] += amount
    return {key: n for key, n in found.items() if n}


def recounted(
    made: list[Prediction], spoken: list[tuple[Prediction, list[Feedback]]], first: str, last: str
) -> dict[tuple[str, str], int]:
    expected: Counter[tuple[str, str]] = Counter()
    for one in made:
        if one.model and first <= one.created_at[:10] <= last:
            expected[one.model.version, f"label.{one.label}"] += 1
    for one, said in spoken:
        if one.model and first <= one.created_at[:10] <= last:
            expected[one.model.version, f"given.{said[-1].label}"] += 1
            expected[one.model.version, f"right.{said[-1].label}"] += said[-1].label == one.label
    return {key: n for key, n in expected.items() if n}


def test_labels_are_summed_over_any_days_from_whole_months_and_single_days() -> None:
    """Against a sum of single days: each day of 14 months has one answer more than the last."""
    start = datetime(2031, 1, 1, tzinfo=UTC)
    at = [start + timedelta(days=day) for day in range(425)]
    model, counters = ModelRef("tiny", "1"), store(Table(conflict_rate=0))
    for n, day in enumerate(f"{one:%Y-%m-%d}" for one in at):
        row = label_row(day, model, "각#1")
        assert counters.count([Change(day, "created", {row: on_day(day, {"label": n + 1})})]) == 1
    draw = random.Random(8)
    windows = [(0, 424), (0, 30), (30, 31), (31, 58), (58, 59), (59, 59)]
    for _ in range(60):
        first = draw.randrange(425)
        windows.append((first, draw.randrange(first, 425)))
    for first, last in windows:
        found = labels(counters, f"{at[first]:%Y-%m-%d}", f"{at[last]:%Y-%m-%d}")
        assert found == {("1", "label.각#1"): sum(range(first + 1, last + 2))}, (first, last)


def test_thousands_of_labels_make_no_row_large_and_a_year_of_them_is_read_by_months() -> None:
    """1,558 words about one image filled a row of 400 KB once."""
    table, draw = Table(conflict_rate=0), random.Random(9)
    one = replace(prediction(0, draw), model=MODELS[0], label="red", created_at=timestamp(START))
    counters, said = store(table), None
    for revision in range(2_000):
        word = Feedback(f"{revision:04}" + "가" * 80, "1", "me")
        assert counters.count([relabelled(one, said, word, revision + 1)]) == 1
        said = word
    sizes = [
        sum(len(name.encode()) + len(str(value)) for name, value in row.items())
        for (pk, _), row in table.rows.items()
        if not pk.startswith("COUNTED#")
    ]
    assert max(sizes) < 1_000
    assert labels(counters, "2030-01-01", "2030-01-31") == {("1", f"given.{word.label}"): 1}

    for day in range(360):
        at = f"{START + timedelta(days=day):%Y-%m-%d}"
        row = label_row(at, MODELS[1], "red")
        counters.count([Change(f"d{day}", "created", {row: on_day(at, {"label": 1})})])
    table.read = 0
    assert labels(counters, "2030-02-01", "2030-12-26")["2", "label.red"] == 329
    assert table.read <= 11 * SHARDS


def test_what_was_counted_in_the_rows_of_days_once_is_still_counted() -> None:
    table = Table()
    table.rows["COUNTS", "2030-01-01#tiny#1#2"] = {
        "pk": {"S": "COUNTS"},
        "sk": {"S": "2030-01-01#tiny#1#2"},
        "label.red": {"N": "3"},
    }
    (found,) = store(table).days("2030-01-01", "2030-01-01")
    assert found.under("label.") == {"red": 3}


def test_what_is_erased_adds_up_to_nothing_in_whatever_order_it_is_delivered() -> None:
    draw = random.Random(8)
    made = [prediction(index, draw) for index in range(300)]
    sketches = {one.id: draw.randbytes(4) for one in made if one.label}
    changes = [created(one, sketches.get(one.id), None) for one in made]
    current = {}
    for one, said in words(made, draw):
        for turn, (before, after) in enumerate(zip([None, *said], said, strict=False)):
            changes.append(relabelled(one, before, after, turn + 1))
        current[one.id] = said[-1]
    for one in (one for one in made if one.model):
        seen = shadowed(one, ModelRef("tiny", "4"), 0.5, 3.0, None, agreed=draw.random() < 0.5)
        changes += [seen, unshadowed(seen)]
    for one in made:
        ended = replace(one, feedback=current.get(one.id))
        changes.append(erased(ended, sketches.get(one.id)))
    counters = store(Table())
    for batch in delivered(changes, draw):
        counters.count(batch)
    assert all(not any(row.amounts.values()) for row in counters.days("2030-01-01", "2030-01-31"))
    pairs = counters.pairs("2030-01-01", "2030-01-31")
    assert pairs
    assert not any(any(pair.amounts.values()) for pair in pairs)


def test_busy_days_are_spread_over_rows() -> None:
    table = Table()
    draw = random.Random(2)
    made = [replace(prediction(i, draw), created_at=timestamp(START)) for i in range(2000)]
    store(table).count([created(one, None, None) for one in made])
    rows = [sk for pk, sk in table.rows if pk == "COUNTS" and sk.startswith("2030-01-01#tiny#1#")]
    assert len(rows) > 1


def test_a_trial_counts_its_version_from_its_beginning() -> None:
    trial = Trial("canary", MODELS[1], timestamp(START + timedelta(hours=1)))
    early, late = timestamp(START), timestamp(START + timedelta(hours=2))
    draw = random.Random(4)
    one = replace(prediction(0, draw), status="unknown", label="red", confidence=0.4, refused=None)
    made = [
        replace(one, id="early", model=MODELS[1], created_at=early),
        replace(one, id="late", model=MODELS[1], created_at=late),
        replace(one, id="sure", model=MODELS[1], created_at=late, status="ok"),
        replace(one, id="other", model=MODELS[0], created_at=late),
        replace(one, id="error", model=MODELS[0], created_at=late, refused=MODELS[1]),
    ]
    counters = store(Table())
    counters.count([created(record, None, trial) for record in made])
    counters.count(
        [
            shadowed(made[1], MODELS[0], 0.9, 1.0, trial, agreed=True),
            shadowed(made[2], MODELS[0], 0.9, 1.0, trial, agreed=False),
            shadowed(made[3], MODELS[2], 0.9, 1.0, trial, agreed=False),
        ]
    )
    assert counters.tally(trial) == Tally(answers=2, unknown=1, errors=1, compared=2, disagreed=1)


def test_a_change_with_very_many_rows_still_fits_a_transaction() -> None:
    draw = random.Random(5)
    made = [
        replace(
            prediction(index, draw),
            created_at=timestamp(START + timedelta(days=index)),
            model=ModelRef("tiny", f"{index}"),
            refused=ModelRef("other", f"{index}"),
        )
        for index in range(90)
    ]
    table = Table()
    assert store(table).count([created(one, None, None) for one in made]) == 90


def test_rows_that_stay_busy_are_left_to_the_next_delivery() -> None:
    table = Table(conflict_rate=1.0)
    one = prediction(0, random.Random(6))
    with pytest.raises(PlatformError, match="busy"):
        store(table).count([created(one, None, None)])
    assert table.rows == {}


def test_the_hour_and_what_the_function_took_are_counted() -> None:
    one = replace(
        prediction(0, random.Random(7)),
        source="api",
        status="ok",
        model=MODELS[0],
        image=ImageRef("images", "0", None, None, None, 1000, None),
        timings={"decode": 20.0, "infer": 30.4},
        created_at=timestamp(START + timedelta(hours=9, minutes=59)),
    )
    counters = store(Table())
    counters.count([created(one, None, None)])
    (day,) = counters.days("2030-01-01", "2030-01-01")
    assert day.under("hour.") == {"09": 1}
    assert (day["way.api"], day["way_ms.api"], day["way_bytes.api"]) == (1, 50, 1000)
    assert day.under("took.") == {f"{bucket(50.4)}": 1}
    counters.count([erased(one, None)])
    (day,) = counters.days("2030-01-01", "2030-01-01")
    assert not +day.amounts


def test_an_image_without_times_has_an_hour_alone() -> None:
    one = replace(prediction(0, random.Random(7)), timings={}, created_at=timestamp(START))
    counters = store(Table())
    counters.count([created(one, None, None)])
    (day,) = counters.days("2030-01-01", "2030-01-01")
    assert day.under("hour.") == {"00": 1}
    assert day.under("way") == {}


def test_feedback_of_a_day_stays_within_the_days_asked_for() -> None:
    """Labels are rows of a month, and feedback is wanted by the day."""
    counters = store(Table())
    for index, day in enumerate((3, 3, 20)):
        one = replace(
            prediction(index, random.Random(8)),
            label="red",
            model=MODELS[0],
            created_at=timestamp(START + timedelta(days=day - 1)),
        )
        said = Feedback("red" if index else "green", "0", "me")
        counters.count([relabelled(one, None, said, 1)])
    (third,) = counters.feedback("2030-01-01", "2030-01-10")
    assert (third.day, third.under("given.")) == ("2030-01-03", {"red": 1, "green": 1})
    assert third.under("right.") == {"red": 1}
    assert by_feedback(third) == share(1, 2)
    both = counters.feedback("2029-12-31", "2030-01-20")
    assert [day.day for day in both] == ["2030-01-03", "2030-01-20"]
