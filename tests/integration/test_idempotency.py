"""POST /predict with an `Idempotency-Key`: one record and one answer, however often it is sent."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import lambdas.predict.handler
from lambdas.predict.idempotency import IdempotencyKey, PredictOptions
from lambdas.predict.service import PredictService
from tests.images import encode, plain
from tests.integration.conftest import COUNTING, INGEST, Answer, Cloud
from tests.tiny_model import write_tiny_artifact
from visionflow.access.caller import LOCAL, Caller
from visionflow.access.roles import EVERYTHING
from visionflow.dynamodb import to_item
from visionflow.errors import IdempotencyConflictError, VisionFlowError
from visionflow.predictions.record import Prediction
from visionflow.predictions.replies import Reply
from visionflow.predictions.store import PredictionStore

RED, BLUE = encode(plain("red")), encode(plain("blue"))
KEY = IdempotencyKey("key", LOCAL.id)


def send(cloud: Cloud, image: bytes, key: str, caller: str | None = None, **query: Any) -> Answer:
    return cloud.call(
        *("POST", "/predict", query, image, "application/octet-stream"),
        headers={"idempotency-key": key},
        caller=None if caller is None else Caller(caller, caller, EVERYTHING),
    )


@pytest.mark.parametrize(
    "query", [{}, {"top_k": 1}, {"explain": "true"}, {"explain": "true", "label": "blue"}]
)
def test_the_same_request_gets_the_first_answer_again(cloud: Cloud, query: Any) -> None:
    first = send(cloud, RED, "a-1_2.3", **query)
    assert first.status == 200
    for _ in range(2):
        assert send(cloud, RED, "a-1_2.3", **query) == first
    assert len(cloud.logs()) == 1
    assert cloud.call("GET", f"/predictions/{first.body['id']}").body["label"] == "red"


def test_the_first_answer_outlives_the_model_that_gave_it(cloud: Cloud, tmp_path: Path) -> None:
    first = send(cloud, RED, "k", explain="true")
    write_tiny_artifact(tmp_path / "next", version="2", unknown_threshold=0.9)
    cloud.publish(tmp_path / "next")
    lambdas.predict.handler.service.cache_clear()
    assert cloud.predict(RED).body["model"]["version"] == "2"
    assert send(cloud, RED, "k", explain="true") == first


def test_what_people_say_later_is_no_part_of_the_first_answer(cloud: Cloud) -> None:
    first = send(cloud, RED, "k")
    feedback = {"label": "blue", "at": "2030-01-01T00:00:00.000000Z", "by": "ann"}
    cloud.dynamodb.update_item(
        TableName="predictions",
        Key={"id": {"S": first.body["id"]}},
        UpdateExpression="SET feedback = :said",
        ExpressionAttributeValues={":said": {"M": to_item(feedback)}},
    )
    assert cloud.logs()[0]["feedback"] == {
        **feedback,
        "parents": [],
        "is_parent": False,
        "weight": 1,
        "from_queue": False,
    }
    assert send(cloud, RED, "k") == first


@pytest.mark.parametrize("key", [None, "k"])
def test_a_record_whose_write_was_repeated_is_answered(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    """The answer of the first write was lost, and its own record refuses the second."""
    add = PredictionStore.add
    monkeypatch.setattr(PredictionStore, "add", lambda *given: add(*given) and add(*given))
    answer = cloud.predict(RED) if key is None else send(cloud, RED, key)
    assert answer.status == 200
    (record,) = cloud.logs()
    assert (record["id"], record["label"]) == (answer.body["id"], "red")


@pytest.mark.parametrize(
    ("image", "query"),
    [(BLUE, {}), (RED, {"top_k": 2}), (RED, {"explain": "true"}), (RED, {"coverage": 0.5})],
)
def test_another_request_with_the_same_key_is_a_conflict(
    cloud: Cloud, image: bytes, query: Any
) -> None:
    first = send(cloud, RED, "k")
    answer = send(cloud, image, "k", **query)
    assert (answer.status, answer.body["code"]) == (409, "idempotency_conflict")
    assert len(cloud.logs()) == 1
    assert send(cloud, RED, "k") == first


def test_keys_are_each_caller_s_own(cloud: Cloud) -> None:
    ids = {send(cloud, RED, "k", caller).body["id"] for caller in (None, "ann", "bob", "ann")}
    assert len(ids) == len(cloud.logs()) == 3


@pytest.mark.parametrize("key", ["", " ", "a b", "k" * 65, "ключ", "a/b"])
def test_a_key_that_is_none_is_refused(cloud: Cloud, key: str) -> None:
    answer = send(cloud, RED, key)
    assert (answer.status, answer.body["code"]) == (400, "invalid_parameter")
    assert "Idempotency-Key" in answer.body["detail"]


@pytest.mark.parametrize(("image", "query"), [(b"none", {}), (RED, {"top_k": 9})])
def test_a_refused_request_leaves_its_key_free(cloud: Cloud, image: bytes, query: Any) -> None:
    assert 400 <= send(cloud, image, "k", **query).status < 500
    assert send(cloud, RED, "k").body["label"] == "red"


def test_a_repeated_answer_is_no_new_prediction_in_the_metrics(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        send(cloud, RED, "k")
    assert capsys.readouterr().out.count('"Name":"Predictions.ok"') == 1


def test_a_request_that_died_half_way_is_done_by_the_next(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The image is stored, the record is not."""
    service = PredictService.build(INGEST, COUNTING)

    def die(*_: Any) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(service.predictions, "add", die)
        with pytest.raises(KeyboardInterrupt):
            service.predict(RED, datetime.now(UTC), key=KEY)
    assert cloud.s3.list_objects_v2(Bucket="images")["KeyCount"] == 1
    assert cloud.logs() == []
    answered = service.predict(RED, datetime.now(UTC), key=KEY)
    assert (answered.answer.label, answered.repeated) == ("red", False)
    assert len(cloud.logs()) == 1


