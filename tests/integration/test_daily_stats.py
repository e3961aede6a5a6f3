"""GET /stats/daily: from real records, counted by the stream's function, and feedback."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.conftest import Cloud
from tests.integration.test_api import record
from visionflow.insights.changes import created, relabelled
from visionflow.insights.counters import CounterStore
from visionflow.models.ref import ModelRef
from visionflow.predictions.record import Feedback, Prediction
from visionflow.timestamps import timestamp

ONE, SAME = ModelRef("tiny", "1"), ModelRef("other", "1")
WINDOW = {"from": "2030-01-01T00:00:00Z", "to": "2030-01-31T00:00:00Z"}


def answered(index: int, day: int, **changes: Any) -> Prediction:
    at = timestamp(datetime(2030, 1, day, 8, tzinfo=UTC))
    timings = {"decode": 20.0, "infer": 30.0}
    whole = replace(record(index), id=f"{day}-{index}", created_at=at, model=ONE, timings=timings)
    return replace(whole, **changes)


def keep(cloud: Cloud, records: Sequence[Prediction]) -> None:
    CounterStore("insights", cloud.dynamodb).count([created(r, None, None) for r in records])


def judge(cloud: Cloud, judged: Prediction, label: str | None) -> None:
    feedback = Feedback(label, "2030-02-01T00:00:00Z", "me")
    store = CounterStore("insights", cloud.dynamodb)
    store.count([relabelled(judged, None, feedback, 1)])


def days(cloud: Cloud) -> list[dict[str, Any]]:
    answer = cloud.call("GET", "/stats/daily", WINDOW)
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.body["days"]
    return found


def test_each_day_and_version_by_name_has_its_own_row(cloud: Cloud) -> None:
    unknown = {"status": "unknown", "unknown_reason": "unfamiliar"}
    keep(
        cloud,
        [
            answered(1, 3),
            answered(2, 3, status="unknown", unknown_reason="unsure"),
            answered(3, 3, **unknown),
            answered(4, 3, model=SAME, timings={"infer": 400.0}),
            answered(5, 5, model=None, status="failed", label=None, confidence=None),
        ],
    )
    other, tiny, failed = days(cloud)
    assert (other["day"], other["model"]) == ("2030-01-03", {"name": "other", "version": "1"})
    assert (tiny["day"], tiny["model"]) == ("2030-01-03", {"name": "tiny", "version": "1"})
    assert (tiny["ok"], tiny["unsure"], tiny["unfamiliar"], tiny["failed"]) == (1, 1, 1, 0)
    assert tiny["latency"]["n"] == 3
    assert tiny["latency"]["p50_ms"] == pytest.approx(50, rel=0.1)
    assert other["latency"]["p95_ms"] == pytest.approx(400, rel=0.1)
    assert (failed["model"], failed["failed"], failed["latency"]) == (None, 1, None)


def test_feedback_counts_for_the_day_of_its_image(cloud: Cloud) -> None:
    records = [answered(n, 3 + n // 2, label="red") for n in range(4)]
    keep(cloud, records)
    for judged, label in zip(records, ("red", "green", "red", "red"), strict=True):
        judge(cloud, judged, label)
    third, fourth = days(cloud)
    assert (third["feedback"]["n"], third["feedback"]["correct"]) == (2, 1)
    assert (fourth["feedback"]["n"], fourth["feedback"]["correct"]) == (2, 2)
    assert third["feedback"]["low"] < 0.5 < third["feedback"]["high"]


def test_none_of_the_labels_counts_as_in_the_other_statistics(cloud: Cloud) -> None:
    unknown = {"status": "unknown", "unknown_reason": "unsure"}
    records = [answered(1, 3, label="red"), answered(2, 3, **unknown), answered(3, 3, label="red")]
    keep(cloud, records)
    for judged, label in zip(records, (None, None, "red"), strict=True):
        judge(cloud, judged, label)
    (found,) = days(cloud)
    whole = cloud.call("GET", "/stats", WINDOW).body["feedback"]["by_model"]["tiny/1"]
    for feedback in (found["feedback"], whole):
        assert (feedback["n"], feedback["correct"]) == (3, 2)


def test_days_outside_of_the_window_stay_out(cloud: Cloud) -> None:
    """Feedback is kept by the month, and asked for by the day."""
    records = [answered(1, 3, label="red"), answered(2, 20, label="red")]
    keep(cloud, records)
    for judged in records:
        judge(cloud, judged, "red")
    window = {"from": "2030-01-10T00:00:00Z", "to": "2030-01-31T00:00:00Z"}
    (found,) = cloud.call("GET", "/stats/daily", window).body["days"]
    assert (found["day"], found["feedback"]["n"]) == ("2030-01-20", 1)


def test_too_many_days_are_refused(cloud: Cloud) -> None:
    window = {"from": "2030-01-01T00:00:00Z", "to": "2030-06-01T00:00:00Z"}
    answer = cloud.call("GET", "/stats/daily", window)
    assert (answer.status, answer.body["code"]) == (400, "invalid_parameter")
    assert "92 days" in answer.body["detail"]
