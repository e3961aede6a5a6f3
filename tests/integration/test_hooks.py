"""`/hooks` on moto: a rule, its target and a secret are made and removed together."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from lambdas.api.settings import HookSettings
from lambdas.events import handler
from lambdas.events.service import REFRESH_S, EventsService
from tests.integration.conftest import Answer, Cloud
from visionflow.events.hooks import MOST_HOOKS, HookFilter, pattern

ARN = "arn:aws:sqs:eu-central-1:123456789012:"


class InUseError(Exception):
    pass


class Mapping:
    """The part of Lambda's client that switches the delivery on and off. While it is ``busy`` with
    a state, it takes no other call, as Lambda does."""

    exceptions = SimpleNamespace(ResourceInUseException=InUseError)

    def __init__(self) -> None:
        self.enabled = False
        self.busy: str | None = None

    def update_event_source_mapping(self, *, UUID: str, Enabled: bool) -> None:  # noqa: N803
        assert UUID == "mapping"
        if self.busy:
            raise InUseError
        self.enabled = Enabled

    def get_event_source_mapping(self, *, UUID: str) -> dict[str, str | None]:  # noqa: N803
        assert UUID == "mapping"
        return {"State": self.busy or ("Enabled" if self.enabled else "Disabled")}


class Stage:
    def __init__(self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cloud, self.mapping = cloud, Mapping()
        self.events: Any = boto3.client("events")
        self.ssm = boto3.client("ssm")
        self.events.create_event_bus(Name="bus")
        self.dead = cloud.sqs.create_queue(QueueName="hooks-dead")["QueueUrl"]
        self.queue = cloud.sqs.create_queue(QueueName="hooks")["QueueUrl"]
        topic = boto3.client("sns").create_topic(Name="mail")["TopicArn"]
        cloud.dynamodb.create_table(
            TableName="hooks",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[{"AttributeName": k, "AttributeType": "S"} for k in ("pk", "sk")],
        )
        settings = HookSettings(
            *("bus", "hooks", "/visionflow/dev/hooks", self.queue, f"{ARN}hooks", self.dead),
            *(f"{ARN}hooks-dead", topic, "mapping", 0),
        )
        for name, value in settings.to_env().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("lambdas.clients.functions", lambda: self.mapping)

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        return self.cloud.call(method, path, None, data, "application/json" if data else None)

    def rules(self) -> dict[str, Any]:
        return {
            rule["Name"]: json.loads(rule["EventPattern"])
            for rule in self.events.list_rules(EventBusName="bus")["Rules"]
        }

    def secrets(self) -> list[str]:
        return [found["Name"] for found in self.ssm.describe_parameters()["Parameters"]]


@pytest.fixture
def stage(empty_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    yield Stage(empty_cloud, monkeypatch)


def test_a_webhook_comes_with_a_secret_that_is_shown_once_and_goes_with_it(stage: Stage) -> None:
    url = "https://erp.example.com/hook?key=topsecret"
    made = stage.call("POST", "/hooks", {"name": "erp", "target": url, "labels": ["scratch"]})
    assert (made.status, made.body["kind"]) == (201, "webhook")
    assert made.body["secret"].startswith("whsec_")
    assert stage.mapping.enabled
    assert stage.rules() == {
        "hook-erp": json.loads(pattern("erp", HookFilter(labels=("scratch",))))
    }
    (target,) = stage.events.list_targets_by_rule(Rule="hook-erp", EventBusName="bus")["Targets"]
    assert target["Arn"] == f"{ARN}hooks"
    made_at = f'"made":"{made.body["created_at"]}"'
    assert made_at in target["InputTransformer"]["InputTemplate"]
    listed = stage.call("GET", "/hooks")
    rows = stage.cloud.dynamodb.scan(TableName="hooks")["Items"]
    trail = stage.cloud.dynamodb.scan(TableName="audit")["Items"]
    for text in (json.dumps(listed.body), str(rows), str(trail)):
        assert made.body["secret"] not in text
    assert "topsecret" not in str(trail)
    assert "https://erp.example.com" in str(trail)

    other = stage.call("POST", "/hooks/erp/secret").body["secret"]
    assert other != made.body["secret"]
    for version, secret in ((1, made.body["secret"]), (2, other)):
        name = f"/visionflow/dev/hooks/erp:{version}"
        found = stage.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]
        assert (found["Value"], found["Type"]) == (secret, "SecureString")

    assert stage.call("DELETE", "/hooks/erp").status == 200
    assert (stage.rules(), stage.secrets(), stage.mapping.enabled) == ({}, [], False)
    assert stage.call("DELETE", "/hooks/erp").status == 404


@pytest.mark.parametrize("busy", [None, "Updating"])
def test_a_deployment_that_switches_deliveries_off_is_mended_by_the_next_events(
    stage: Stage, busy: str | None
) -> None:
    """While Lambda is busy with the mapping, by those that come a minute later."""
    handler.delivery.cache_clear()
    service, now = sender(), [0.0]
    service._clock = lambda: now[0]
    stage.call("POST", "/hooks", {"name": "erp", "target": "https://erp.example.com/"})
    stage.mapping.enabled, stage.mapping.busy = False, busy
    service.send([])
    assert stage.mapping.enabled is (busy is None)
    stage.mapping.busy = None
    service.send([])
    now[0] += REFRESH_S
    service.send([])
    assert stage.mapping.enabled
    stage.cloud.dynamodb.delete_table(TableName="hooks")
    now[0] += REFRESH_S
    assert service.send([]).left == (), "events go out though nobody can look after hooks"


def sender() -> EventsService:
    """As the function makes it."""
    bus = boto3.client("events")
    return EventsService("bus", bus, own_records=False, mend=handler._mend_delivery)


def test_deliveries_that_nobody_wants_are_switched_off(stage: Stage) -> None:
    handler.delivery.cache_clear()
    stage.call("POST", "/hooks", {"name": "own", "target": f"{ARN}own"})
    stage.mapping.enabled = True
    sender().send([])
    assert not stage.mapping.enabled


def test_a_rule_of_the_teams_own_with_the_name_of_a_hook_stays_as_it_is(stage: Stage) -> None:
    own = {"detail-type": ["model.moved"]}
    stage.events.put_rule(Name="erp", EventBusName="bus", EventPattern=json.dumps(own))
    body = {"name": "erp", "target": "https://erp.example.com/"}
    assert stage.call("POST", "/hooks", body).status == 201
    assert stage.rules()["erp"] == own
    assert stage.call("DELETE", "/hooks/erp").status == 200
    assert stage.rules() == {"erp": own}


@pytest.mark.parametrize(("target", "kind"), [("a@example.com", "email"), (f"{ARN}own", "sqs")])
def test_other_targets_have_neither_secret_nor_outcome(
    stage: Stage, target: str, kind: str
) -> None:
    made = stage.call("POST", "/hooks", {"name": "other", "target": target})
    assert (made.status, made.body["kind"], made.body["secret"]) == (201, kind, None)
    assert stage.call("GET", "/hooks").body["items"][0]["outcome"] is None
    if kind == "email":  # who confirms after the removal hears nothing of the next of that name
        sns = boto3.client("sns")
        found = sns.list_subscriptions()["Subscriptions"]
        (arn,) = (one["SubscriptionArn"] for one in found if one["Endpoint"] == target)
        about = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
        assert json.loads(about["FilterPolicy"]) == {
            "hook": ["other"],
            "made": [made.body["created_at"]],
        }
    assert not stage.mapping.enabled, "polling an empty queue is billed"
    assert stage.call("POST", "/hooks/other/replay").status == 409
    assert stage.call("DELETE", "/hooks/other").status == 200
    assert stage.rules() == {}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "No Capitals"}, "name"),
        ({"target": "http://127.0.0.1:9000/"}, "target"),
        ({"models": ["flowers"]}, "models"),
        ({"confidence_at_least": 1.5}, "confidence_at_least"),
        ({"confidence_at_least": 0.5, "confidence_below": 0.5}, "confidence_below"),
        ({"labels": ["x" * 100] * 20}, "labels"),
        ({"kinds": ["nonsense"]}, None),
        ({"target": "arn:aws:sqs:eu-central-1:999999999999:own"}, "target"),
        ({"target": "arn:aws:sqs:us-east-1:123456789012:own"}, "target"),
        ({"target": f"{ARN}hooks"}, "target"),
    ],
)
def test_what_is_wrong_is_refused_and_leaves_nothing(
    stage: Stage, wrong: dict[str, Any], field: str | None
) -> None:
    body = {"name": "erp", "target": "https://erp.example.com/", **wrong}
    refused = stage.call("POST", "/hooks", body)
    assert refused.status == 400
    if field is not None:
        assert refused.body["field"] == field
    assert (stage.rules(), stage.secrets()) == ({}, [])


def test_a_hook_can_be_made_and_removed_while_lambda_switches_the_delivery(stage: Stage) -> None:
    body = {"name": "erp", "target": "https://erp.example.com/"}
    assert stage.call("POST", "/hooks", body).status == 201
    stage.mapping.busy = "Enabling"
    assert stage.call("POST", "/hooks", {**body, "name": "two"}).status == 201
    # The other way round it must wait, and can be asked for again.
    assert stage.call("DELETE", "/hooks/two").status == 200
    assert stage.call("DELETE", "/hooks/erp").status == 409
    stage.mapping.busy = None
    assert stage.call("DELETE", "/hooks/erp").status == 200
    assert not stage.mapping.enabled
    stage.mapping.busy = "Disabling"
    assert stage.call("POST", "/hooks", body).status == 409
    assert (stage.call("GET", "/hooks").body["items"], stage.rules()) == ([], {})


def test_a_test_switches_the_delivery_on_again(stage: Stage) -> None:
    stage.call("POST", "/hooks", {"name": "erp", "target": "https://erp.example.com/"})
    stage.mapping.enabled = False  # by a deployment that changed the mapping
    assert stage.call("POST", "/hooks/erp/test").status == 202
    assert stage.mapping.enabled


def test_a_name_is_taken_once_and_there_is_a_bound(stage: Stage) -> None:
    body = {"name": "hook-0", "target": "https://erp.example.com/"}
    first = stage.call("POST", "/hooks", body)
    assert stage.call("POST", "/hooks", body).status == 409
    assert stage.call("GET", "/hooks").body["items"][0]["name"] == "hook-0"
    assert stage.secrets() == ["/visionflow/dev/hooks/hook-0"]
    assert first.status == 201
    for number in range(1, MOST_HOOKS):
        assert stage.call("POST", "/hooks", {**body, "name": f"hook-{number}"}).status == 201
    assert stage.call("POST", "/hooks", {**body, "name": "one-more"}).status == 409


def test_dead_letters_of_one_hook_are_delivered_again_and_no_others(stage: Stage) -> None:
    stage.call("POST", "/hooks", {"name": "erp", "target": "https://erp.example.com/"})
    for name in ("erp", "other", "erp"):
        letter = {"hook": name, "detail": {"id": "evt"}, "attempts": 10, "why": "500"}
        stage.cloud.sqs.send_message(QueueUrl=stage.dead, MessageBody=json.dumps(letter))
    stage.cloud.sqs.send_message(QueueUrl=stage.dead, MessageBody="not an event")
    answer = stage.call("POST", "/hooks/erp/replay")
    assert answer.body == {"replayed": 2, "more": False}
    found = stage.cloud.sqs.receive_message(QueueUrl=stage.queue, MaxNumberOfMessages=10)
    bodies = [json.loads(message["Body"]) for message in found["Messages"]]
    assert bodies == [{"hook": "erp", "detail": {"id": "evt"}}] * 2
    assert stage.call("GET", "/hooks").body["dead"] == 2


def test_a_test_goes_through_the_rule_whatever_it_filters(stage: Stage) -> None:
    body = {"name": "erp", "target": "https://erp.example.com/", "labels": ["rose"]}
    stage.call("POST", "/hooks", body)
    sent = stage.call("POST", "/hooks/erp/test")
    assert sent.status == 202
    found = stage.cloud.sqs.receive_message(QueueUrl=stage.queue, MaxNumberOfMessages=10)
    assert sent.body["id"] in found["Messages"][0]["Body"]
    assert stage.call("POST", "/hooks/nobody/test").status == 404
