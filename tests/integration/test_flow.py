"""Records of the history flow into a dataset by its rule, from the stream to the curated image."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

import lambdas.counters.handler
import lambdas.curate.handler
from lambdas.api.resources import resources
from lambdas.curate.settings import CurateSettings
from tests.images import encode, plain
from tests.integration.conftest import API, DATASETS, SERVED, Answer, Cloud, Context, event
from tests.integration.test_api import record
from visionflow.access.caller import Caller
from visionflow.access.roles import EVERYTHING
from visionflow.datasets import rows
from visionflow.datasets.changes import ClassChange, ImageChange
from visionflow.datasets.flow import FLOW_RULE, Flow, FlowKind
from visionflow.datasets.image_store import DatasetImages
from visionflow.datasets.names import content_key, source_of
from visionflow.datasets.record import DatasetImage, DatasetVersion
from visionflow.datasets.run import Compared, InstantRun, RunResult
from visionflow.datasets.run_store import RunStore
from visionflow.datasets.store import DatasetStore
from visionflow.datasets.versions import VersionStore
from visionflow.dynamodb import to_item
from visionflow.errors import DatasetMissingError
from visionflow.loop.flowing import Flowing, utc_day, wants
from visionflow.models.ref import ModelRef
from visionflow.predictions.record import Feedback, Prediction, Source
from visionflow.predictions.reviews import ReviewStore
from visionflow.predictions.store import PredictionStore

NAME = "colours"
RED, GREEN, BLUE = (encode(plain(colour)) for colour in ("red", "green", "blue"))
NOW = datetime.now(UTC)
WINDOW = {"from": "2030-01-01T00:00:00Z", "to": "2030-01-31T00:00:00Z"}


class StateMachine:
    """The part of Step Functions' client that starts an execution."""

    def __init__(self) -> None:
        self.started: list[dict[str, str]] = []

    def start_execution(self, **call: str) -> None:
        assert call["stateMachineArn"] == DATASETS.instant_machine
        self.started.append(json.loads(call["input"]) | {"name": call["name"]})


