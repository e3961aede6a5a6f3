"""What people say about predictions, and which image they are asked about next."""

import dataclasses
import json
import time
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from lambdas.api.records import Records
from lambdas.api.resources import resources
from tests.images import encode, plain
from tests.integration.conftest import Answer, Cloud
from tests.integration.test_api import fill, record
from visionflow.access.caller import Caller
from visionflow.access.roles import EVERYTHING, SCOPES_OF
from visionflow.images.uploads import posted_key
from visionflow.predictions import new_labels
from visionflow.predictions.new_labels import NewLabels
from visionflow.predictions.record import Feedback, Prediction
from visionflow.predictions.reviews import ReviewStore
from visionflow.timestamps import new_id, timestamp

RED = encode(plain("red"))


def say(cloud: Cloud, prediction_id: str, body: Any, **options: Any) -> Answer:
    data = json.dumps(body).encode()
    path = f"/predictions/{prediction_id}/feedback"
    return cloud.call("POST", path, body=data, content_type="application/json", **options)


def test_the_last_word_counts_and_all_are_kept(cloud: Cloud) -> None:
    asked = cloud.predict(RED).body
    assert asked["feedback"] is None
    for label, email in (("red", "a@example.com"), ("blue", "b@example.com")):
        caller = Caller(f"user:{email}", email, EVERYTHING)
        answer = say(cloud, asked["id"], {"label": label}, caller=caller)
        assert answer.status == 200
        assert answer.body["feedback"]["label"] == label
    found = cloud.call("GET", f"/predictions/{asked['id']}").body
    assert (found["feedback"]["label"], found["feedback"]["by"]) == ("blue", "b@example.com")
    assert found["label"] == "red"
    words = cloud.call("GET", f"/predictions/{asked['id']}/feedback").body["items"]
    assert [(w["label"], w["by"]) for w in words] == [
        ("red", "a@example.com"),
        ("blue", "b@example.com"),
    ]
    assert words[0]["at"] < words[1]["at"]


def test_a_class_that_the_model_does_not_know_has_to_be_meant(cloud: Cloud) -> None:
    asked = cloud.predict(RED).body["id"]
    typing_error = say(cloud, asked, {"label": "rde"})
    assert (typing_error.status, typing_error.body["code"]) == (400, "invalid_parameter")
    assert "red, green, blue" in typing_error.body["detail"]
    assert say(cloud, asked, {"label": "purple", "new": True}).status == 200
    korean = say(cloud, asked, {"label": "보라색 꽃 💜", "new": True})
    assert korean.body["feedback"]["label"] == "보라색 꽃 💜"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "missing_field"),
        ({"label": 5}, "invalid_body"),
        ({"label": "red", "new": "yes"}, "invalid_body"),
        ({"label": "  "}, "invalid_parameter"),
        ({"label": "a\0b", "new": True}, "invalid_parameter"),
        ({"label": "two\nlines", "new": True}, "invalid_parameter"),
        ({"label": "꽃" * 86, "new": True}, "invalid_parameter"),
        ({"label": "\ud800", "new": True}, "invalid_body"),
        ({"label": "../etc", "new": True}, "invalid_parameter"),
        ({"label": "x" * 300, "new": True}, "invalid_parameter"),
        ({"label": "x" * 121, "new": True}, "invalid_parameter"),
        ({"label": "\x1b]0;owned\x07", "new": True}, "invalid_parameter"),
        ({"label": "a\u202eb", "new": True}, "invalid_parameter"),
        ({"label": "a\u200bb", "new": True}, "invalid_parameter"),
        ({"label": "a\\b", "new": True}, "invalid_parameter"),
        ({"label": "..", "new": True}, "invalid_parameter"),
        ({"label": "dot.", "new": True}, "invalid_parameter"),
        ({"label": "lineage.jsonl", "new": True}, "invalid_parameter"),
        *(
            ({"label": name, "new": True}, "invalid_parameter")
            for name in ("train", "Val", "TEST", "Training", "검증용")
        ),
        ({"label": "con", "new": True}, "invalid_parameter"),
    ],
)
def test_words_that_say_nothing_are_refused(cloud: Cloud, body: Any, code: str) -> None:
    asked = cloud.predict(RED).body["id"]
    refused = say(cloud, asked, body)
    assert (refused.status, refused.body["code"]) == (400, code)
    assert cloud.call("GET", f"/predictions/{asked}").body["feedback"] is None


