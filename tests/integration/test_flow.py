"""Records of the history flow into a dataset by its rule, from the stream to the curated image."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

import lambdas.counters.handler
import lambdas.curate.handler
from lambdas.api.resources import resources
from tests.images import encode, plain
from tests.integration.conftest import API, DATASETS, SERVED, Cloud
from tests.integration.dataset_loop import (
    BLUE,
    GREEN,
    NAME,
    NOW,
    RED,
    WINDOW,
    Loop,
    loop_in_process,
    sha,
)
from tests.integration.test_api import record
from visionflow.access.caller import Caller
from visionflow.access.roles import EVERYTHING
from visionflow.datasets import rows
from visionflow.datasets.changes import ClassChange, ImageChange
from visionflow.datasets.flow import FLOW_RULE, Flow, FlowKind
from visionflow.datasets.images.store import DatasetImages
from visionflow.datasets.names import content_key, source_of
from visionflow.dynamodb import to_item
from visionflow.errors import DatasetMissingError
from visionflow.loop.curation_queue import CurationQueue
from visionflow.loop.flowing import Flowing, utc_day, wants
from visionflow.models.ref import ModelRef
from visionflow.predictions.record import Feedback, Source


@pytest.fixture
def loop(empty_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loop]:
    with loop_in_process(empty_cloud, monkeypatch) as found:
        yield found


@pytest.mark.parametrize("source", ["api", "s3"])
def test_records_that_the_rule_wants_flow_in_once_and_unlabelled(
    loop: Loop, source: Source
) -> None:
    loop.rule("uncertain", "unfamiliar")
    first = loop.uncertain(RED, 0, source)
    loop.answered(GREEN, 1, source, status="unknown", unknown_reason="unfamiliar")
    loop.answered(BLUE, 2, source)
    loop.run()
    assert set(loop.images()) == {sha(RED), sha(GREEN)}
    red = loop.image(RED)
    assert (red.state, red.label, red.source) == ("ready", None, source_of(first))
    assert (red.added_by, red.bytes) == (FLOW_RULE, len(RED))
    assert red.file_name == (None if source == "api" else "0.jpg")
    assert loop.today() == 2
    # Delivered again, and the same bytes in a later record.
    loop.uncertain(RED, 3, source)
    loop.run(again=True)
    assert (len(loop.images()), loop.today()) == (2, 2)
    assert loop.image(RED) == red
    assert len(loop.contents()) == 2


def test_a_correction_flows_in_with_its_label(loop: Loop) -> None:
    loop.rule("corrected")
    corrected, confirmed = loop.answered(GREEN, 0), loop.answered(RED, 1)
    unknown, parent = loop.answered(BLUE, 2), loop.answered(encode(plain("white")), 3)
    loop.run()
    assert loop.images() == {}
    loop.feedback(corrected, "Green")
    loop.feedback(confirmed, "red")
    loop.feedback(unknown, "violet")
    loop.feedback(parent, "bright", is_parent=True)
    loop.run()
    found = {image.source: (image.label, image.labelled_by) for image in loop.images().values()}
    assert found == {
        source_of(corrected): ("green", FLOW_RULE),
        source_of(unknown): (None, None),
        source_of(parent): (None, None),
    }


def test_an_image_that_flowed_in_gets_the_label_of_later_feedback(loop: Loop) -> None:
    loop.rule("uncertain")
    red, green, blue = (loop.uncertain(data, n) for n, data in enumerate((RED, GREEN, BLUE)))
    loop.run()
    assert {image.label for image in loop.images().values()} == {None}
    # One was labelled by a person, and one removed.
    loop.store.images.change(NAME, [ImageChange(sha256=sha(GREEN), label="green")], "ada")
    loop.store.images.change(NAME, [ImageChange(sha256=sha(BLUE), removed=True)], "ada")
    loop.feedback(red, "green")
    loop.feedback(green, "red")
    loop.feedback(blue, "green")
    loop.run()
    assert (loop.image(RED).label, loop.image(RED).labelled_by) == ("green", FLOW_RULE)
    assert (loop.image(GREEN).label, loop.image(GREEN).labelled_by) == ("green", "ada")
    assert (loop.image(BLUE).label, loop.image(BLUE).removed) == (None, True)
    health = loop.store.health(NAME)
    assert health is not None
    assert (health.labelled, health.unlabelled) == (2, 0)
    # What was said by mistake is put right, and a person's label stays whatever comes again.
    loop.feedback(red, "red")
    loop.run()
    assert loop.image(RED).label == "red"
    loop.store.images.change(NAME, [ImageChange(sha256=sha(RED), label="green")], "ada")
    loop.run(again=True)
    assert (loop.image(RED).label, loop.image(RED).labelled_by) == ("green", "ada")


def test_a_correction_that_is_taken_back_takes_its_label_along(loop: Loop) -> None:
    loop.rule("corrected")
    one = loop.answered(RED)
    loop.feedback(one, "green")
    loop.run()
    assert loop.image(RED).label == "green"
    loop.feedback(one, "red")
    loop.run()
    assert loop.image(RED).label == "red"


@pytest.mark.parametrize("now", ["a class that the dataset lacks", "a parent"])
def test_a_label_of_the_rule_goes_with_the_feedback_that_gave_it(loop: Loop, now: str) -> None:
    loop.rule("corrected")
    one = loop.answered(RED)
    loop.feedback(one, "green")
    loop.run()
    assert loop.image(RED).label == "green"
    loop.feedback(one, "blue", is_parent=now == "a parent")
    loop.run()
    assert (loop.image(RED).label, loop.image(RED).labelled_by) == (None, None)


def test_the_rule_gives_no_label_where_a_person_took_it_away(loop: Loop) -> None:
    loop.rule("corrected")
    one = loop.answered(RED)
    loop.feedback(one, "green")
    loop.run()
    loop.store.images.change(NAME, [ImageChange(sha256=sha(RED), label=None)], "ada")
    loop.feedback(one, "green")
    loop.run()
    assert loop.image(RED).label is None
    loop.store.images.change(NAME, [ImageChange(sha256=sha(RED), label="red")], "ada")
    assert (loop.image(RED).label, loop.image(RED).labelled_by) == ("red", "ada")


def test_a_record_that_fails_keeps_no_comparison_from_the_others(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.rule("uncertain")
    for index, data in enumerate((RED, GREEN)):
        loop.uncertain(data, index)
    loop.run()
    ids = [image.source.removeprefix("prediction:") for image in loop.images().values()]
    for one in ids:
        loop.feedback(one, "green")
    renewed: list[str] = []
    monkeypatch.setattr(
        CurationQueue, "renew_when_quiet", lambda _queue, name: renewed.append(name)
    )
    take = Flowing.take

    def failing(flowing: Flowing, name: str, prediction_id: str, now: datetime) -> bool:
        if prediction_id == ids[1]:
            raise ConnectionError("throttled")
        return take(flowing, name, prediction_id, now)

    monkeypatch.setattr(Flowing, "take", failing)
    lambdas.curate.handler.queue().take(NAME, ids)
    assert len(loop.deliver(loop.messages())) == 1
    assert renewed == [NAME]


def test_a_label_is_not_given_over_one_that_comes_at_the_same_moment(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.rule("uncertain")
    one = loop.uncertain(RED)
    loop.run()
    loop.feedback(one, "green")
    update = DatasetImages._update

    def late(images: DatasetImages, *request: Any) -> bool:
        monkeypatch.undo()
        loop.store.images.change(NAME, [ImageChange(sha256=sha(RED), label="red")], "ada")
        return update(images, *request)

    flowing = loop.flowing()
    monkeypatch.setattr(DatasetImages, "_update", late)
    assert not flowing.take(NAME, one, NOW)
    assert (loop.image(RED).label, loop.image(RED).labelled_by) == ("red", "ada")


def test_what_was_removed_never_comes_back_by_the_rule(loop: Loop) -> None:
    loop.rule("uncertain")
    loop.uncertain(RED)
    loop.run()
    loop.store.images.change(NAME, [ImageChange(sha256=sha(RED), removed=True)], "ada")
    loop.uncertain(RED, 1)
    loop.run(again=True)
    assert loop.image(RED).removed
    assert loop.today() == 1


def test_erasing_a_record_erases_what_flowed_in(loop: Loop) -> None:
    loop.rule("uncertain")
    one = loop.uncertain(RED)
    loop.run()
    loop.erase(one)
    loop.run(again=True)
    assert (loop.images(), loop.contents()) == ({}, [])


@pytest.mark.parametrize("first", [0, 1])
def test_an_image_that_two_records_brought_goes_with_the_last(loop: Loop, first: int) -> None:
    loop.rule("uncertain")
    ids = [loop.uncertain(RED, number) for number in range(2)]
    loop.run()
    loop.erase(ids[first])
    loop.run(again=True)
    assert loop.image(RED).source == source_of(ids[1 - first])
    assert len(loop.contents()) == 1
    loop.erase(ids[1 - first])
    assert (loop.images(), loop.contents()) == ({}, [])


def test_a_removed_image_stays_removed_while_another_record_stands_behind_it(loop: Loop) -> None:
    loop.rule("uncertain")
    one = loop.uncertain(RED)
    loop.run()
    loop.store.images.change(NAME, [ImageChange(sha256=sha(RED), removed=True)], "ada")
    loop.uncertain(RED, 1)
    loop.run()
    loop.erase(one)
    loop.run(again=True)
    assert loop.image(RED).removed


@pytest.mark.parametrize("moment", ["let_in", "take_copy"])
def test_a_record_that_is_erased_while_it_flows_in_leaves_nothing(
    loop: Loop, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.rule("uncertain")
    one = loop.uncertain(RED)
    owner: Any = DatasetImages if moment == "let_in" else type(loop.flowing().copies.content)
    done = getattr(owner, moment)

    def erased_first(*request: Any) -> Any:
        monkeypatch.setattr(owner, moment, done)
        loop.erase(one)
        return done(*request)

    monkeypatch.setattr(owner, moment, erased_first)
    loop.run()
    assert (loop.images(), loop.contents()) == ({}, [])


def test_a_record_that_is_erased_once_its_row_is_read_leaves_no_image(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.rule("uncertain")
    one = loop.uncertain(RED)
    content = type(loop.flowing().copies.content)
    copy = content.take_copy

    def erased_afterwards(*request: Any) -> None:
        copy(*request)
        loop.erase(one)
        # An erasure that ended before the copy was there has not seen it.
        loop.cloud.s3.put_object(
            Bucket=DATASETS.datasets_bucket, Key=content_key(NAME, sha(RED)), Body=RED
        )

    monkeypatch.setattr(content, "take_copy", erased_afterwards)
    loop.run()
    assert (loop.images(), loop.contents()) == ({}, [])


def test_no_more_images_flow_in_on_a_day_than_the_rule_says(loop: Loop) -> None:
    loop.rule("uncertain", per_day=2)
    ids = [loop.uncertain(data, n) for n, data in enumerate((RED, RED, GREEN, BLUE))]
    loop.run()
    assert (len(loop.images()), loop.today()) == (2, 2)
    # The next day has room for others.
    left = ({sha(RED), sha(GREEN), sha(BLUE)} - set(loop.images())).pop()
    tomorrow = datetime.fromtimestamp(NOW.timestamp() + 86_400, UTC)
    for one in ids:
        loop.flowing().take(NAME, one, tomorrow)
    assert left in loop.images()
    assert loop.store.flowed(NAME, utc_day(tomorrow)) == 1


def test_a_delivery_that_was_cut_off_before_the_copy_is_finished_by_the_next(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.rule("uncertain")
    loop.uncertain(RED)
    content = type(loop.flowing().copies.content)

    def broken(*_request: Any) -> None:
        raise ConnectionError("cut off")

    with monkeypatch.context() as patch:
        patch.setattr(content, "take_copy", broken)
        assert loop.cloud.count(loop.cloud.stream()) == []
        messages = loop.messages()
        assert loop.deliver(messages) == [message["messageId"] for message in messages]
    assert (loop.image(RED).state, loop.today()) == ("pending", 1)
    assert loop.deliver(messages) == []
    loop.run()
    assert (loop.image(RED).state, loop.today()) == ("ready", 1)


def test_an_image_whose_upload_never_came_is_brought_by_the_rule(loop: Loop) -> None:
    wanted = {"sha256": sha(RED), "bytes": len(RED), "content_type": "image/png"}
    assert loop.send("POST", f"/{NAME}/uploads", {"images": [wanted]}).status == 200
    loop.rule("uncertain")
    one = loop.uncertain(RED)
    loop.run()
    # It may be on its way, and is a person's own then.
    assert (loop.image(RED).state, loop.image(RED).source) == ("pending", "upload")
    loop.flowing().take(NAME, one, NOW + timedelta(hours=2))
    loop.run()
    # So it goes with the record.
    assert (loop.image(RED).state, loop.image(RED).source) == ("ready", source_of(one))


def test_records_without_an_image_are_passed_over(loop: Loop) -> None:
    loop.rule("uncertain", "unfamiliar", "corrected")
    loop.keep(replace(record(0), status="unknown", unknown_reason="unsure"))
    loop.keep(record(1, None))
    gone = loop.uncertain(RED, 2)
    found = loop.predictions.get(gone)
    assert found is not None
    loop.cloud.s3.delete_object(
        Bucket="images", Key=found.stored_image.key, VersionId=str(found.image.version_id)
    )
    loop.uncertain(GREEN, 3)
    loop.run()
    assert set(loop.images()) == {sha(GREEN)}


def test_only_answers_of_the_model_that_the_rule_names_flow_in(loop: Loop) -> None:
    loop.rule("uncertain", model="other")
    loop.uncertain(RED)
    other = ModelRef("other", "7")
    loop.answered(GREEN, 1, status="unknown", unknown_reason="unsure", model=other)
    loop.run()
    assert set(loop.images()) == {sha(GREEN)}


def test_a_dataset_that_goes_meanwhile_harms_nobody_else(loop: Loop) -> None:
    loop.make("others")
    loop.rule("uncertain")
    loop.rule("uncertain", name="others")
    loop.uncertain(RED)
    assert loop.cloud.count(loop.cloud.stream()) == []
    assert loop.send("DELETE", "/others").status == 200
    loop.run()
    assert set(loop.images()) == {sha(RED)}
    with pytest.raises(DatasetMissingError):
        loop.flowing().take("others", "x", NOW)
    left = loop.cloud.dynamodb.query(
        TableName=DATASETS.datasets_table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues=to_item({":pk": "FLOW#others"}),
    )
    assert left["Items"] == []


def test_a_dataset_that_is_deleted_at_this_moment_gets_no_row(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.rule("uncertain")
    one = loop.uncertain(RED)
    add = DatasetImages.let_in

    def late(*request: Any) -> Any:
        loop.store.delete(NAME)
        monkeypatch.setattr(rows, "read_book", lambda *_: book)
        return add(*request)

    book = rows.read_book(loop.store.client, DATASETS.datasets_table, NAME)
    flowing = loop.flowing()
    monkeypatch.setattr(DatasetImages, "let_in", late)
    with pytest.raises(DatasetMissingError):
        flowing.take(NAME, one, NOW)
    assert loop.store.images.known(NAME, [sha(RED)]) == {}


def test_a_record_that_fails_lets_the_others_pass_and_comes_again(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.rule("uncertain")
    bad, _ = loop.uncertain(RED), loop.uncertain(GREEN, 1)
    take = Flowing.take

    def failing(flowing: Flowing, name: str, prediction_id: str, now: datetime) -> bool:
        if prediction_id == bad:
            raise ConnectionError("once")
        return take(flowing, name, prediction_id, now)

    with monkeypatch.context() as patch:
        patch.setattr(Flowing, "take", failing)
        assert loop.cloud.count(loop.cloud.stream()) == []
        messages = loop.messages()
        assert loop.deliver(messages) == [message["messageId"] for message in messages]
    assert set(loop.images()) == {sha(GREEN)}
    assert loop.deliver(messages) == []
    loop.run()
    assert set(loop.images()) == {sha(RED), sha(GREEN)}


def test_a_queue_that_refuses_has_the_stream_deliver_again_and_nothing_counts_twice(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.rule("uncertain")
    loop.uncertain(RED)
    curation = lambdas.counters.handler.service()._curation
    refusal = ClientError({"Error": {"Code": "ServiceUnavailable"}}, "SendMessage")

    def refuse(**_message: Any) -> None:
        raise refusal

    with monkeypatch.context() as patch:
        patch.setattr(curation.sqs, "send_message", refuse)
        with pytest.raises(ClientError):
            loop.cloud.count(loop.cloud.stream())
    assert loop.cloud.call("GET", "/stats", WINDOW).body["total"] == 0
    loop.run(again=True)
    loop.run(again=True)
    assert loop.cloud.call("GET", "/stats", WINDOW).body["total"] == 1
    assert (len(loop.images()), loop.today()) == (1, 1)


def test_a_rule_that_ended_lets_nothing_in(loop: Loop) -> None:
    loop.rule("uncertain")
    loop.uncertain(RED)
    assert loop.cloud.count(loop.cloud.stream()) == []
    assert loop.send("DELETE", f"/{NAME}/flow").body["flow"] is None
    loop.run()
    assert loop.images() == {}


VIEWER = Caller("user:1", "v@example.com", frozenset({"read", "predict", "feedback"}))
LABELLER = replace(VIEWER, id="user:2", scopes=VIEWER.scopes | {"label"})
ADMIN = Caller("user:3", "admin@example.com", EVERYTHING)


@pytest.mark.parametrize(
    ("own", "caller", "status"),
    [
        (0, VIEWER, 403),
        (0, LABELLER, 200),
        (0, ADMIN, 200),
        (1, VIEWER, 403),
        (1, LABELLER, 403),
        (1, ADMIN, 200),
    ],
    ids=lambda value: value.name if isinstance(value, Caller) else str(value),
)
def test_who_sees_only_their_own_records_sets_no_rule(
    loop: Loop, own: int, caller: Caller, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(API, own_records=own, requires_sign_in=1)
    for name, value in settings.to_env().items():
        monkeypatch.setenv(name, value)
    resources.cache_clear()
    for group in SERVED:
        group.service.cache_clear()
    body = {"kinds": ["uncertain"]}
    set_rule = loop.send("POST", f"/{NAME}/flow", body, caller)
    end_rule = loop.send("DELETE", f"/{NAME}/flow", None, caller)
    assert (set_rule.status, end_rule.status) == (status, status)
    trail = loop.cloud.call("GET", "/audit", caller=ADMIN).body["items"]
    assert [(entry["action"], entry["status"]) for entry in trail[:2]] == [
        ("DELETE /datasets/{name}/flow", status),
        ("POST /datasets/{name}/flow", status),
    ]
    if status == 200:
        assert trail[1]["details"]["kinds"] == ["uncertain"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "missing_field"),
        ({"kinds": []}, "invalid_parameter"),
        ({"kinds": ["uncertain", "uncertain"]}, "invalid_parameter"),
        ({"kinds": ["all"]}, "invalid_body"),
        ({"kinds": ["corrected"], "per_day": 0}, "invalid_parameter"),
        ({"kinds": ["corrected"], "per_day": 1001}, "invalid_parameter"),
        ({"kinds": ["corrected"], "model": "a/b"}, "invalid_parameter"),
        ({"kinds": ["corrected"], "most": 1}, "invalid_body"),
    ],
)
def test_what_is_not_a_rule_is_refused(loop: Loop, body: Any, code: str) -> None:
    answer = loop.send("POST", f"/{NAME}/flow", body)
    assert (answer.status, answer.body["code"]) == (400, code)
    assert loop.send("POST", "/nothing/flow", {"kinds": ["uncertain"]}).status == 404


def test_a_rule_and_a_class_that_change_at_once_both_stay(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    update = loop.store.client.update_item

    def late(**request: Any) -> Any:
        monkeypatch.undo()
        loop.store.set_flow(NAME, Flow(kinds=("corrected",)))
        return update(**request)

    monkeypatch.setattr(loop.store.client, "update_item", late)
    changed = loop.store.change_classes(NAME, ClassChange(action="add", name="blue"))
    assert len(changed.classes) == 3
    assert loop.store.dataset(NAME).flow == Flow(kinds=("corrected",))
    assert loop.store.flows() == {NAME: Flow(kinds=("corrected",))}


def test_rows_from_before_there_were_rules_are_read(loop: Loop) -> None:
    loop.store.client.update_item(
        TableName=DATASETS.datasets_table,
        Key=to_item({"pk": "DATASETS", "sk": NAME}),
        UpdateExpression="REMOVE flow",
    )
    assert loop.store.dataset(NAME).flow is None
    assert loop.store.flows() == {}
    loop.store.due(NAME, "now")
    service = lambdas.curate.handler.service()
    assert service.examine(NAME, "now", NOW)
    loop.store.client.update_item(
        TableName=DATASETS.datasets_table,
        Key=to_item({"pk": f"EXAMINATION#{NAME}", "sk": "DONE"}),
        UpdateExpression="REMOVE health.new_labels, health.trained_version",
    )
    health = loop.store.health(NAME)
    assert health is not None
    assert (health.new_labels, health.trained_version) == (0, None)


@pytest.mark.parametrize(
    ("feedback", "reason", "kinds"),
    [
        (None, None, ()),
        (None, "unsure", ("uncertain",)),
        (None, "unfamiliar", ("unfamiliar",)),
        (Feedback("green", "", ""), None, ("corrected",)),
        (Feedback("red", "", ""), "unsure", ("uncertain",)),
        # That it is none of the labels corrects nothing that could be learned.
        (Feedback(None, "", ""), None, ()),
        (Feedback(None, "", ""), "unfamiliar", ("unfamiliar",)),
        (Feedback("warm", "", "", is_parent=True), "unsure", ("uncertain", "corrected")),
        # A label below a parent that was answered confirms it.
        (Feedback("crimson", "", "", parents=("red",)), None, ()),
    ],
)
def test_a_rule_wants_records_by_their_kinds(
    feedback: Feedback | None, reason: Any, kinds: tuple[FlowKind, ...]
) -> None:
    one = replace(record(0), unknown_reason=reason, feedback=feedback)
    every: tuple[FlowKind, ...] = ("uncertain", "unfamiliar", "corrected")
    assert tuple(kind for kind in every if wants(Flow(kinds=(kind,)), one)) == kinds
