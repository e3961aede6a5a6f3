"""The emulator's IAM bites: without its grant a function is refused, and with it all is well."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest

from tests.e2e.cloud import Cloud, eventually
from tests.images import encode, textured

pytestmark = pytest.mark.e2e

KEY = "uploads/denied.jpg"


@contextmanager
def without_reading_uploads(cloud: Cloud) -> Iterator[None]:
    """Take the ingest function's grants on images in the bucket away, then give them back."""
    iam: Any = boto3.client("iam", **cloud.emulator.client_options)
    role = ingest_function(cloud)["Role"].rpartition("/")[2]
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    granted: Any = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    reduced = json.loads(json.dumps(granted))
    for statement in reduced["Statement"]:
        actions = statement["Action"]
        actions = [actions] if isinstance(actions, str) else actions
        if cloud.outputs.images_bucket in json.dumps(statement["Resource"]):
            actions = [action for action in actions if not action.startswith("s3:GetObject")]
        statement["Action"] = actions
    reduced["Statement"] = [s for s in reduced["Statement"] if s["Action"]]
    assert reduced != granted
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(reduced))
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(granted))


def ingest_function(cloud: Cloud) -> Any:
    functions = boto3.client("lambda", **cloud.emulator.client_options).list_functions()
    (found,) = (f for f in functions["Functions"] if "lambdas.ingest." in f["Handler"])
    return found


@contextmanager
def quick_redelivery(cloud: Cloud) -> Iterator[None]:
    """A refused message comes back after seconds instead of minutes."""
    queue = cloud.outputs.queue_url
    answer = cloud.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])
    cloud.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "3"})
    try:
        yield
    finally:
        cloud.sqs.set_queue_attributes(QueueUrl=queue, Attributes=answer["Attributes"])


def refusals(cloud: Cloud) -> list[str]:
    """What the ingest function logged about refused calls."""
    logs = boto3.client("logs", **cloud.emulator.client_options)
    group = ingest_function(cloud)["LoggingConfig"]["LogGroup"]
    events = logs.filter_log_events(logGroupName=group)["events"]
    return [event["message"] for event in events if "AccessDenied" in event["message"]]


def test_a_missing_grant_is_a_denied_call_and_the_image_waits_for_it(cloud: Cloud) -> None:
    assert refusals(cloud) == []
    with quick_redelivery(cloud):
        with without_reading_uploads(cloud):
            cloud.drop(KEY, encode(textured(seed=9)))
            denied = eventually(lambda: refusals(cloud) or None, 15, "a denied call in the log")
            assert "GetObject" in denied[0]
            assert cloud.records_of({KEY}) == []
            assert cloud.messages(cloud.outputs.queue_url) == 1
        (record,) = cloud.wait_for({KEY}, within=20)
    assert record["status"] in ("ok", "unknown")
    assert cloud.messages(cloud.outputs.dead_letter_queue_url) == 0
