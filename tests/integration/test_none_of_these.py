"""That an image is none of the labels, feedback taken back, and feedback of the queue."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from lambdas.api.resources import resources
from tests.images import encode, plain
from tests.integration.conftest import Cloud
from tests.integration.dataset_loop import NAME, Loop, loop_in_process
from tests.integration.test_api import fill, record
from tests.integration.test_counters import WINDOW
from tests.integration.test_feedback import ADMIN, LABELLER, RED, VIEWER, say
from visionflow.access.caller import Caller
from visionflow.access.roles import SCOPES_OF
from visionflow.insights.counters import CounterStore
from visionflow.predictions.record import Prediction


def unfamiliar(index: int) -> Prediction:
    return dataclasses.replace(record(index), status="unknown", unknown_reason="unfamiliar")


def kept(cloud: Cloud, records: list[Prediction]) -> list[str]:
    fill(cloud, records)
    return [one.id for one in records]


def accuracy(cloud: Cloud) -> dict[str, Any]:
    cloud.count(cloud.stream())
    versions = cloud.call("GET", "/stats", WINDOW).body["feedback"]["by_model"]
    return next(iter(versions.values()), {})


def counted(share: dict[str, Any]) -> tuple[int, int]:
    return share["n"], share["correct"]


def withdraw(cloud: Cloud, prediction_id: str, caller: Caller = ADMIN) -> Any:
    return cloud.call("DELETE", f"/predictions/{prediction_id}/feedback", caller=caller)


def listed(cloud: Cloud, verdict: str, **query: Any) -> set[str]:
    answer = cloud.call("GET", "/logs", {"feedback": verdict, **query})
    assert answer.status == 200, answer.body
    return {item["id"] for item in answer.body["items"]}


def test_none_of_the_labels_is_wrong_for_an_answer_and_right_for_unknown(cloud: Cloud) -> None:
    named, unknown = kept(cloud, [record(0), unfamiliar(1)])
    for prediction_id in (named, unknown):
        answer = say(cloud, prediction_id, {"label": None}, caller=VIEWER)
        assert (answer.status, answer.body["feedback"]["label"]) == (200, None)
    found = accuracy(cloud)
    assert counted(found) == counted(found["none"]) == (2, 1)
    assert found["per_label"] == {}
    assert listed(cloud, "wrong") == {named}
    assert listed(cloud, "right") == {unknown}
    assert listed(cloud, "none") == {named, unknown}


@pytest.mark.parametrize(
    ("body", "code"),
    [({"new": True}, "missing_field"), ({"label": None, "new": True}, "invalid_parameter")],
)
def test_none_of_the_labels_has_to_be_said(cloud: Cloud, body: Any, code: str) -> None:
    (named,) = kept(cloud, [record(0)])
    refused = say(cloud, named, body)
    assert (refused.status, refused.body["code"]) == (400, code)


def test_the_history_is_filtered_by_what_people_said(cloud: Cloud) -> None:
    right, wrong, open_, _ = kept(cloud, [record(0), record(1), record(2), record(3, None)])
    say(cloud, right, {"label": "red", "new": True})
    say(cloud, wrong, {"label": "blue", "new": True})
    assert listed(cloud, "right") == {right}
    assert listed(cloud, "wrong") == {wrong}
    assert listed(cloud, "none") == set()
    assert listed(cloud, "unanswered") == {open_}
    assert listed(cloud, "right", label="red", status="ok") == {right}
    assert listed(cloud, "right", status="failed") == set()
    assert cloud.call("GET", "/logs", {"feedback": "maybe"}).status == 400


def test_a_filter_by_feedback_reads_only_what_has_some(cloud: Cloud) -> None:
    ids = kept(cloud, [record(i) for i in range(12)])
    for prediction_id in ids[::3]:
        say(cloud, prediction_id, {"label": "red", "new": True})
    seen, cursor = [], None
    while True:
        query = {"feedback": "right", "limit": 3, **({"cursor": cursor} if cursor else {})}
        page = cloud.call("GET", "/logs", query).body
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        # It is of this filter alone.
        other = {"feedback": "wrong", "limit": 3, "cursor": cursor}
        assert cloud.call("GET", "/logs", other).status == 400
    assert seen == ids[::3][::-1]
    index = cloud.dynamodb.scan(TableName="predictions", IndexName="by_feedback")
    assert index["Count"] == 4


def test_feedback_is_taken_back_with_all_that_it_has_added(cloud: Cloud) -> None:
    (one,) = kept(cloud, [dataclasses.replace(record(0), confidence=0.4)])
    say(cloud, one, {"label": "blue", "new": True})
    assert counted(accuracy(cloud)) == (1, 0)
    answer = withdraw(cloud, one, caller=Caller("anonymous", "anonymous", ADMIN.scopes))
    assert (answer.status, answer.body["feedback"]) == (200, None)
    assert answer.body["withdrawn"]["label"] == "blue"
    assert accuracy(cloud) == {}
    assert cloud.call("GET", f"/predictions/{one}").body["feedback"] is None
    assert cloud.call("GET", f"/predictions/{one}/feedback").body["items"] == []
    assert [item["id"] for item in cloud.call("GET", "/uncertain").body["items"]] == [one]
    assert listed(cloud, "unanswered") == {one}
    assert listed(cloud, "wrong") == set()
    # And may be given again.
    assert say(cloud, one, {"label": "red", "new": True}).status == 200
    assert cloud.call("GET", "/uncertain").body["items"] == []
    assert counted(accuracy(cloud)) == (1, 1)


def test_only_ones_own_latest_feedback_is_taken_back(cloud: Cloud) -> None:
    (one,) = kept(cloud, [record(0)])
    namesake = Caller("key:other", LABELLER.name, SCOPES_OF["labeller"])
    for caller, label in ((LABELLER, "red"), (LABELLER, "blue"), (VIEWER, None)):
        say(cloud, one, {"label": label, "new": label is not None}, caller=caller)
    for stranger in (ADMIN, namesake):
        refused = withdraw(cloud, one, stranger)
        assert (refused.status, refused.body["code"]) == (404, "feedback_not_found")
    # A lighter word that never counted goes, and the heavier one stays.
    assert withdraw(cloud, one, VIEWER).body["feedback"]["label"] == "blue"
    answer = withdraw(cloud, one, LABELLER).body
    assert (answer["withdrawn"]["label"], answer["feedback"]["label"]) == ("blue", "red")
    assert withdraw(cloud, one, LABELLER).body["feedback"] is None
    assert withdraw(cloud, one, LABELLER).status == 404
    assert withdraw(cloud, "nobody-knows-this").body["code"] == "prediction_not_found"


def undoable(cloud: Cloud, prediction_id: str, caller: Caller) -> str | None:
    found = cloud.call("GET", f"/predictions/{prediction_id}", caller=caller).body["undoable"]
    assert found is None or isinstance(found, str)
    return found


def test_a_caller_learns_what_they_may_take_back_and_nothing_of_others(cloud: Cloud) -> None:
    (one,) = kept(cloud, [record(0)])
    say(cloud, one, {"label": "red", "new": True}, caller=LABELLER)
    say(cloud, one, {"label": None}, caller=VIEWER)  # is outweighed
    namesake = Caller("key:other", VIEWER.name, SCOPES_OF["viewer"])
    callers = (VIEWER, LABELLER, namesake, ADMIN)
    assert [undoable(cloud, one, caller) for caller in callers] == ["own", "own", None, None]
    assert withdraw(cloud, one, VIEWER).body["undoable"] is None
    assert undoable(cloud, one, VIEWER) is None


def test_an_admin_takes_back_what_is_older_than_the_ids_of_its_givers(cloud: Cloud) -> None:
    (one,) = kept(cloud, [record(0)])
    say(cloud, one, {"label": "red", "new": True}, caller=LABELLER)
    (line,) = cloud.dynamodb.query(
        TableName="insights",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"FEEDBACK#{one}"}},
    )["Items"]
    key = {name: line[name] for name in ("pk", "sk")}
    cloud.dynamodb.update_item(TableName="insights", Key=key, UpdateExpression="REMOVE by_id")
    assert [undoable(cloud, one, caller) for caller in (LABELLER, ADMIN)] == [None, "unowned"]
    assert withdraw(cloud, one, LABELLER).status == 404
    # Their own goes first.
    say(cloud, one, {"label": "blue", "new": True}, caller=ADMIN)
    first = withdraw(cloud, one, ADMIN).body
    assert (first["withdrawn"]["label"], first["undoable"]) == ("blue", "unowned")
    assert withdraw(cloud, one, ADMIN).body["feedback"] is None
    (latest, *_) = cloud.call("GET", "/audit", caller=ADMIN).body["items"]
    assert latest["details"] == {"label": "red", "by": LABELLER.name}


def test_a_lighter_word_counts_again_when_the_heavier_one_is_taken_back(cloud: Cloud) -> None:
    (one,) = kept(cloud, [record(0)])
    say(cloud, one, {"label": "red", "new": True}, caller=ADMIN)
    say(cloud, one, {"label": None}, caller=VIEWER)
    assert withdraw(cloud, one, ADMIN).body["feedback"]["label"] is None
    assert counted(accuracy(cloud)) == (1, 0)


def test_taking_back_is_in_the_audit_trail(cloud: Cloud) -> None:
    (one,) = kept(cloud, [record(0)])
    say(cloud, one, {"label": "blue", "new": True}, caller=LABELLER)
    withdraw(cloud, one, LABELLER)
    (latest, *_) = cloud.call("GET", "/audit", caller=ADMIN).body["items"]
    assert latest["action"] == "DELETE /predictions/{id}/feedback"
    assert (latest["subject"], latest["by"]) == (one, LABELLER.name)
    assert latest["details"] == {"label": "blue", "by": LABELLER.name}


def test_two_who_take_back_at_once_are_put_in_order(cloud: Cloud) -> None:
    (one,) = kept(cloud, [record(0)])
    say(cloud, one, {"label": "blue", "new": True}, caller=LABELLER)
    slow = resources().reviews
    lines = slow._lines

    def overtaken(prediction_id: str) -> Any:
        found = lines(prediction_id)
        slow._lines = lines  # type: ignore[method-assign]
        say(cloud, one, {"label": None}, caller=ADMIN)
        return found

    slow._lines = overtaken  # type: ignore[method-assign]
    prediction, withdrawn, _ = slow.withdraw(one, LABELLER.id)
    assert withdrawn.label == "blue"
    assert prediction.feedback is not None
    assert prediction.feedback.label is None
    assert cloud.call("GET", f"/predictions/{one}").body["feedback"]["by"] == ADMIN.name


def test_feedback_of_the_queue_is_counted_apart(cloud: Cloud) -> None:
    """Strangers that were accepted with a key would make any class look perfect."""
    sure, asked, stranger = kept(cloud, [record(0), record(1), unfamiliar(2)])
    say(cloud, sure, {"label": "blue", "new": True})
    for prediction_id, label in ((asked, "red"), (stranger, None)):
        body = {"label": label, "new": label is not None, "from_queue": True}
        answer = say(cloud, prediction_id, body)
        assert answer.body["feedback"]["from_queue"] is True
    found = accuracy(cloud)
    assert counted(found) == (1, 0)
    assert {label: counted(share) for label, share in found["per_label"].items()} == {
        "blue": (1, 0)
    }
    assert counted(found["none"]) == (0, 0)
    assert counted(found["queue"]) == (2, 2)
    compared = CounterStore("insights", cloud.dynamodb).labels("2030-01-01", "2030-01-31")
    assert sum(sum(part.under("given.").values()) for part in compared) == 1
    # Whoever corrects it later still sees what the queue has chosen.
    say(cloud, asked, {"label": "blue", "new": True})
    found = accuracy(cloud)
    assert counted(found["queue"]) == (2, 1)
    assert counted(found) == (1, 0)


def test_an_erased_record_takes_its_feedback_along(cloud: Cloud) -> None:
    asked, stranger = kept(cloud, [record(1), unfamiliar(2)])
    say(cloud, asked, {"label": None})
    say(cloud, stranger, {"label": None, "from_queue": True})
    assert accuracy(cloud)["queue"]["n"] == 1
    for prediction_id in (asked, stranger):
        assert cloud.call("DELETE", f"/predictions/{prediction_id}").status == 200
    assert accuracy(cloud) == {}


@pytest.fixture
def loop(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loop]:
    with loop_in_process(cloud, monkeypatch) as loop:
        yield loop


def test_a_label_that_was_taken_back_is_taken_from_the_dataset(loop: Loop) -> None:
    """And that it is none of the labels is no class there."""
    loop.rule("uncertain")
    data = encode(plain("olive"))
    one = loop.uncertain(data)
    loop.feedback(one, "green")
    loop.run()
    assert loop.image(data).label == "green"
    loop.feedback(one, None)
    loop.run()
    assert loop.image(data).label is None
    loop.feedback(one, "red")
    loop.run()
    assert loop.image(data).label == "red"
    for _ in range(3):
        loop.reviews.withdraw(one, "eve")
    loop.run()
    assert loop.image(data).label is None


def test_a_record_of_none_of_the_labels_is_taken_without_one(loop: Loop) -> None:
    data = encode(plain("olive"))
    one = loop.answered(data)
    loop.feedback(one, None)
    answer = loop.send("POST", f"/{NAME}/predictions", {"ids": [one], "label": None})
    assert answer.status == 200, answer.body
    loop.run()
    assert loop.image(data).label is None


def test_a_model_s_own_word_for_none_is_a_label(cloud: Cloud) -> None:
    asked = cloud.predict(RED).body["id"]
    answer = say(cloud, asked, {"label": "none", "new": True})
    assert answer.body["feedback"]["label"] == "none"
