"""Every function by its own role, with IAM enforced: its work, and nobody else's."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.e2e.cloud import Cloud, eventually
from tests.images import encode, textured
from visionflow.access.keys import KEYS
from visionflow.predictions.store import INDEXES

pytestmark = pytest.mark.e2e

KEY = "uploads/roles.jpg"

# What none of the functions may do.
NOBODY = {
    "change the page",
    "delete a record",
    "delete an API key",
    "delete an image",
    "drop an image",
    "list every record",
    "send to the queue",
}
# What one function does and these must not.
DENIED = {
    "predict": NOBODY
    | {"publish a model", "read a dataset", "move an alias", "page through records"}
    | {"read the queue", "read a training job", "read the API keys"},
    "ingest": NOBODY
    | {"keep a posted image", "publish a model", "read a dataset", "move an alias"}
    | {"page through records", "read a training job", "read the API keys"},
    # It writes a tombstone in place of an erased record.
    "api": NOBODY | {"keep a posted image", "publish a model", "read the queue"},
    "counters": NOBODY
    | {"read a dropped image", "write a record", "publish a model", "read a dataset"}
    | {"keep a posted image", "read the queue", "read a training job", "read the API keys"},
    "shadow": NOBODY
    | {"write a record", "publish a model", "read a dataset", "move an alias"}
    | {"keep a posted image", "read the queue", "read a training job", "read the API keys"},
}
# The work itself, as a sample against a test that denies everything.
ALLOWED = {
    # It explains the answers to dropped images too.
    "predict": {"keep a posted image", "write a record", "read the alias", "read a dropped image"},
    "ingest": {"read a dropped image", "write a record", "read the queue", "read the alias"},
    "api": {"read a dropped image", "page through records", "move an alias", "read the alias"}
    | {"read the API keys"},
    "counters": {"read the alias"},
    "shadow": {"read a dropped image", "read the alias"},
}


def functions(cloud: Cloud) -> dict[str, Any]:
    """Every function of the project by its package's name."""
    found = boto3.client("lambda", **cloud.emulator.client_options).list_functions()["Functions"]
    handlers = ((f["Handler"].split("."), f) for f in found)
    return {parts[1]: f for parts, f in handlers if parts[0] == "lambdas"}


@contextmanager
def session_of(cloud: Cloud, function: Any) -> Iterator[boto3.Session]:
    """The credentials that the function has; its role trusts Lambda alone, and for now us too."""
    iam: Any = boto3.client("iam", **cloud.emulator.client_options)
    name = function["Role"].rpartition("/")[2]
    trusted = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    everybody = json.loads(json.dumps(trusted))
    everybody["Statement"].append(
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    )
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(everybody))
    try:
        sts = boto3.client("sts", **cloud.emulator.client_options)
        keys = sts.assume_role(RoleArn=function["Role"], RoleSessionName="test")["Credentials"]
        yield boto3.Session(
            keys["AccessKeyId"],
            keys["SecretAccessKey"],
            keys["SessionToken"],
            region_name=cloud.outputs.region,
        )
    finally:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trusted))


