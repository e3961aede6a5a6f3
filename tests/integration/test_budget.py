"""A budget that is spent: AWS Budgets' notification to what everybody sees, and the way back."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

import lambdas.budget.handler
from lambdas.api.settings import CostSettings
from lambdas.budget.service import REASON, BudgetService
from tests.images import encode, plain
from tests.integration.conftest import COUNTING, Cloud, Context
from visionflow.access.audit import AuditLog
from visionflow.access.budget import StageStop
from visionflow.access.caller import Caller
from visionflow.access.roles import SCOPES_OF
from visionflow.access.usage import REFUSED_S

RED = encode(plain("red"))
ADMIN = Caller("user:1", "anna@example.com", SCOPES_OF["model-admin"])


@dataclass
class Functions:
    """The part of Lambda's client that is used."""

    feeds: bool = True
    calls: list[str] = field(default_factory=list)

    def update_event_source_mapping(self, *, UUID: str, Enabled: bool) -> None:  # noqa: N803  AWS's
        self.calls.append(UUID)
        self.feeds = Enabled


@pytest.fixture
def functions(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Functions]:
    fake = Functions()
    stop = StageStop(COUNTING.usage_table, boto3.client("dynamodb"))
    service = BudgetService(stop, fake, "mapping-1")  # type: ignore[arg-type]
    monkeypatch.setattr(lambdas.budget.handler, "service", lambda: service)
    audit = AuditLog("audit", boto3.client("dynamodb"))
    monkeypatch.setattr(lambdas.budget.handler, "audit", lambda: audit)
    yield fake
    assert set(fake.calls) <= {"mapping-1"}


def notify(message: str) -> None:
    """As SNS invokes the function."""
    event = {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": message}}]}
    lambdas.budget.handler.lambda_handler(event, Context())


def spend_it() -> None:
    notify("AWS Budget Notification November 26, 2026\nDear AWS Customer, you requested ...")


def forget_refusals(monkeypatch: pytest.MonkeyPatch, *usages: Any) -> None:
    """As if `REFUSED_S` had passed."""
    for usage in usages:
        clock = usage._clock
        monkeypatch.setattr(usage, "_clock", lambda clock=clock: clock() + REFUSED_S)


def test_a_spent_budget_stops_classification_and_jobs_at_once(
    cloud: Cloud, functions: Functions
) -> None:
    assert cloud.predict(RED).status == 200
    spend_it()
    refused = cloud.predict(RED)
    assert (refused.status, refused.body["code"]) == (429, "budget_stopped")
    assert REASON in refused.body["detail"]
    assert 0 < int(refused.headers["Retry-After"]) <= 31 * 86_400
    form = {"content_type": "image/jpeg", "bytes": 1000}
    upload = cloud.call("POST", "/uploads", None, json.dumps(form).encode(), "application/json")
    assert (upload.status, upload.body["code"]) == (429, "budget_stopped")
    assert not functions.feeds
    # Everybody may still look, and find out why.
    assert len(cloud.logs()) == 1


def test_a_dropped_image_waits_in_the_queue(
    cloud: Cloud, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend_it()
    cloud.drop("uploads/red.jpg", RED)
    messages = cloud.messages()
    # What was under way when the queue was switched off comes back to it.
    assert len(cloud.deliver(messages)) == 1
    assert cloud.orders() == ["pause"]
    assert cloud.logs() == []
    notify('{"order": "resume"}')
    assert functions.feeds
    forget_refusals(monkeypatch, lambdas.ingest.handler.service().usage)
    assert cloud.deliver(messages) == []
    assert [entry["label"] for entry in cloud.logs()] == ["red"]


def test_an_admin_resumes_the_stage(
    cloud: Cloud, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = CostSettings(1769, 1769, "x86_64", 30, 7, 14, 0, 0, 0, 0, 0).to_env()
    for name, value in (environment | {"VISIONFLOW_REQUIRES_SIGN_IN": "1"}).items():
        monkeypatch.setenv(name, value)
    spend_it()
    viewer = Caller("user:2", "ben@example.com", SCOPES_OF["viewer"])
    costs = cloud.call("GET", "/costs", caller=viewer).body
    assert costs["stopped"]["reason"] == REASON
    assert cloud.call("POST", "/budget/resume", caller=viewer).status == 403
    resumed = cloud.call("POST", "/budget/resume", caller=ADMIN)
    assert (resumed.status, resumed.body) == (200, {"stopped": None})
    assert cloud.orders() == ["resume"]
    answer = cloud.call("POST", "/predict", None, RED, "application/octet-stream", caller=viewer)
    assert answer.status == 200


def test_a_stop_is_in_the_audit_trail(cloud: Cloud, functions: Functions) -> None:
    spend_it()
    (entry,) = cloud.call("GET", "/audit").body["items"]
    assert (entry["by"], entry["action"], entry["status"]) == (
        lambdas.budget.handler.BUDGET,
        "budget stop",
        200,
    )
    assert entry["details"]["said"].startswith("AWS Budget Notification")


def test_a_month_begins_with_the_queue_on(functions: Functions) -> None:
    spend_it()
    lambdas.budget.handler.lambda_handler(
        {"source": "aws.events", "detail-type": "Scheduled Event"},
        Context(),
    )
    assert functions.feeds


def test_a_pause_stops_the_queue_alone(cloud: Cloud, functions: Functions) -> None:
    notify('{"order": "pause"}')
    assert not functions.feeds
    assert cloud.predict(RED).status == 200


@pytest.mark.parametrize("message", ["", "null", "[]", '{"order": 1}', "\x00"])
def test_whatever_else_comes_from_the_topic_stops_the_stage(
    cloud: Cloud, functions: Functions, message: str
) -> None:
    notify(message)
    assert StageStop("usage", boto3.client("dynamodb")).current(datetime.now(UTC))