class Loop:
    """A dataset with everything from the predictions table's stream to its images."""

    def __init__(self, cloud: Cloud, states: StateMachine) -> None:
        self.cloud, self.states = cloud, states
        self.sqs, self.queue = boto3.client("sqs"), DATASETS.curation_queue
        cloud.s3.create_bucket(
            Bucket=DATASETS.datasets_bucket,
            CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
        )
        notification: Any = {
            "QueueArn": "arn:aws:sqs:eu-central-1:123456789012:curation",
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "content/"}]}},
        }
        cloud.s3.put_bucket_notification_configuration(
            Bucket=DATASETS.datasets_bucket,
            NotificationConfiguration={"QueueConfigurations": [notification]},
        )
        self.sqs.purge_queue(QueueUrl=self.queue)  # of the event that tests the notification
        self.store = DatasetStore(DATASETS.dataset_table, cloud.dynamodb)
        self.runs = RunStore(DATASETS.dataset_table, cloud.dynamodb)
        self.versions = VersionStore(DATASETS.datasets_bucket, cloud.s3, self.store)
        self.predictions = PredictionStore("predictions", cloud.dynamodb)
        self.counted = 0
        self.make(NAME)

    def make(self, name: str) -> None:
        body = {"name": name, "classes": ["red", "green"]}
        assert self.send("POST", "", body).status == 201

    def send(
        self, method: str, path: str, body: Any = None, caller: Caller | None = None
    ) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        kind = None if body is None else "application/json"
        return self.cloud.call(method, f"/datasets{path}", None, data, kind, caller=caller)

    def rule(self, *kinds: FlowKind, name: str = NAME, **more: Any) -> None:
        answer = self.send("POST", f"/{name}/flow", {"kinds": kinds, **more})
        assert answer.status == 200, answer.body

    def answered(self, data: bytes, index: int = 0, source: Source = "api", **more: Any) -> str:
        """Record an answer of ``tiny`` to an image, and return its id."""
        one = record(index, "red", source)
        key = f"api/{one.id}" if source == "api" else f"uploads/{index}.jpg"
        version = self.cloud.s3.put_object(Bucket="images", Key=key, Body=data)["VersionId"]
        digest = sha(data)
        image = replace(one.image, key=key, version_id=version, bytes=len(data), sha256=digest)
        return self.keep(replace(one, image=image, **more))

    def keep(self, prediction: Prediction) -> str:
        assert self.predictions.add(prediction)
        return prediction.id

    def uncertain(self, data: bytes, index: int = 0, source: Source = "api") -> str:
        return self.answered(data, index, source, status="unknown", unknown_reason="unsure")

    def feedback(self, prediction_id: str, label: str, **more: Any) -> None:
        reviews = ReviewStore("predictions", "insights", self.cloud.dynamodb)
        reviews.give(prediction_id, Feedback(label, "2030-01-02T00:00:00.000000Z", "eve", **more))

    def run(self, *, again: bool = False) -> None:
        """Count what is new in the stream, and curate until nothing is left. Rules are read anew;
        ``again``: the whole stream is delivered once more."""
        lambdas.counters.handler.service.cache_clear()
        records = self.cloud.stream()
        new = records if again else records[self.counted :]
        self.counted = len(records)
        assert self.cloud.count(new) == []
        while messages := self.messages():
            assert self.deliver(messages) == []

    def messages(self) -> list[dict[str, Any]]:
        found = []
        while batch := self.sqs.receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=10, AttributeNames=["All"]
        ).get("Messages"):
            for message in batch:
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
                envelope = event("sqs_message") | {"messageId": message["MessageId"]}
                found.append(envelope | {"body": message["Body"]})
        return found

    def deliver(self, messages: list[dict[str, Any]]) -> list[str]:
        """The ids of the messages that SQS would deliver again."""
        answer = lambdas.curate.handler.lambda_handler({"Records": messages}, Context())
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def flowing(self) -> Flowing:
        return lambdas.curate.handler.service().flowing

    def images(self, name: str = NAME) -> dict[str, DatasetImage]:
        return {image.sha256: image for image in self.store.images.all(name)}

    def image(self, data: bytes) -> DatasetImage:
        return self.images()[sha(data)]

    def contents(self) -> list[str]:
        found = self.cloud.s3.list_objects_v2(Bucket=DATASETS.datasets_bucket, Prefix="content/")
        return [entry["Key"] for entry in found.get("Contents", [])]

    def details(self) -> dict[str, Any]:
        answer = self.send("GET", f"/{NAME}")
        assert answer.status == 200, answer.body
        body: dict[str, Any] = answer.body
        return body

    def today(self) -> int:
        count: int = self.details()["flow_today"]
        return count

    def erase(self, prediction_id: str) -> None:
        assert resources().erasure.erase(prediction_id, NOW) is not None


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def loop(empty_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loop]:
    # Its own messages are there at once.
    monkeypatch.setattr("visionflow.loop.curation_queue.QUIET_S", 0)
    states = StateMachine()
    monkeypatch.setattr("lambdas.clients.states", lambda: states)
    settings = CurateSettings(
        DATASETS.datasets_bucket,
        DATASETS.dataset_table,
        DATASETS.curation_queue,
        "predictions",
        "audit",
        "usage",
        DATASETS.instant_machine,
        1,
    )
    for name, value in settings.to_env().items():
        monkeypatch.setenv(name, value)
    yield Loop(empty_cloud, states)
    for cached in ("settings", "service", "queue", "attempts"):
        getattr(lambdas.curate.handler, cached).cache_clear()


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
        Bucket="images", Key=found.image.key, VersionId=str(found.image.version_id)
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
        TableName=DATASETS.dataset_table,
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

    book = rows.read_book(loop.store.client, DATASETS.dataset_table, NAME)
    flowing = loop.flowing()
    monkeypatch.setattr(DatasetImages, "let_in", late)
    with pytest.raises(DatasetMissingError):
        flowing.take(NAME, one, NOW)
    assert loop.store.images.source(NAME, sha(RED)) is None


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
        TableName=DATASETS.dataset_table,
        Key=to_item({"pk": "DATASETS", "sk": NAME}),
        UpdateExpression="REMOVE flow",
    )
    assert loop.store.dataset(NAME).flow is None
    assert loop.store.flows() == {}
    loop.store.due(NAME, "now")
    service = lambdas.curate.handler.service()
    assert service.examine(NAME, "now", NOW)
    loop.store.client.update_item(
        TableName=DATASETS.dataset_table,
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


# --- proposals, and trainings that the rule starts


COMPARED = Compared(
    model="colours",
    version="1",
    images=10,
    groups=8,
    before=0.9,
    after=0.95,
    difference_low=-0.01,
    difference_high=0.1,
)


def fill(loop: Loop, count: int, start: int = 0) -> None:
    """Labelled images that are ready, of both classes."""
    made = [
        DatasetImage(
            sha256=f"{number:064x}",
            state="pending",
            added_at="2026-01-01T00:00:00.000000Z",
            added_by="ada",
            source="upload",
            bytes=1,
            label=("red", "green")[number % 2],
            labelled_by="ada",
        )
        for number in range(start, start + count)
    ]
    loop.store.images.announce(NAME, made)
    for image in made:
        ready = replace(image, state="ready", group=image.sha256, width=1, height=1)
        loop.store.images.curated(NAME, ready, None)


def trained(loop: Loop, number: int, *, compared: Compared | None = COMPARED) -> InstantRun:
    """A finished training of what the dataset holds now."""
    version: DatasetVersion = loop.versions.freeze(NAME, "ada", NOW, None)
    run = InstantRun(
        id=f"00RUN{number:04d}",  # before what the rule starts now
        dataset=NAME,
        version=version.number,
        model=NAME,
        state="waiting",
        started_at="2026-01-01T00:00:00.000000Z",
        started_by="ada",
        promote=False,
    )
    loop.runs.start(run)
    loop.runs.begin(run, "publish", "2026-01-01T00:00:00.000000Z")
    result = RunResult(
        top1=0.95,
        top1_low=0.9,
        top1_high=1.0,
        images=10,
        groups=8,
        worst=(),
        compared=compared,
    )
    return loop.runs.finish(run, "2026-01-01T00:01:00.000000Z", str(number), result, serves=False)


def compare(loop: Loop, now: datetime = NOW) -> None:
    """What the curation does when images have changed."""
    loop.store.due(NAME, "wave")
    assert lambdas.curate.handler.service().examine(NAME, "wave", now)


def test_labels_are_counted_from_what_the_last_training_learned(loop: Loop) -> None:
    fill(loop, 30)
    compare(loop)
    assert loop.details()["proposal"] is None
    assert loop.details()["health"]["trained_version"] is None
    trained(loop, 1, compared=None)
    # Nothing is new yet, and until it is counted from this version, nothing is said to be.
    assert loop.details()["proposal"] is None
    fill(loop, 3, start=30)
    loop.store.images.change(NAME, [ImageChange(sha256=f"{0:064x}", label="green")], "ada")
    loop.store.images.change(NAME, [ImageChange(sha256=f"{1:064x}", label=None)], "ada")
    loop.store.images.change(NAME, [ImageChange(sha256=f"{2:064x}", removed=True)], "ada")
    compare(loop)
    proposal = loop.details()["proposal"]
    assert proposal == {"version": 1, "labels": 4, "needed": 20, "run": None}
    forecast = loop.details()["forecast"]
    assert forecast is not None
    assert forecast["seconds"] > 0


def test_the_newest_training_that_nobody_has_judged_is_to_be_accepted(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(loop, 4)
    in_use: set[ModelRef] = set()
    retired: set[str] = set()
    served: list[ModelRef] = []
    registry = resources().registry

    def row(model: ModelRef) -> SimpleNamespace:
        return SimpleNamespace(retired=model.version in retired)

    def history(_limit: int) -> SimpleNamespace:
        moves = [
            SimpleNamespace(alias="production", name=model.name, version=model.version)
            for model in served
        ]
        return SimpleNamespace(items=moves)

    aliases = SimpleNamespace(in_use=in_use)
    monkeypatch.setattr(registry, "aliases", lambda: aliases)
    monkeypatch.setattr(registry, "version", row)
    monkeypatch.setattr(registry, "history", history)

    def accepted() -> str | None:
        proposal = loop.details()["proposal"]
        return None if proposal is None else proposal["run"]["model_version"]

    trained(loop, 1)
    assert accepted() == "1"
    trained(loop, 2)
    assert accepted() == "2"
    # One that was not compared says nothing.
    trained(loop, 3, compared=None)
    assert accepted() == "2"
    retired.add("2")
    assert accepted() == "1"
    retired.clear()
    # It serves, or has served and was replaced: what is older is not proposed either.
    in_use.add(ModelRef(NAME, "2"))
    assert accepted() is None
    in_use.clear()
    served.append(ModelRef(NAME, "2"))
    assert accepted() is None
    trained(loop, 4)
    assert accepted() == "4"


def test_enough_new_labels_start_one_training_a_day_that_promotes_nothing(loop: Loop) -> None:
    loop.rule("corrected", train=True)
    fill(loop, 30)
    compare(loop)
    assert loop.states.started == []  # not before a person has trained once
    trained(loop, 1)
    fill(loop, 19, start=30)
    compare(loop)
    assert loop.states.started == []
    fill(loop, 1, start=49)
    compare(loop)
    ((run, *others), started) = loop.runs.runs(NAME), loop.states.started
    assert [start["name"] for start in started] == [run.id]
    assert (run.started_by, run.promote, run.model, len(others)) == (FLOW_RULE, False, NAME, 1)
    entry = loop.cloud.call("GET", "/audit").body["items"][0]
    assert (entry["by"], entry["action"], entry["subject"]) == (FLOW_RULE, "train", NAME)
    assert (entry["status"], entry["details"]) == (200, {"id": run.id})
    # Not while it runs, and not a second one today; tomorrow again.
    loop.runs.begin(run, "freeze", "2026-01-01T00:00:00.000000Z")
    tomorrow = datetime.fromtimestamp(NOW.timestamp() + 86_400, UTC)
    compare(loop)
    compare(loop, tomorrow)
    assert len(loop.states.started) == 1
    loop.runs.fail(NAME, run.id, "2026-01-01T00:00:00.000000Z", "x", "It failed.")
    compare(loop)
    assert len(loop.states.started) == 1
    compare(loop, tomorrow)
    assert len(loop.states.started) == 2


def test_a_training_of_the_rule_that_was_cut_off_is_started_once_by_the_next_comparison(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.rule("corrected", train=True)
    fill(loop, 30)
    trained(loop, 1)
    fill(loop, 20, start=30)
    with monkeypatch.context() as patch:
        patch.setattr(RunStore, "start", _cut_off)
        with pytest.raises(ConnectionError):
            compare(loop)
    claimed = loop.store.rule_training(NAME, utc_day(NOW))
    compare(loop)
    assert [start["name"] for start in loop.states.started] == [claimed]
    # A claim that another comparison made at the same moment holds.
    assert loop.store.claim_training(NAME, utc_day(NOW), "other") == claimed


def _cut_off(*_request: Any) -> None:
    raise ConnectionError("cut off")


@pytest.mark.parametrize("why", ["stopped", "few", "without"])
def test_the_rule_does_not_train_what_it_must_not(loop: Loop, why: str) -> None:
    loop.rule("corrected", train=why != "without")
    fill(loop, 30)
    trained(loop, 1)
    fill(loop, 20, start=30)
    if why == "stopped":
        lambdas.curate.handler.service().rule.stop.stop("The month's budget is spent.", NOW)
    if why == "few":
        loop.store.change_classes(NAME, ClassChange(action="add", name="blue"))
    compare(loop)
    assert loop.states.started == []
    assert loop.store.rule_training(NAME, utc_day(NOW)) is None
