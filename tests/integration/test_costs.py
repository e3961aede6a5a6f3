"""GET /costs: from real counters and records."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lambdas.api.settings import CostSettings
from tests.integration.conftest import Cloud
from visionflow.costs.amounts import DAYS_PER_MONTH, Workload
from visionflow.costs.estimate import estimate
from visionflow.insights.counters import Change, CounterStore, counts_row
from visionflow.models.ref import ModelRef
from visionflow.predictions.record import ImageRef, Prediction
from visionflow.predictions.store import PredictionStore
from visionflow.timestamps import new_id, timestamp

SETTINGS = CostSettings(1769, 2048, "x86_64", 30, 7, 14, 0, 0, 0, 7, 50)
NOW = datetime.now(UTC)


@pytest.fixture
def priced(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    for name, value in SETTINGS.to_env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", "ap-northeast-2")
    return cloud


def keep(cloud: Cloud, source: Any, size: tuple[int, int]) -> None:
    at = NOW - timedelta(seconds=1)
    record = Prediction(
        id=new_id(at),
        source=source,
        status="ok",
        label="red",
        confidence=0.9,
        top_k=(),
        model=ModelRef("tiny", "1"),
        image=ImageRef("images", "api/x", None, *size, 1000, None),
        thumbnail_key=None,
        timings={},
        created_at=timestamp(at),
        error=None,
        expires_at=int(at.timestamp()) + 86_400,
    )
    assert PredictionStore("predictions", cloud.dynamodb).add(record)


def count(cloud: Cloud, day: datetime, predictions: int) -> None:
    row = counts_row(day.date().isoformat(), ModelRef("tiny", "1"))
    store = CounterStore("insights", cloud.dynamodb)
    change = Change(f"of {day.date()}", "1", {row: {"status.ok": predictions}})
    store.count([change])


def test_today_is_priced_by_how_images_come_and_how_large_they_are(priced: Cloud) -> None:
    keep(priced, "api", (2000, 1500))
    keep(priced, "api", (1000, 1000))
    keep(priced, "s3", (2000, 2500))
    keep(priced, "s3", (1000, 3000))
    count(priced, NOW, 5000)
    answer = priced.call("GET", "/costs")
    assert answer.status == 200, answer.body
    expected = estimate(
        Workload(5000, (3 + 1 + 5 + 3) / 4, region="ap-northeast-2", memory_mb=1769, more_alarms=7)
    )
    ingest = estimate(
        Workload(5000, (3 + 1 + 5 + 3) / 4, region="ap-northeast-2", memory_mb=2048, more_alarms=7)
    )
    each = (expected.http.per_million + ingest.s3.per_million) / 2 / 1e6
    assert answer.body["currency"] == "USD"
    assert answer.body["predictions_today"] == 5000
    assert answer.body["today"] == pytest.approx(5000 * each)
    assert answer.body["per_1000"] == pytest.approx(1000 * each)
    idle = sum(expected.idle_per_month.values()) / DAYS_PER_MONTH
    assert answer.body["fixed_per_day"] == pytest.approx(idle)
    metrics = expected.metrics_per_month / DAYS_PER_MONTH
    assert answer.body["metrics_per_day"] == pytest.approx(metrics)
    assert "heatmaps" in answer.body["assumptions"]["left_out"]
    assert "50% through HTTP" in answer.body["assumptions"]["ways"]


def test_a_period_of_whole_days(priced: Cloud) -> None:
    count(priced, NOW, 10)
    count(priced, NOW - timedelta(days=1), 20)
    count(priced, NOW - timedelta(days=5), 40)
    since = (NOW - timedelta(days=1)).isoformat()
    body = priced.call("GET", "/costs", {"from": since}).body
    assert body["period"]["predictions"] == 30
    assert body["period"]["usd"] == pytest.approx(30 * body["per_1000"] / 1000)
    assert body["predictions_today"] == 10


def test_nothing_predicted_costs_nothing(priced: Cloud) -> None:
    body = priced.call("GET", "/costs").body
    assert (body["today"], body["predictions_today"]) == (0, 0)
    assert body["per_1000"] > 0


@pytest.mark.parametrize(
    "query",
    [
        {"from": "yesterday"},
        {"days": 3},
        {"from": "2030-02-01T00:00Z", "to": "2030-01-01T00:00Z"},
        {"offset": 841},
        {"offset": "+09:00"},
    ],
)
def test_a_range_that_is_none_is_refused(priced: Cloud, query: dict[str, Any]) -> None:
    answer = priced.call("GET", "/costs", query)
    assert (answer.status, answer.body["code"]) == (400, "invalid_parameter")