def test_the_models_own_spelling_of_a_label_is_kept(cloud: Cloud) -> None:
    asked = cloud.predict(RED).body["id"]
    for text in ("Red", " RED ", "red"):
        answer = say(cloud, asked, {"label": text, "new": text == "RED"})
        assert (answer.status, answer.body["feedback"]["label"]) == (200, "red")


def test_the_first_spelling_of_a_new_label_is_kept(cloud: Cloud) -> None:
    asked = cloud.predict(RED).body["id"]
    apart = unicodedata.normalize("NFD", "고양이")
    assert apart != "고양이"
    for first, text in (
        ("고양이", apart),
        ("고양이", "고양이"),
        ("Purple", "Purple"),
        ("Purple", "purple"),
    ):
        answer = say(cloud, asked, {"label": text, "new": True})
        assert answer.body["feedback"]["label"] == first
    cloud.count(cloud.stream())
    now = cloud.call("GET", f"/predictions/{asked}").body["created_at"]
    stats = cloud.call("GET", "/stats", {"from": now, "to": now}).body
    assert set(stats["feedback"]["by_model"]["tiny/1"]["per_label"]) == {"Purple"}


def test_there_are_only_so_many_new_labels(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_labels, "MAX_NEW_LABELS", 3)
    asked = cloud.predict(RED).body["id"]
    for word in ("one", "two", "three"):
        assert say(cloud, asked, {"label": word, "new": True}).status == 200
    refused = say(cloud, asked, {"label": "four", "new": True})
    assert (refused.status, refused.body["code"]) == (409, "too_many_labels")
    assert "at most 3" in refused.body["detail"]
    # What is there already may be given again, and so may the model's own labels.
    for word in ("TWO", "red"):
        assert say(cloud, asked, {"label": word, "new": True}).status == 200
    # They make room when the records that they were given for are gone.
    later = NewLabels("insights", cloud.dynamodb, clock=lambda: time.time() + 91 * 86_400)
    assert later.admit("four", int(time.time()) + 100 * 86_400) == "four"


def test_a_label_that_is_given_again_stays_as_long_as_the_later_record(cloud: Cloud) -> None:
    at = 0.0
    labels = NewLabels("insights", cloud.dynamodb, clock=lambda: at)
    for expires_at in (10, 30, 20):
        labels.admit("purple", expires_at)
    at = 25.0
    assert labels.admit("PURPLE", 26) == "purple"
    at = 31.0
    assert labels.admit("PURPLE", 50) == "PURPLE"


def test_there_must_be_an_answer_to_speak_of(cloud: Cloud) -> None:
    missing = say(cloud, "nobody-knows-this", {"label": "red"})
    assert (missing.status, missing.body["code"]) == (404, "prediction_not_found")
    (failed,) = fill(cloud, [record(0, None)])
    assert say(cloud, failed, {"label": "red"}).status == 400


def test_two_who_speak_at_once_are_put_in_order(cloud: Cloud) -> None:
    asked = cloud.predict(RED).body["id"]
    slow = ReviewStore("predictions", "insights", cloud.dynamodb)
    read = slow._item

    def overtaken(prediction_id: str) -> Any:
        item = read(prediction_id)
        slow._item = read  # type: ignore[method-assign]
        say(cloud, asked, {"label": "green"})
        return item

    slow._item = overtaken  # type: ignore[method-assign]
    slow.give(asked, Feedback("blue", "2030-01-01T00:00:00.000000Z", "slow", weight=3), "slow")
    assert [feedback.label for feedback in slow.history(asked)] == ["green", "blue"]
    assert cloud.call("GET", f"/predictions/{asked}").body["feedback"]["label"] == "blue"


