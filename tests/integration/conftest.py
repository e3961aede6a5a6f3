"""The functions that answer and count, on moto in this process, with what they read and write."""

import base64
import copy
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import boto3
import pytest

import lambdas.api.handler
import lambdas.counters.handler
import lambdas.ingest.handler
import lambdas.predict.handler
import lambdas.shadow.handler
from lambdas.api.resources import resources
from lambdas.api.settings import ApiSettings, DatasetSettings
from lambdas.classification.settings import ClassificationSettings, DeadLetterSettings
from lambdas.counters.settings import CountersSettings
from lambdas.shadow.settings import ShadowSettings
from lambdas.web.caller import authorizer_context
from lambdas.web.routes import ROUTES
from visionflow.access.budget import BudgetSettings, order_in
from visionflow.access.caller import Caller
from visionflow.access.quotas import Amounts, Quotas
from visionflow.access.usage import UsageSettings
from visionflow.backfills.settings import BackfillControlSettings
from visionflow.jobs.settings import JobControlSettings
from visionflow.models.manifest import Manifest, read_artifact
from visionflow.models.publication import Publisher
from visionflow.models.ref import ModelRef
from visionflow.models.registry import ModelRegistry
from visionflow.models.routing import Order
from visionflow.models.store import ModelStore
from visionflow.predictions.rows import SORT_KEY
from visionflow.predictions.store import INDEXES, REVIEW_INDEX, REVIEW_KEYS

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

EVENTS = Path(__file__).parents[1] / "events"
API = ApiSettings(
    "images", "models", "predictions", "registry", "insights", "audit", "keys", 0, 0, 30, 7
)
DATASETS = DatasetSettings(
    "datasets",
    "datasets-table",
    "https://sqs.eu-central-1.amazonaws.com/123456789012/curation",
    "arn:aws:states:eu-central-1:123456789012:stateMachine:instant",
)
JOB_CONTROL = JobControlSettings(
    "jobs",
    "job-files",
    DATASETS.datasets_bucket,
    "arn:aws:states:eu-central-1:123456789012:stateMachine:jobs",
    on_aws=1,
)
BACKFILLS = BackfillControlSettings(
    backfills_table="jobs",
    backfills_bucket="backfill-files",
    backfill_machine="arn:aws:states:eu-central-1:123456789012:stateMachine:backfills",
    external_id="stage-1",
    chunk_memory_mb=1769,
    architecture="x86_64",
    most_chunks=4,
    results_database="visionflow_test",
    results_table="backfill_results",
)
# No test sends so much, unless it says so.
PLENTY = Amounts(10**6, 10**6, 10**12, 10**6, 10**6)
COUNTING = UsageSettings.of("usage", Quotas(10**6, PLENTY, PLENTY))
BUDGET = BudgetSettings("arn:aws:sns:eu-central-1:123456789012:budget")
INGEST = ClassificationSettings("images", "models", "predictions", "registry", 90, 1, 0, 0)
SHADOW = ShadowSettings("images", "models", "predictions", "registry", "insights", 1)
SERVED = (
    *lambdas.api.handler.GROUPS,
    lambdas.predict.handler,
    lambdas.ingest.handler,
    lambdas.counters.handler,
    lambdas.shadow.handler,
)


def event(name: str) -> Any:
    return json.loads((EVENTS / f"{name}.json").read_text())


def taken_from(queue: str, sqs: "SQSClient") -> list[dict[str, Any]]:
    """All messages that wait in ``queue``, as records of an event."""
    found = []
    while batch := sqs.receive_message(
        QueueUrl=queue, MaxNumberOfMessages=10, AttributeNames=["All"]
    ).get("Messages"):
        for message in batch:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            envelope = event("sqs_message") | {"messageId": message["MessageId"]}
            found.append(envelope | {"body": message["Body"]})
    return found


def as_event_json(value: object) -> Any:
    """What boto3 reads from a stream, as JSON has it in an event."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(type(value))


class Context:
    """What Lambda passes beside the event."""

    function_name = "visionflow"
    memory_limit_in_mb = 1769
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:visionflow"
    aws_request_id = "52fdfc07-2182-154f-163f-5f0f9a621d72"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


@dataclass(frozen=True)
class Answer:
    status: int
    content_type: str
    body: Any
    headers: Mapping[str, str]

    @property
    def allow(self) -> str | None:
        return self.headers.get("Allow")


class ShadowCalls:
    """The part of Lambda's client that calls a function without waiting; it keeps the calls."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def invoke(self, **call: str) -> None:
        assert (call["FunctionName"], call["InvocationType"]) == ("shadow", "Event")
        self.events.append(json.loads(call["Payload"]))