class Race:
    """Several workers that have all seen that the key is free before the first of them writes.

    DynamoDB checks a condition and writes in one step. moto does not between threads, so records
    are added one after the other.
    """

    def __init__(self, count: int) -> None:
        self._barrier = threading.Barrier(count)
        self._one_step = threading.Lock()
        self.workers = [self._worker() for _ in range(count)]

    def _worker(self) -> PredictService:
        service = PredictService.build(INGEST, COUNTING)
        write, add = service.images.write, service.predictions.add

        def write_together(key: str, data: bytes, content_type: str) -> str | None:
            if key.startswith("api/"):
                self._barrier.wait(120)
            return write(key, data, content_type)

        def add_in_one_step(
            prediction: Prediction, sketch: bytes | None = None, reply: Reply | None = None
        ) -> bool:
            with self._one_step:
                return add(prediction, sketch, reply)

        service.images.write = write_together  # type: ignore[method-assign]
        service.predictions.add = add_in_one_step  # type: ignore[method-assign]
        return service

    def run(self, images: list[bytes]) -> list[Any]:
        """Each worker's answer, or the error that it raised."""

        def work(service: PredictService, image: bytes) -> Any:
            try:
                return service.predict(image, datetime.now(UTC), PredictOptions(), KEY)
            except VisionFlowError as error:
                return error

        with ThreadPoolExecutor(len(self.workers)) as pool:
            return list(pool.map(work, self.workers, images))


def test_of_concurrent_duplicates_one_writes_and_all_get_its_answer(cloud: Cloud) -> None:
    answers = Race(4).run([RED] * 4)
    for found in answers:
        assert found.answer == answers[0].answer
    assert sorted(found.repeated for found in answers) == [False, True, True, True]
    assert len(cloud.logs()) == 1


def test_of_concurrent_requests_for_two_images_one_wins_whole(cloud: Cloud) -> None:
    answers = Race(2).run([RED, BLUE])
    (winner,) = (answer for answer in answers if not isinstance(answer, VisionFlowError))
    (loser,) = (answer for answer in answers if isinstance(answer, VisionFlowError))
    assert isinstance(loser, IdempotencyConflictError)
    (entry,) = cloud.logs()
    winner = winner.answer
    assert entry["label"] == winner.label
    stored = cloud.s3.get_object(
        Bucket="images", Key=winner.image.key, VersionId=winner.image.version_id
    )
    assert stored["Body"].read() == {"red": RED, "blue": BLUE}[winner.label]
