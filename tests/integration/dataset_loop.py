"""A dataset in this process with all that flows into it: stream, counters, queue and curation."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

import lambdas.counters.handler
import lambdas.curate.handler
from lambdas.api.resources import resources
from lambdas.curate.settings import CurateSettings
from tests.images import encode, plain
from tests.integration.conftest import DATASETS, Answer, Cloud, Context, taken_from
from tests.integration.test_api import record
from visionflow.access.caller import Caller
from visionflow.datasets.flow import FlowKind
from visionflow.datasets.record import DatasetImage
from visionflow.datasets.run_store import RunStore
from visionflow.datasets.store import DatasetStore
from visionflow.datasets.versions import VersionStore
from visionflow.loop.flowing import Flowing
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
        self.exceptions = boto3.client("stepfunctions", "eu-central-1").exceptions

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
        self.store = DatasetStore(DATASETS.datasets_table, cloud.dynamodb)
        self.runs = RunStore(DATASETS.datasets_table, cloud.dynamodb)
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
        filename = f"{index}.jpg" if source == "s3" else None
        return self.keep(replace(one, image=image, filename=filename, **more))

    def keep(self, prediction: Prediction) -> str:
        assert self.predictions.add(prediction)
        return prediction.id

    def uncertain(self, data: bytes, index: int = 0, source: Source = "api") -> str:
        return self.answered(data, index, source, status="unknown", unknown_reason="unsure")

    def feedback(self, prediction_id: str, label: str | None, **more: Any) -> None:
        feedback = Feedback(label, "2030-01-02T00:00:00.000000Z", "eve", **more)
        self.reviews.give(prediction_id, feedback, "eve")

    @property
    def reviews(self) -> ReviewStore:
        return ReviewStore("predictions", "insights", self.cloud.dynamodb)

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
        return taken_from(self.queue, self.sqs)

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


@contextmanager
def loop_in_process(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loop]:
    # Its own messages are there at once.
    monkeypatch.setattr("visionflow.loop.curation_queue.QUIET_S", 0)
    states = StateMachine()
    monkeypatch.setattr("lambdas.clients.states", lambda: states)
    settings = CurateSettings(
        DATASETS.datasets_bucket,
        DATASETS.datasets_table,
        DATASETS.curation_queue,
        "predictions",
        "audit",
        "usage",
        DATASETS.instant_machine,
        1,
    )
    for name, value in settings.to_env().items():
        monkeypatch.setenv(name, value)
    yield Loop(cloud, states)
    for cached in ("settings", "service", "queue", "attempts", "dead_letters"):
        getattr(lambdas.curate.handler, cached).cache_clear()
