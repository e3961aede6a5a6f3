"""Paging through the history while it grows."""

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.cloud import Cloud, Record
from visionflow.answers.answer import Score
from visionflow.models.ref import ModelRef
from visionflow.predictions.record import ImageRef, Prediction
from visionflow.predictions.store import PredictionStore
from visionflow.timestamps import new_id, timestamp

pytestmark = pytest.mark.e2e

LABEL = "paging"


def prediction(at: datetime) -> Prediction:
    return Prediction(
        id=new_id(at),
        source="api",
        status="ok",
        label=LABEL,
        confidence=0.9,
        top_k=(Score(LABEL, 0.9),),
        model=ModelRef("starter", "paging"),
        image=ImageRef("bucket", "key", None, 1, 1, 1, "0" * 64),
        thumbnail_key=None,
        timings={},
        created_at=timestamp(at),
        error=None,
        expires_at=int(at.timestamp()) + 86_400,
    )


@pytest.mark.parametrize("query", [{"label": LABEL}, {"model": "starter/paging"}, {}])
def test_pages_neither_repeat_nor_lose_a_row_while_rows_arrive(
    cloud: Cloud, query: dict[str, str]
) -> None:
    store = PredictionStore(cloud.outputs.predictions_table, cloud.dynamodb)
    start = datetime.now(UTC) - timedelta(hours=1)
    before = [prediction(start + timedelta(milliseconds=n // 2)) for n in range(1_000)]
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(store.add, before))
        arriving: list[Future[bool]] = []
        seen: list[Record] = []
        for record in cloud.logs(**query):
            if len(seen) % 100 == 0:
                arriving.append(pool.submit(store.add, prediction(datetime.now(UTC))))
            seen.append(record)
        assert all(future.result() for future in arriving)
    ids = [record["id"] for record in seen]
    assert len(set(ids)) == len(ids)
    assert {row.id for row in before} <= set(ids)
    positions = [(record["created_at"], record["id"]) for record in seen]
    assert positions == sorted(positions, reverse=True)