@pytest.mark.parametrize(("reason", "status"), [("ThrottlingError", 503), ("ValidationError", 500)])
def test_a_transaction_that_was_throttled_may_be_tried_again(
    cloud: Cloud, reason: str, status: int
) -> None:
    (prediction_id,) = fill(cloud, [dataclasses.replace(record(0), model=None)])

    def cancel(**_: Any) -> Any:
        error = {"Code": "TransactionCanceledException", "Message": "cancelled"}
        reasons = [{"Code": "None"}, {"Code": reason}]
        answer = {
            "Error": error,
            "CancellationReasons": reasons,
            "ResponseMetadata": {"HTTPStatusCode": 400},
        }
        return AWSResponse("", 400, HTTPHeaders(), None), answer

    events = resources().dynamodb.meta.events
    events.register_first("before-call.dynamodb.TransactWriteItems", cancel)
    assert say(cloud, prediction_id, {"label": "red"}).status == status


def test_the_least_certain_come_first_until_somebody_has_spoken(cloud: Cloud) -> None:
    confidences = [0.91, 0.33, 0.77, 0.05, 0.62]
    records = [
        dataclasses.replace(record(i), confidence=confidence, model=None)
        for i, confidence in enumerate(confidences)
    ]
    fill(cloud, [*records, record(9, None)])

    def queue(limit: int = 10) -> list[float]:
        items = cloud.call("GET", "/uncertain", {"limit": limit}).body["items"]
        return [item["confidence"] for item in items]

    assert queue() == sorted(confidences)
    assert queue(2) == [0.05, 0.33]
    assert say(cloud, records[3].id, {"label": "red"}).status == 200
    assert queue() == [0.33, 0.62, 0.77, 0.91]
    for limit in (0, 101):
        assert cloud.call("GET", "/uncertain", {"limit": limit}).status == 400


@pytest.mark.parametrize("own", [False, True])
def test_nobody_is_asked_about_an_image_that_cannot_be_shown(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, *, own: bool
) -> None:
    """What was sent goes after the stage's days, unless somebody has looked at it before."""
    now = datetime.now(UTC)
    eve = Caller("user:eve", "Eve", SCOPES_OF["viewer"])

    def sent(index: int, days: float, **changes: Any) -> Prediction:
        at = timestamp(now - timedelta(days=days))
        found = dataclasses.replace(record(index), created_at=at, expires_at=2**31, owner=eve.id)
        image = dataclasses.replace(found.image, key=changes.pop("key", f"api/{found.id}"))
        return dataclasses.replace(found, image=image, **({"source": "api"} | changes))

    posted = posted_key(new_id(now))
    fresh = [sent(0, 6), sent(1, 6, key=posted, source="s3")]
    gone = [sent(2, 8), sent(3, 8, key=posted, source="s3")]
    seen = sent(4, 8, thumbnail_key="thumbnails/4.jpg")
    dropped = sent(5, 8, key="uploads/5.jpg", source="s3")
    fill(cloud, [*gone, *fresh, seen, dropped])
    monkeypatch.setattr(Records, "owner_for", lambda _, caller: caller.id if own else None)
    items = cloud.call("GET", "/uncertain", caller=eve).body["items"]
    assert {item["id"] for item in items} == {p.id for p in (*fresh, seen, dropped)}


def test_neither_queue_scans(cloud: Cloud) -> None:
    operations: list[str] = []
    fill(cloud, [record(i) for i in range(5)])
    reviews = resources().reviews
    reviews._client.meta.events.register(
        "before-call.dynamodb", lambda model, **_: operations.append(model.name)
    )
    reviews.uncertain(5, "0")
    list(reviews.given())
    assert set(operations) == {"Query"}


def test_what_was_spoken_of_is_read_by_the_time_of_the_word(cloud: Cloud) -> None:
    ids = fill(cloud, [record(i) for i in range(4)])
    reviews = ReviewStore("predictions", "insights", cloud.dynamodb)
    for minute, prediction_id in enumerate(ids):
        at = f"2031-01-01T00:0{minute}:00.000000Z"
        reviews.give(prediction_id, Feedback("red", at, "me"), "me")
    assert [p.id for p in reviews.given()] == ids
    assert [p.id for p in reviews.given("2031-01-01T00:02")] == ids[2:]
    assert [p.id for p in reviews.given(newest_first=True)] == ids[::-1]
    reviews.give(ids[0], Feedback("blue", "2031-01-01T00:09:00.000000Z", "me"), "me")
    assert [p.id for p in reviews.given()] == [*ids[1:], ids[0]]


