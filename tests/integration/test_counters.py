"""Each change of a record counts once, whatever the stream delivers; and what /stats says of it."""

import dataclasses
import random
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from lambdas.counters.handler import service
from tests.images import encode, plain
from tests.integration.conftest import Cloud
from tests.integration.test_api import fill, record
from tests.integration.test_feedback import say
from visionflow.dynamodb import Action, transact
from visionflow.insights import counters
from visionflow.insights.counters import CounterStore
from visionflow.models.ref import ModelRef
from visionflow.predictions.record import Feedback, Prediction
from visionflow.predictions.reviews import ReviewStore
from visionflow.predictions.rows import read_prediction

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WINDOW = {"from": "2030-01-01T00:00:00Z", "to": "2030-01-31T00:00:00Z"}
LABELS = ("red", "green", "blue")


def records(n: int, seed: int = 1) -> list[Prediction]:
    """Of three versions, some days, every label and status."""
    draw = random.Random(seed)
    made = []
    for index in range(n):
        minute = draw.randrange(5 * 24 * 60)
        label = None if draw.random() < 0.1 else draw.choice(LABELS)
        one = record(minute, label, draw.choice(("s3", "api")), draw.choice("123"))
        if label and draw.random() < 0.2:
            one = dataclasses.replace(one, status="unknown", confidence=draw.random())
        timings = {"infer": draw.uniform(0.5, 50)}
        made.append(dataclasses.replace(one, id=f"id-{seed}-{index}", timings=timings))
    return made


def recount(cloud: Cloud) -> dict[str, Any]:
    """What /stats must say, from the table itself."""
    pages = cloud.dynamodb.get_paginator("scan").paginate(TableName="predictions")
    rows = [read_prediction(item) for page in pages for item in page["Items"]]
    words = [
        (row.model.text, row.feedback.label, row.feedback.label == row.label)
        for row in rows
        if row.model and row.feedback
    ]
    return {
        "total": len(rows),
        "by_status": {"ok": 0, "unknown": 0, "failed": 0, **Counter(row.status for row in rows)},
        "by_label": dict(Counter(row.label for row in rows if row.label is not None)),
        "by_model": dict(Counter(row.model.text for row in rows if row.model)),
        "feedback": {
            version: {
                label: (
                    sum((v, w) == (version, label) for v, w, _ in words),
                    sum((v, w, r) == (version, label, True) for v, w, r in words),
                )
                for label in {w for v, w, _ in words if v == version}
            }
            for version in {v for v, _, _ in words}
        },
    }


def stats(cloud: Cloud, **query: str) -> dict[str, Any]:
    answer = cloud.call("GET", "/stats", query or WINDOW)
    assert answer.status == 200, answer.body
    body: dict[str, Any] = answer.body
    return body


def assert_equal_to_recount(cloud: Cloud) -> None:
    found, expected = stats(cloud), recount(cloud)
    assert {name: found[name] for name in ("total", "by_status", "by_label", "by_model")} == {
        name: expected[name] for name in ("total", "by_status", "by_label", "by_model")
    }
    per_label = {
        version: {label: (s["n"], s["correct"]) for label, s in entry["per_label"].items()}
        for version, entry in found["feedback"]["by_model"].items()
    }
    assert per_label == expected["feedback"]


def speak(cloud: Cloud, some: list[Prediction], draw: random.Random) -> None:
    """One to three words about each, in which people change their minds."""
    reviews = ReviewStore("predictions", "insights", cloud.dynamodb)
    for one in some:
        if one.label is None:
            continue
        for turn in range(draw.randint(1, 3)):
            at = f"2030-02-01T00:00:0{turn}.000000Z"
            reviews.give(one.id, Feedback(draw.choice((*LABELS, "purple")), at, "me"), "me")


