"""POST /predict?coverage=: the smallest set of labels that holds the true one so often."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

import lambdas.predict.handler
import lambdas.predict.service
from tests.images import encode, plain
from tests.integration.conftest import Cloud
from tests.integration.test_idempotency import send
from tests.integration.test_predict import as_json, multipart, raw
from tests.tiny_model import LABELS, write_tiny_artifact
from visionflow.predictions.replies import Reply

RED, GREY = (encode(plain(c), "PNG") for c in ("red", "grey"))
# Of 19 images: 0.95 is the most, and needs a confidence of 0.25; the third of them had 0.9999.
CONFORMITY = (0.25, 0.3, *[0.9999] * 17)


@pytest.fixture
def measured(empty_cloud: Cloud, tmp_path: Path) -> Cloud:
    write_tiny_artifact(tmp_path / "1", conformity=CONFORMITY)
    empty_cloud.publish(tmp_path / "1")
    return empty_cloud


@pytest.mark.parametrize("wrap", [multipart, as_json, raw])
def test_the_set_is_answered_however_the_image_is_sent(measured: Cloud, wrap: Any) -> None:
    body, content_type = wrap(RED)
    query = {"coverage": "0.95", "top_k": "1"}
    answer = measured.call("POST", "/predict", query, body, content_type).body
    assert answer["prediction_set"] == {"coverage": 0.95, "labels": ["red"]}


def test_the_set_has_more_labels_than_top_k_where_it_takes_them(measured: Cloud) -> None:
    found = measured.predict(GREY, coverage=0.95, top_k=1).body["prediction_set"]
    assert sorted(found["labels"]) == sorted(LABELS)


def test_the_set_is_empty_where_even_the_best_label_is_too_unlikely(measured: Cloud) -> None:
    found = measured.predict(GREY, coverage=0.85).body["prediction_set"]
    assert found == {"coverage": 0.85, "labels": []}


def test_without_a_coverage_there_is_no_set(measured: Cloud) -> None:
    assert measured.predict(RED).body["prediction_set"] is None


@pytest.mark.parametrize(
    ("coverage", "said"),
    [
        (0, "coverage must be between 0 and 1"),
        (1, "coverage must be between 0 and 1"),
        (95, "coverage must be between 0 and 1, such as 0.95; found 95"),
        (0.96, "coverage is at most 0.950 for this model"),
        ("95%", "coverage must be a number such as 0.95"),
    ],
)
def test_a_coverage_out_of_its_limits_is_refused_with_them(
    measured: Cloud, coverage: Any, said: str
) -> None:
    answer = measured.predict(RED, coverage=coverage)
    assert (answer.status, answer.body["code"]) == (400, "invalid_parameter")
    assert said in answer.body["detail"]
    assert measured.logs() == []


def test_a_version_that_has_not_measured_it_says_so(cloud: Cloud) -> None:
    answer = cloud.predict(RED, coverage=0.95)
    assert (answer.status, answer.body["code"]) == (409, "coverage_unmeasured")
    assert "train and promote a new version" in answer.body["detail"]
    assert cloud.logs() == []
    assert cloud.predict(RED).status == 200


def test_a_repeated_key_keeps_the_set(measured: Cloud, tmp_path: Path) -> None:
    first = send(measured, RED, "k", coverage=0.95)
    write_tiny_artifact(tmp_path / "2", "2")
    measured.publish(tmp_path / "2")
    lambdas.predict.handler.service.cache_clear()
    assert first.body["prediction_set"]["labels"] == ["red"]
    assert send(measured, RED, "k", coverage=0.95) == first


def test_a_set_that_no_item_can_hold_is_refused_before_anything_is_stored(
    measured: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lambdas.predict.service, "_MOST_REPLY_BYTES", 50)
    refused = send(measured, GREY, "one", coverage=0.95)
    assert (refused.status, refused.body["code"]) == (400, "invalid_parameter")
    assert "too long to be kept" in refused.body["detail"]
    assert "Contents" not in measured.s3.list_objects_v2(Bucket="images")
    assert measured.predict(GREY, coverage=0.95).status == 200


def test_an_answer_from_before_there_were_sets_is_repeated(measured: Cloud) -> None:
    first = send(measured, RED, "k")
    key = {"id": {"S": first.body["id"]}}
    item = measured.dynamodb.get_item(TableName="predictions", Key=key)["Item"]
    reply = json.loads(item["reply"]["S"])
    del reply["familiarity_threshold"], reply["prediction_set"]
    assert Reply.parse(json.dumps(reply)).prediction_set is None
    measured.dynamodb.update_item(
        TableName="predictions",
        Key=key,
        UpdateExpression="SET reply = :reply",
        ExpressionAttributeValues={":reply": {"S": json.dumps(reply)}},
    )
    # As it was computed then; another fingerprint would be a conflict.
    chosen = [hashlib.sha256(RED).hexdigest(), None, False, None]
    assert reply["request"] == hashlib.sha256(json.dumps(chosen).encode()).hexdigest()
    assert send(measured, RED, "k") == first
