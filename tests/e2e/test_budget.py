"""A spent budget on the local cloud: from the topic that AWS Budgets notifies to the queue."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from tests.e2e.cloud import Cloud, eventually
from tests.e2e.conftest import visionflow
from tests.images import encode, textured

pytestmark = pytest.mark.e2e

WITHIN_S = 20


def stop_of(cloud: Cloud) -> Any:
    shown = visionflow("budget", "status", "--json", state=cloud.state)
    assert shown.returncode == 0, shown.stderr
    return json.loads(shown.stdout)["stopped"]


def queue_is(cloud: Cloud, *, enabled: bool) -> Callable[[], bool | None]:
    functions: Any = boto3.client("lambda", **cloud.emulator.client_options)
    name = cloud.outputs.queue_url.rpartition("/")[2]

    def look() -> bool | None:
        mappings = functions.list_event_source_mappings()["EventSourceMappings"]
        (state,) = (m["State"] for m in mappings if m["EventSourceArn"].endswith(f":{name}"))
        return True if (state == "Enabled") == enabled else None

    return look


def test_a_spent_budget_holds_dropped_images_back_until_somebody_resumes(cloud: Cloud) -> None:
    """With IAM enforced: the function may do what it has to."""
    sns: Any = boto3.client("sns", **cloud.emulator.client_options)
    sns.publish(TopicArn=cloud.outputs.budget_topic, Message="AWS Budget Notification: passed")
    try:
        eventually(queue_is(cloud, enabled=False), WITHIN_S, "the queue is off")
        assert stop_of(cloud)["reason"] == "The month's budget is spent."
        key = "uploads/after-the-budget.png"
        cloud.drop(key, encode(textured(seed=77), "PNG"))
        assert cloud.records_of({key}) == []
    finally:
        resumed = visionflow("budget", "resume", state=cloud.state)
    assert resumed.stdout.strip() == "The stage is not stopped.", resumed.stderr
    eventually(queue_is(cloud, enabled=True), WITHIN_S, "the queue is on")
    (record,) = cloud.wait_for({key}, WITHIN_S)
    assert record["status"] != "failed"
    assert cloud.call("GET", "/health").status == 200