def attempts(cloud: Cloud, session: boto3.Session) -> dict[str, Callable[[], object]]:
    """Calls that belong to one function or another, or to none."""
    at: Any = {"endpoint_url": cloud.emulator.endpoint_url}
    s3: Any = session.client("s3", **at)
    table: Any = session.client("dynamodb", **at)
    sqs: Any = session.client("sqs", **at)
    out = cloud.outputs
    keys_table = functions(cloud)["api"]["Environment"]["Variables"]["VISIONFLOW_KEYS_TABLE"]
    record = {"id": {"S": "of-the-test"}}
    alias = {"pk": {"S": "ALIAS#test"}, "sk": {"S": "CURRENT"}}
    return {
        "read a dropped image": lambda: s3.get_object(Bucket=out.images_bucket, Key=KEY),
        "drop an image": lambda: s3.put_object(Bucket=out.images_bucket, Key="uploads/x", Body=b""),
        "keep a posted image": lambda: s3.put_object(
            Bucket=out.images_bucket, Key="api/test", Body=b""
        ),
        "delete an image": lambda: s3.delete_object(Bucket=out.images_bucket, Key="api/test"),
        "publish a model": lambda: s3.put_object(
            Bucket=out.models_bucket, Key="models/x/1/manifest.json", Body=b""
        ),
        "read a dataset": lambda: s3.get_object(Bucket=out.datasets_bucket, Key="x"),
        "change the page": lambda: s3.put_object(
            Bucket=out.dashboard_bucket, Key="index.html", Body=b""
        ),
        "write a record": lambda: table.put_item(
            TableName=out.predictions_table,
            Item=record,
            ConditionExpression="attribute_exists(id)",  # which it does not
        ),
        "delete a record": lambda: table.delete_item(TableName=out.predictions_table, Key=record),
        "list every record": lambda: table.scan(TableName=out.predictions_table, Limit=1),
        "page through records": lambda: table.query(
            TableName=out.predictions_table,
            IndexName="by_time",
            KeyConditionExpression=f"{INDEXES['by_time']} = :shard",
            ExpressionAttributeValues={":shard": {"S": "all#0"}},
        ),
        "move an alias": lambda: table.put_item(
            TableName=out.registry_table, Item=alias, ConditionExpression="attribute_exists(pk)"
        ),
        "read the alias": lambda: table.get_item(TableName=out.registry_table, Key=alias),
        "read the API keys": lambda: table.query(
            TableName=keys_table,
            KeyConditionExpression="pk = :keys",
            ExpressionAttributeValues={":keys": {"S": KEYS}},
        ),
        "delete an API key": lambda: table.delete_item(
            TableName=keys_table, Key={"pk": {"S": KEYS}, "sk": {"S": "of-the-test"}}
        ),
        "read a training job": lambda: table.scan(TableName=out.jobs_table, Limit=1),
        "read the queue": lambda: sqs.get_queue_attributes(
            QueueUrl=out.queue_url, AttributeNames=["All"]
        ),
        "send to the queue": lambda: sqs.send_message(QueueUrl=out.queue_url, MessageBody="{}"),
    }


def is_denied(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except ClientError as error:
        return error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException", "403")
    return False


@pytest.fixture(scope="module")
def began() -> int:
    """When the work of these tests began, in milliseconds; other tests take grants away."""
    return int(time.time() * 1000)


@pytest.fixture(scope="module")
def dropped(cloud: Cloud, began: int) -> Cloud:
    """After an image came each way and somebody looked at the history."""
    cloud.drop(KEY, encode(textured(seed=4)))
    (record,) = cloud.wait_for({KEY}, within=30)
    sent = cloud.call("POST", "/predict", encode(textured(seed=5)), "image/jpeg")
    assert sent.status == 200, sent.body
    for prediction_id in (record["id"], sent.body["id"]):
        assert cloud.call("GET", f"/predictions/{prediction_id}").status == 200
    eventually(lambda: True if _counted(cloud) >= 2 else None, 30, "both counted by the stream")
    return cloud


def _counted(cloud: Cloud) -> int:
    total: int = cloud.call("GET", "/stats").body.get("total", 0)
    return total


def test_every_function_has_a_role_of_its_own(cloud: Cloud) -> None:
    found = functions(cloud)
    assert set(DENIED) <= set(found)
    assert len({function["Role"] for function in found.values()}) == len(found)


def test_every_function_did_its_work_without_a_denied_call(dropped: Cloud, began: int) -> None:
    logs = boto3.client("logs", **dropped.emulator.client_options)
    for name in DENIED:
        function: Any = functions(dropped)[name]
        events: list[Any] = []
        with suppress(logs.exceptions.ResourceNotFoundException):
            group = function["LoggingConfig"]["LogGroup"]
            events = list(logs.filter_log_events(logGroupName=group)["events"])
        fresh = [event["message"] for event in events if event["timestamp"] >= began]
        assert not [message for message in fresh if "AccessDenied" in message], name


@pytest.mark.parametrize("name", DENIED)
def test_a_function_s_role_is_denied_what_belongs_to_others(dropped: Cloud, name: str) -> None:
    with session_of(dropped, functions(dropped)[name]) as session:
        calls = attempts(dropped, session)
        assert {what for what in DENIED[name] if not is_denied(calls[what])} == set()
        assert {what for what in ALLOWED[name] if is_denied(calls[what])} == set()


def test_no_function_at_all_may_do_what_nobody_may(dropped: Cloud) -> None:
    for name, function in functions(dropped).items():
        with session_of(dropped, function) as session:
            calls = attempts(dropped, session)
            assert {what for what in NOBODY if not is_denied(calls[what])} == set(), name
