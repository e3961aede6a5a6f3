"""Events out: what happens is told on the stage's bus, to queues and to webhooks."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from jsonschema import Draft202012Validator

from infra.generators.schemas import EVENT_SCHEMA_FILE
from infra.packaging.workspace import PROJECT
from tests.e2e.cloud import Cloud, Record, eventually
from tests.e2e.conftest import free_port, visionflow
from tests.images import encode, plain
from tests.tiny_model import write_tiny_artifact
from tests.unit.lambdas.hooks.receiver import receiver
from visionflow.models.manifest import read_artifact
from visionflow.models.publication import Publisher
from visionflow.models.ref import ModelRef
from visionflow.models.registry import ModelRegistry
from visionflow.models.routing import Order
from visionflow.models.store import ModelStore

pytestmark = pytest.mark.e2e

RULE = "everything-of-the-tests"
EXAMPLE = str(PROJECT / "infra" / "samples" / "webhook_receiver.py")


@pytest.fixture(scope="module")
def heard(cloud: Cloud) -> Iterator["Heard"]:
    """A queue of the team's own, behind a rule that it added itself."""
    options = cloud.emulator.client_options
    events: Any = boto3.client("events", **options)
    bus = cloud.outputs.event_bus
    url = cloud.sqs.create_queue(QueueName=RULE)["QueueUrl"]
    queue = cloud.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    pattern = json.dumps({"source": ["visionflow"]})
    events.put_rule(Name=RULE, EventBusName=bus, EventPattern=pattern)
    target = {"Id": "queue", "Arn": queue["Attributes"]["QueueArn"]}
    events.put_targets(Rule=RULE, EventBusName=bus, Targets=[target])
    yield Heard(cloud, url)
    events.remove_targets(Rule=RULE, EventBusName=bus, Ids=["queue"])
    events.delete_rule(Name=RULE, EventBusName=bus)
    cloud.sqs.delete_queue(QueueUrl=url)


class Heard:
    """The events that came, in the order of their coming."""

    def __init__(self, cloud: Cloud, url: str) -> None:
        self._cloud, self._url = cloud, url
        self.events: list[Record] = []

    def of(self, kind: str, **data: Any) -> Record | None:
        """The first event of ``kind`` whose data has these values."""
        answer = self._cloud.sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
        for message in answer.get("Messages", ()):
            self._cloud.sqs.delete_message(
                QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"]
            )
            event = json.loads(message["Body"])
            assert event["detail-type"] == event["detail"]["kind"]
            self.events.append(event["detail"])
        for event in self.events:
            if event["kind"] == kind and event["data"].items() >= data.items():
                return event
        return None


def test_a_prediction_and_a_move_are_told_to_whoever_listens(
    cloud: Cloud, heard: Heard, registry: ModelRegistry, tmp_path: Path
) -> None:
    answer = cloud.call("POST", "/predict", encode(plain("red")), "image/png").body
    event = eventually(
        lambda: heard.of("prediction.recorded", prediction_id=answer["id"]), 30, "its event"
    )
    Draft202012Validator(json.loads(EVENT_SCHEMA_FILE.read_text())).validate(event)
    record = cloud.call("GET", f"/predictions/{answer['id']}").body
    same = ("status", "label", "confidence", "filename", "source", "top_k", "image", "owner")
    assert {name: event["data"][name] for name in same} == {name: record[name] for name in same}
    write_tiny_artifact(tmp_path, version="7.7.7")
    order = Order("the tests", datetime.now(UTC), "to be told")
    publisher = Publisher(ModelStore(cloud.outputs.models_bucket, cloud.s3), registry)
    publisher.publish(tmp_path, read_artifact(tmp_path), lambda: order, promote=False)
    registry.set_shadow(ModelRef("tiny", "7.7.7"), order)
    move = eventually(lambda: heard.of("model.moved", model="tiny/7.7.7"), 30, "the move")
    assert (move["data"]["alias"], move["data"]["reason"]) == ("shadow", "to be told")


def hooks(cloud: Cloud, *arguments: str) -> Record:
    """``visionflow hooks`` as a person runs it."""
    done = visionflow("hooks", *arguments, "--json", state=cloud.state)
    assert done.returncode == 0, done.stderr
    found: Record = json.loads(done.stdout)
    return found


def test_the_example_receiver_verifies_what_it_gets(cloud: Cloud, tmp_path: Path) -> None:
    port, output = free_port(), tmp_path / "heard.txt"
    made = hooks(cloud, "add", "erp", f"http://127.0.0.1:{port}/hook", "--statuses", "ok,unknown")
    with output.open("wb") as stdout:
        example = subprocess.Popen(
            [sys.executable, EXAMPLE, str(port)],
            env=os.environ | {"WEBHOOK_SECRET": made["secret"]},
            stdout=stdout,
        )
    try:
        assert hooks(cloud, "test", "erp")["delivered"] is True
        key = "uploads/told.jpg"
        cloud.drop(key, encode(plain("red")))
        (record,) = cloud.wait_for({key}, within=60)
        eventually(lambda: record["id"] in output.read_text() or None, 30, "the webhook")
        lines = output.read_text().splitlines()
        assert [line.split()[1] for line in lines] == ["hook.test", "prediction.recorded"]
        assert lines[1].startswith("evt-")
        (state,) = hooks(cloud, "list")["items"]
        assert state["outcome"]["last_success_at"] is not None
        assert "secret" not in state
    finally:
        example.terminate()
        example.wait()
        hooks(cloud, "remove", "erp")
    assert hooks(cloud, "list")["items"] == []


def test_what_was_given_up_is_delivered_again(cloud: Cloud) -> None:
    with receiver() as there:
        there.behaviour = lambda: "410"
        hooks(cloud, "add", "gone", there.url)
        refused = visionflow("hooks", "test", "gone", state=cloud.state)
        assert (refused.returncode, "410" in refused.stdout) == (1, True)
        answer = cloud.call("POST", "/predict", encode(plain("red")), "image/png").body
        outcome = eventually(lambda: dead(cloud), 30, "a dead letter")
        assert outcome["last_failure_status"] == 410
        there.behaviour = lambda: "ok"
        assert hooks(cloud, "replay", "gone") == {"replayed": 1}
        body = eventually(lambda: there.taken[-1][1] if there.taken else None, 30, "the replay")
        assert json.loads(body)["data"]["prediction_id"] == answer["id"]
        assert hooks(cloud, "list")["items"][0]["outcome"]["dead"] == 0
        hooks(cloud, "remove", "gone")


def dead(cloud: Cloud) -> Record | None:
    (state,) = hooks(cloud, "list")["items"]
    outcome: Record = state["outcome"]
    return outcome if outcome["dead"] == 1 else None