def test_the_counters_equal_a_recount_whatever_is_delivered_twice_and_late(cloud: Cloud) -> None:
    """tests/unit/visionflow/test_counters.py has the same for 10,000 records; moto copies a table
    for each item of a transaction."""
    draw = random.Random(7)
    made = records(60)
    fill(cloud, made)
    speak(cloud, made[:12], draw)
    stream = cloud.stream()
    # Batches of any size, in any order, half of them twice, and some that overlap others.
    batches = []
    start = 0
    while start < len(stream):
        size = draw.randint(1, 40)
        batches.append(stream[start : start + size])
        start += size
    batches += draw.sample(batches, len(batches) // 2)
    batches += [stream[at : at + 20] for at in draw.sample(range(len(stream)), 2)]
    draw.shuffle(batches)
    for batch in batches:
        assert cloud.count(draw.sample(batch, len(batch))) == []
    assert_equal_to_recount(cloud)


def test_a_consumer_that_dies_half_way_has_counted_nothing_twice(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(cloud, records(47))
    stream = cloud.stream()
    calls = 0

    def dies(client: "DynamoDBClient", actions: Sequence[Action]) -> list[str | None] | None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise ConnectionError("the network is gone")
        return transact(client, actions)

    monkeypatch.setattr(counters, "transact", dies)
    cloud.count(stream)  # in groups of its own choice, until one dies and goes on record by record
    assert cloud.count(stream) == []
    assert_equal_to_recount(cloud)


@pytest.mark.parametrize(
    "image",
    [
        {"NewImage": {"id": {"S": "x"}}},
        {"NewImage": {"id": {"X": "x"}}},
        {"NewImage": {"sketch": {"B": "not base64!"}}},
        {"NewImage": None},
        {"NewImage": 5, "OldImage": {}},
    ],
)
def test_a_record_that_can_never_be_counted_is_a_dead_letter_and_holds_back_no_other(
    cloud: Cloud, image: dict[str, Any]
) -> None:
    fill(cloud, records(10))
    stream = cloud.stream()
    broken = {**stream[4], "dynamodb": {**stream[4]["dynamodb"], **image}}
    # The shard goes on: nothing is named that it would begin with again.
    assert cloud.count([*stream[:4], broken, *stream[5:]]) == []
    assert stats(cloud)["total"] == 9
    (letter,) = cloud.uncounted()
    assert letter["prediction_id"] == "id-1-4"
    assert letter["sequence_number"] == stream[4]["dynamodb"]["SequenceNumber"]
    assert letter["why"]
    # Alone in its batch as well, which is how a quiet stream delivers it.
    assert cloud.count([broken]) == []
    assert cloud.count(stream) == []
    assert_equal_to_recount(cloud)


@pytest.mark.parametrize("reason", ["ValidationError", "ItemCollectionSizeLimitExceeded"])
def test_what_dynamodb_will_never_take_is_a_dead_letter(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    refuse(cloud, monkeypatch, records(6), 2, "TransactionCanceledException", reason)
    assert cloud.count(cloud.stream()) == []
    assert [letter["prediction_id"] for letter in cloud.uncounted()] == ["id-1-2"]
    assert stats(cloud)["total"] == 5


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_a_fault_of_the_platform_is_no_dead_letter(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    refuse(cloud, monkeypatch, records(6), 2, code)
    stream = cloud.stream()
    assert cloud.count(stream) == [stream[2]["dynamodb"]["SequenceNumber"]]
    assert cloud.uncounted() == []
    monkeypatch.setattr(counters, "transact", transact)
    assert cloud.count(stream) == []
    assert_equal_to_recount(cloud)


def test_a_dead_letter_that_cannot_be_sent_stays_in_the_stream(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(cloud, monkeypatch, records(6), 2, "ValidationException")
    cloud.sqs.delete_queue(QueueUrl=cloud.uncounted_queue_url)
    stream = cloud.stream()
    assert cloud.count(stream) == [stream[2]["dynamodb"]["SequenceNumber"]]


def refuse(
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    made: list[Prediction],
    at: int,
    code: str,
    reason: str | None = None,
) -> None:
    """Let DynamoDB refuse every transaction that counts the record ``made[at]``."""
    fill(cloud, made)

    def refusing(client: "DynamoDBClient", actions: Sequence[Action]) -> list[str | None] | None:
        if f"COUNTED#{made[at].id}'" not in repr(actions):
            return transact(client, actions)
        reasons = [{"Code": reason}] if reason else []
        answer: Any = {"Error": {"Code": code}, "CancellationReasons": reasons}
        raise ClientError(answer, "TransactWriteItems")

    monkeypatch.setattr(counters, "transact", refusing)


def test_two_consumers_at_the_same_rows_wait_for_each_other(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DynamoDB cancels one of two transactions at the same row; moto never does, so a client does
    it here."""
    pauses: list[float] = []
    store = CounterStore("insights", cloud.dynamodb, sleep=pauses.append)
    refusals: list[list[str | None]] = [["None", "TransactionConflict"]] * 3

    def conflicting(client: "DynamoDBClient", actions: Sequence[Action]) -> list[str | None] | None:
        return refusals.pop() if refusals else transact(client, actions)

    monkeypatch.setattr(counters, "transact", conflicting)
    service()._counters = store
    fill(cloud, records(1))
    assert cloud.count(cloud.stream()) == []
    assert len(pauses) == 3
    assert_equal_to_recount(cloud)


def test_what_expires_has_been_counted_all_the_same(cloud: Cloud) -> None:
    ids = fill(cloud, records(5))
    cloud.count(cloud.stream())
    for prediction_id in ids:
        cloud.dynamodb.delete_item(TableName="predictions", Key={"id": {"S": prediction_id}})
    assert cloud.count(cloud.stream()) == []
    assert stats(cloud)["total"] == 5


def test_days_are_counted_apart_and_asked_for_by_time(cloud: Cloud) -> None:
    minutes = (0, 5, 24 * 60, 3 * 24 * 60)
    fill(cloud, [record(minute) for minute in minutes])
    cloud.count(cloud.stream())
    days = {day["day"]: day["ok"] for day in stats(cloud)["by_day"]}
    assert days == {"2030-01-01": 2, "2030-01-02": 1, "2030-01-04": 1}
    found = stats(cloud, **{"from": "2030-01-02T10:00:00Z", "to": "2030-01-03T00:00:00Z"})
    assert (found["total"], found["first_day"], found["last_day"]) == (
        1,
        "2030-01-02",
        "2030-01-03",
    )
    backwards = {"from": "2030-01-03T00:00:00Z", "to": "2030-01-02T00:00:00Z"}
    assert cloud.call("GET", "/stats", backwards).status == 400


def test_two_models_with_the_same_version_keep_apart(cloud: Cloud) -> None:
    other = dataclasses.replace(record(1), model=ModelRef("other", "1"))
    fill(cloud, [record(0), other, record(2, version="2")])
    cloud.count(cloud.stream())
    assert stats(cloud)["by_model"] == {"other/1": 1, "tiny/1": 1, "tiny/2": 1}


def test_feedback_comes_with_intervals(cloud: Cloud) -> None:
    made = [record(index, "red") for index in range(10)]
    fill(cloud, made)
    for index, one in enumerate(made):
        say(cloud, one.id, {"label": "blue" if index < 2 else "red"})
    cloud.count(cloud.stream())
    found = stats(cloud)["feedback"]["by_model"]["tiny/1"]
    assert (found["n"], found["correct"]) == (10, 8)
    assert (found["low"], found["high"]) == (
        pytest.approx(0.4902, abs=1e-4),
        pytest.approx(0.9433, abs=1e-4),
    )
    assert found["per_label"]["red"]["correct"] == 8
    assert found["per_label"]["blue"] == {
        "n": 2,
        "correct": 0,
        "low": 0.0,
        "high": pytest.approx(0.6576, abs=1e-4),
    }


def test_an_answered_image_is_counted_as_it_stands(cloud: Cloud) -> None:
    answered = cloud.predict(encode(plain("blue"))).body
    cloud.count(cloud.stream())
    now = answered["created_at"]
    found = stats(cloud, **{"from": now, "to": now})
    assert found["by_label"] == {"blue": 1}
    assert found["drift"] == {}  # the tiny model was made without a reference