class Cloud:
    """The deployment as its users see it: HTTP calls, dropped objects, and what was recorded."""

    def __init__(self) -> None:
        self.s3 = boto3.client("s3")
        self.sqs = boto3.client("sqs")
        self.dynamodb = boto3.client("dynamodb")
        self._make_buckets()
        self._make_tables()
        self.queue_url = self._make_queue()
        self.orders_url = self._make_budget_topic()
        self.shadow = ShadowCalls()
        self.sqs.create_queue(QueueName="curation")
        self.dead_letters_url = self.sqs.create_queue(QueueName="dead-letters")["QueueUrl"]
        self.uncounted_queue_url = self.sqs.create_queue(QueueName="uncounted")["QueueUrl"]
        self.registry = ModelRegistry("registry", self.dynamodb)
        self.models = ModelStore("models", self.s3)

    def publish(self, folder: Path, *, promote: bool = True) -> Manifest:
        manifest = read_artifact(folder)
        order = Order("somebody", datetime.now(UTC))
        Publisher(self.models, self.registry).publish(
            folder, manifest, lambda: order, promote=promote
        )
        return manifest

    def promote(self, version: str, name: str = "tiny") -> None:
        self.registry.promote(ModelRef(name, version), Order("somebody", datetime.now(UTC)))

    def call(
        self,
        method: str,
        path: str,
        query: dict[str, Any] | None = None,
        body: bytes | None = None,
        content_type: str | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        caller: Caller | None = None,
        identified: Mapping[str, str] | None = None,
    ) -> Answer:
        """One HTTP request through the function that its route belongs to.

        ``headers`` are in lower case, as API Gateway writes them; ``caller`` is whom its
        authorizer has identified, or ``identified`` what it has answered.
        """
        if caller is not None:
            identified = authorizer_context(caller)
        request = event("http_request")
        request["rawPath"] = request["requestContext"]["http"]["path"] = path
        request["requestContext"]["http"]["method"] = method
        request["rawQueryString"] = urlencode(query or {})
        if query:
            request["queryStringParameters"] = {key: str(value) for key, value in query.items()}
        request["headers"].pop("content-type")
        if content_type is not None:
            request["headers"]["content-type"] = content_type
        request["headers"] |= headers
        if identified is not None:
            request["requestContext"]["authorizer"] = {"lambda": dict(identified)}
        if body is not None:
            request["body"] = base64.b64encode(body).decode()
        predicts = any(
            route.function == "predict" and route.method == method and route.matches(path)
            for route in ROUTES
        )
        function = lambdas.predict if predicts else lambdas.api
        response = function.handler.lambda_handler(request, Context())
        return Answer(
            response["statusCode"],
            response["headers"]["Content-Type"],
            json.loads(response["body"]),
            response["headers"],
        )

    def predict(self, image: bytes, **query: Any) -> Answer:
        return self.call("POST", "/predict", query, image, "application/octet-stream")

    def drop(self, key: str, data: bytes) -> None:
        self.s3.put_object(Bucket="images", Key=key, Body=data)

    def messages(self) -> list[dict[str, Any]]:
        """What S3 has put into the queue, as the function would receive it."""
        found: list[dict[str, Any]] = []
        while batch := self.sqs.receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=10, AttributeNames=["All"]
        ).get("Messages"):
            for message in batch:
                self.sqs.delete_message(
                    QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"]
                )
                body = json.loads(message["Body"])
                self._add_version_ids(body)
                found.append(self.message(body, message["MessageId"]))
        return found

    def _add_version_ids(self, notification: Any) -> None:
        """moto leaves out what S3 sends for a bucket with versioning."""
        versions = self.s3.list_object_versions(Bucket="images").get("Versions", [])
        by_tag = {version["ETag"].strip('"'): version["VersionId"] for version in versions}
        for record in notification["Records"]:
            record["s3"]["object"]["versionId"] = by_tag[record["s3"]["object"]["eTag"]]

    @staticmethod
    def message(body: Any, message_id: str = "1") -> dict[str, Any]:
        envelope: dict[str, Any] = event("sqs_message")
        return envelope | {"messageId": message_id, "body": json.dumps(body)}

    @staticmethod
    def deliver(messages: list[dict[str, Any]]) -> list[str]:
        """Invoke the ingest function. Returns the ids of the messages that SQS would redeliver."""
        answer = lambdas.ingest.handler.lambda_handler(
            {"Records": copy.deepcopy(messages)},
            Context(),
        )
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def logs(self, **query: Any) -> list[dict[str, Any]]:
        answer = self.call("GET", "/logs", query)
        assert answer.status == 200, answer.body
        items: list[dict[str, Any]] = answer.body["items"]
        return items

    def stream(self) -> list[dict[str, Any]]:
        """Everything that the predictions table's stream has, as the function would receive it."""
        # By name: moto does not know the address that botocore makes from a stream's ARN.
        streams = boto3.client(
            "dynamodbstreams", endpoint_url="https://streams.dynamodb.eu-central-1.amazonaws.com"
        )
        arn = self.dynamodb.describe_table(TableName="predictions")["Table"]["LatestStreamArn"]
        records = []
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            iterator = streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            records += streams.get_records(ShardIterator=iterator)["Records"]
        event: list[dict[str, Any]] = json.loads(json.dumps(records, default=as_event_json))
        return event

    @staticmethod
    def count(records: list[dict[str, Any]]) -> list[str]:
        """Invoke the counters function. Returns the number that the stream would go on from."""
        answer = lambdas.counters.handler.lambda_handler({"Records": records}, Context())
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def uncounted(self) -> list[dict[str, Any]]:
        """The dead letters of the counters."""
        found: list[dict[str, Any]] = []
        while batch := self.sqs.receive_message(
            QueueUrl=self.uncounted_queue_url, MaxNumberOfMessages=10
        ).get("Messages"):
            found += [json.loads(message["Body"]) for message in batch]
        return found

    def run_shadow(self) -> int:
        """Make the calls of the shadow; returns how many images they had."""
        calls, self.shadow.events = self.shadow.events, []
        for call in calls:
            lambdas.shadow.handler.lambda_handler(call, Context())
        return sum(len(call["prediction_ids"]) for call in calls)

    def orders(self) -> list[str]:
        """What was sent to the budget function since the last call."""
        received = self.sqs.receive_message(QueueUrl=self.orders_url, MaxNumberOfMessages=10)
        messages = received.get("Messages", [])
        for message in messages:
            self.sqs.delete_message(
                QueueUrl=self.orders_url, ReceiptHandle=message["ReceiptHandle"]
            )
        return [order_in(json.loads(message["Body"])["Message"]) for message in messages]

    def _make_budget_topic(self) -> str:
        sns = boto3.client("sns")
        topic = sns.create_topic(Name="budget")["TopicArn"]
        assert topic == BUDGET.budget_topic
        url = self.sqs.create_queue(QueueName="orders")["QueueUrl"]
        queue = "arn:aws:sqs:eu-central-1:123456789012:orders"
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
        return url

    def _make_buckets(self) -> None:
        for bucket in ("images", "models"):
            self.s3.create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
            )
        self.s3.put_bucket_versioning(
            Bucket="images", VersioningConfiguration={"Status": "Enabled"}
        )

    def _make_tables(self) -> None:
        keys = ["id", SORT_KEY, *INDEXES.values(), *REVIEW_KEYS]
        indexes = {index: (key, SORT_KEY) for index, key in INDEXES.items()}
        self.dynamodb.create_table(
            TableName="predictions",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": k, "AttributeType": "S"} for k in keys],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": index,
                    "KeySchema": [
                        {"AttributeName": key, "KeyType": "HASH"},
                        {"AttributeName": sort_key, "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
                for index, (key, sort_key) in {**indexes, REVIEW_INDEX: REVIEW_KEYS}.items()
            ],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        for table in ("registry", "insights", "audit", "usage", "keys", "datasets-table", "jobs"):
            self.dynamodb.create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
                AttributeDefinitions=[
                    {"AttributeName": k, "AttributeType": "S"} for k in ("pk", "sk")
                ],
            )

    def _make_queue(self) -> str:
        url = self.sqs.create_queue(QueueName="uploads")["QueueUrl"]
        self.s3.put_bucket_notification_configuration(
            Bucket="images",
            NotificationConfiguration={
                "QueueConfigurations": [
                    {
                        "QueueArn": "arn:aws:sqs:eu-central-1:123456789012:uploads",
                        "Events": ["s3:ObjectCreated:*"],
                        "Filter": {
                            "Key": {"FilterRules": [{"Name": "prefix", "Value": "uploads/"}]}
                        },
                    }
                ]
            },
        )
        self.sqs.purge_queue(QueueUrl=url)  # of the event that tests the notification
        return url


@pytest.fixture
def empty_cloud(aws: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Cloud]:
    """Everything but a model."""
    with cloud_in_process(monkeypatch, tmp_path) as cloud:
        yield cloud


@contextmanager
def cloud_in_process(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Cloud]:
    """What `empty_cloud` gives to one test; the functions cache models in ``folder``."""
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    cloud = Cloud()
    counters = CountersSettings(
        "models",
        "registry",
        "insights",
        "audit",
        "shadow",
        cloud.uncounted_queue_url,
        DATASETS.datasets_table,
        DATASETS.curation_queue,
    )
    dead = DeadLetterSettings(cloud.dead_letters_url)
    named = (
        API,
        DATASETS,
        JOB_CONTROL,
        BACKFILLS,
        INGEST,
        SHADOW,
        COUNTING,
        BUDGET,
        counters,
        dead,
    )
    for settings in named:
        for name, value in settings.to_env().items():
            monkeypatch.setenv(name, value)
    monkeypatch.setattr("lambdas.clients.functions", lambda: cloud.shadow)
    yield cloud
    for group in SERVED:
        group.service.cache_clear()
    lambdas.counters.handler.uncounted.cache_clear()
    resources.cache_clear()
    lambdas.ingest.handler.pause.cache_clear()
    lambdas.ingest.handler.dead_letters.cache_clear()


@pytest.fixture
def cloud(empty_cloud: Cloud, tiny_artifact: tuple[Path, Manifest]) -> Cloud:
    """With the tiny model in production."""
    empty_cloud.publish(tiny_artifact[0])
    return empty_cloud
