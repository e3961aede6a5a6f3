"""Events out: what happens is told on the stage's bus, to queues and to webhooks."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from jsonschema import Draft202012Validator

from infra.generators.event_schema import SCHEMA_FILE
from tests.e2e.cloud import Cloud, Record, eventually
from tests.images import encode, plain
from tests.tiny_model import write_tiny_artifact
from visionflow.models.manifest import read_artifact
from visionflow.models.publication import Publisher
from visionflow.models.ref import ModelRef
from visionflow.models.registry import ModelRegistry
from visionflow.models.routing import Order
from visionflow.models.store import ModelStore

pytestmark = pytest.mark.e2e

RULE = "everything-of-the-tests"


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
    Draft202012Validator(json.loads(SCHEMA_FILE.read_text())).validate(event)
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