def test_a_record_from_before_there_was_feedback_is_read(cloud: Cloud) -> None:
    (prediction_id,) = fill(cloud, [record(0)])
    cloud.dynamodb.update_item(
        TableName="predictions",
        Key={"id": {"S": prediction_id}},
        UpdateExpression="REMOVE feedback, refused",
    )
    found = cloud.call("GET", f"/predictions/{prediction_id}").body
    assert (found["feedback"], found["refused"]) == (None, None)


def test_now_is_written_as_records_write_it(cloud: Cloud) -> None:
    asked = cloud.predict(RED).body["id"]
    said = say(cloud, asked, {"label": "red"}).body["feedback"]
    at = datetime.fromisoformat(said["at"])
    assert said["at"].endswith("Z")
    assert abs((datetime.now(UTC) - at).total_seconds()) < 60


VIEWER, LABELLER, ADMIN = (
    Caller(f"user:{role}", f"{role}@example.com", SCOPES_OF[role])
    for role in ("viewer", "labeller", "model-admin")
)


def test_the_heaviest_feedback_counts_and_of_it_the_latest(cloud: Cloud) -> None:
    asked = cloud.predict(RED).body["id"]
    turns = (
        (VIEWER, "blue", "blue"),
        (VIEWER, "red", "red"),
        (LABELLER, "green", "green"),
        (VIEWER, "blue", "green"),
        (LABELLER, "red", "red"),
        (ADMIN, "blue", "blue"),
        (LABELLER, "green", "blue"),
        (VIEWER, "green", "blue"),
        (ADMIN, "green", "green"),
    )
    for caller, label, current in turns:
        answer = say(cloud, asked, {"label": label}, caller=caller).body
        assert answer["feedback"]["label"] == current
        assert (answer["given"]["label"], answer["given"]["by"]) == (label, caller.name)
        assert answer["counts"] == (label == current)
        found = cloud.call("GET", f"/predictions/{asked}").body
        assert found["feedback"] == answer["feedback"]
    words = cloud.call("GET", f"/predictions/{asked}/feedback").body["items"]
    assert [word["label"] for word in words] == [label for _, label, _ in turns]
    assert [word["weight"] for word in words] == [1, 1, 2, 1, 2, 3, 2, 1, 3]
    # The counters follow what counts, not what was said last.
    say(cloud, asked, {"label": "red"}, caller=VIEWER)
    cloud.count(cloud.stream())
    cloud.count(cloud.stream())
    (version,) = cloud.call("GET", "/stats").body["feedback"]["by_model"].values()
    assert {label: share["n"] for label, share in version["per_label"].items()} == {"green": 1}


def test_feedback_that_does_not_count_stays_where_the_current_is(cloud: Cloud) -> None:
    """Collecting goes by the time of the feedback that counts."""
    ids = fill(cloud, [record(i) for i in range(2)])
    reviews = ReviewStore("predictions", "insights", cloud.dynamodb)
    for minute, (prediction_id, weight) in enumerate([(ids[0], 2), (ids[1], 1), (ids[0], 1)]):
        at = f"2031-01-01T00:0{minute}:00.000000Z"
        reviews.give(prediction_id, Feedback("red", at, "me", weight=weight), "me")
    assert [p.id for p in reviews.given()] == ids


def test_feedback_from_before_there_were_weights_has_a_viewer_s(cloud: Cloud) -> None:
    asked = cloud.predict(RED).body["id"]
    say(cloud, asked, {"label": "blue"}, caller=ADMIN)
    cloud.dynamodb.update_item(
        TableName="predictions",
        Key={"id": {"S": asked}},
        UpdateExpression="REMOVE feedback.weight",
    )
    answer = say(cloud, asked, {"label": "red"}, caller=VIEWER).body
    assert (answer["feedback"]["label"], answer["counts"]) == ("red", True)


def test_a_viewer_adds_no_label(cloud: Cloud) -> None:
    asked = cloud.predict(RED).body["id"]
    refused = say(cloud, asked, {"label": "purple", "new": True}, caller=VIEWER)
    assert (refused.status, refused.body["code"]) == (403, "forbidden")
    assert cloud.call("GET", f"/predictions/{asked}/feedback").body == {"items": []}
    assert say(cloud, asked, {"label": "red", "new": True}, caller=VIEWER).status == 200
    assert say(cloud, asked, {"label": "purple", "new": True}, caller=LABELLER).status == 200
