"""No partition key takes most of the writes: DynamoDB takes 1,000 a second to a partition, and at
1,000 images a second a key may take 700."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from visionflow.answers.answer import Score
from visionflow.insights.changes import created
from visionflow.insights.counters import CHUNK, CounterStore
from visionflow.predictions.record import ImageRef, Prediction, s3_object_id
from visionflow.predictions.store import INDEXES, REVIEW_KEYS, PredictionStore

IMAGES = 1_000
MOST = 0.7


def prediction(number: int) -> Prediction:
    """All of one label, one owner and one day: the worst that can be."""
    prediction_id = s3_object_id("images", f"uploads/{number}.jpg", "1")
    at = datetime(2030, 1, 31, 12, 30, 10, number, tzinfo=UTC)
    return replace(
        EXAMPLE, id=prediction_id, created_at=at.isoformat(timespec="microseconds")[:-6] + "Z"
    )


EXAMPLE = Prediction(
    id="0",
    source="s3",
    status="unknown",
    label="cat",
    confidence=0.4,
    top_k=(Score("cat", 0.4),),
    model=None,
    image=ImageRef("images", "uploads/1.jpg", "1", 640, 480, 90_000, "0" * 64),
    thumbnail_key=None,
    timings={},
    created_at="",
    expires_at=2_000_000_000,
    error=None,
    unknown_reason="unsure",
    owner="user:anna",
)


class Client:
    """Notes what is written, by key, in write units."""

    def __init__(self) -> None:
        self.written: Counter[str] = Counter()
        self.exceptions = type("Exceptions", (), {"ConditionalCheckFailedException": KeyError})

    def put_item(self, **call: Any) -> None:
        for key in ("id", *INDEXES.values(), REVIEW_KEYS[0]):
            if key in call["Item"]:
                self.written[f"{key}={call['Item'][key]['S']}"] += 1

    def transact_write_items(self, **call: Any) -> None:
        for item in call["TransactItems"]:
            if update := item.get("Update"):
                self.written[update["Key"]["pk"]["S"]] += 2  # a transaction writes twice


def test_records_are_spread() -> None:
    client = Client()
    store = PredictionStore("predictions", cast("Any", client))
    for number in range(IMAGES):
        store.add(prediction(number))
    assert max(client.written.values()) <= MOST * IMAGES
    assert {key.partition("=")[0] for key in client.written} >= {"time_shard", "label_shard"}


@pytest.mark.parametrize("labels", [1, IMAGES])
def test_counters_are_spread(labels: int) -> None:
    client = Client()
    store = CounterStore("insights", cast("Any", client))
    changes = [
        created(replace(prediction(number), label=f"label {number % labels}"), None, None)
        for number in range(IMAGES)
    ]
    for start in range(0, IMAGES, CHUNK):
        store.count(changes[start : start + CHUNK])
    assert client.written
    assert max(client.written.values()) <= MOST * IMAGES
