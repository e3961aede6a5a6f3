"""The audit trail: every change is in it, before it is made, and nothing that is secret."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from lambdas.api.resources import resources
from lambdas.web.routes import ROUTES
from tests.images import encode, plain
from tests.integration.conftest import Answer, Cloud
from tests.integration.test_feedback import say
from tests.integration.test_owners import ADMIN, ANN, BOB, form_of, predict
from tests.tiny_model import write_tiny_artifact
from visionflow.access.audit import AuditLog
from visionflow.models.ref import ModelRef

RED = encode(plain("red"))
START = datetime(2030, 1, 30, tzinfo=UTC)


def trail(cloud: Cloud, **query: Any) -> list[dict[str, Any]]:
    answer = cloud.call("GET", "/audit", query, caller=ADMIN)
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.body["items"]
    return found


def promote(cloud: Cloud, body: Any = None, caller: Any = ADMIN, **query: Any) -> Answer:
    data = json.dumps(body or {"reason": "it is better"}).encode()
    return cloud.call(
        "POST", "/models/tiny/1/promote", query, data, "application/json", caller=caller
    )


@pytest.fixture
def log(cloud: Cloud) -> AuditLog:
    """A trail with a clock that moves on by a day for each change."""
    days = iter(range(1_000))
    return AuditLog("audit", cloud.dynamodb, lambda: START + timedelta(days=next(days)))


@contextmanager
def no_writes_after(cloud: Cloud, n: int) -> Iterator[None]:
    """The audit table takes ``n`` rows and no more."""
    left = n

    def fail(params: Any, **_: Any) -> None:
        nonlocal left
        if params["TableName"] == "audit":
            left -= 1
            if left < 0:
                raise EndpointConnectionError(endpoint_url="aws")

    events = resources().dynamodb.meta.events
    events.register("before-parameter-build.dynamodb.PutItem", fail)
    yield
    events.unregister("before-parameter-build.dynamodb.PutItem", fail)


def test_a_change_says_who_what_and_how_it_ended(cloud: Cloud) -> None:
    assert promote(cloud).status == 200
    (entry,) = trail(cloud)
    at = datetime.fromisoformat(entry.pop("at"))
    assert abs((datetime.now(UTC) - at).total_seconds()) < 60
    assert entry == {
        "by": "eve@example.com",
        "caller": "user:eve",
        "action": "POST /models/{name}/{version}/promote",
        "subject": "tiny/1",
        "status": 200,
        "details": {"reason": "it is better", "revision": None},
    }


def test_what_was_refused_is_there_too_and_strangers_leave_nothing(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISIONFLOW_REQUIRES_SIGN_IN", "1")
    assert promote(cloud, caller=None).status == 401
    assert promote(cloud, caller=ANN).status == 403
    assert promote(cloud, {"lable": "x"}).status == 400
    assert cloud.call("POST", "/models/tiny/9/retire", caller=ADMIN).status == 404
    found = [(entry["by"], entry["subject"], entry["status"]) for entry in trail(cloud)]
    assert found == [
        ("eve@example.com", "tiny/9", 404),
        ("eve@example.com", "tiny/1", 400),
        ("ann@example.com", "tiny/1", 403),
    ]


def test_what_changes_nothing_is_not_in_the_trail(cloud: Cloud) -> None:
    predict(cloud, ANN)
    form_of(cloud, ANN)
    body = json.dumps({"records": [{"device_id": "a"}]}).encode()
    answer = cloud.call("POST", "/predictions", None, body, "application/json", caller=ANN)
    assert answer.status == 200
    for path in ("/logs", "/models", "/stats", "/audit"):
        cloud.call("GET", path, caller=ADMIN)
    assert trail(cloud) == []


def test_every_route_that_changes_something_goes_through_the_one_place(cloud: Cloud) -> None:
    """Also one that somebody adds: what is not a GET is a change."""
    changes = [
        route
        for route in ROUTES
        if route.method != "GET"
        and route.path not in ("/predict", "/uploads")
        and (route.method, route.path) != ("POST", "/predictions")
    ]
    for route in changes:
        path = route.path.replace("{version}", "9").replace("{id}", "0" * 26)
        path = path.replace("{owner}", "user:x").replace("{prefix}", "abcdefgh")
        cloud.call(route.method, path, {"lable": "x"}, caller=ADMIN)
    found = [entry["action"] for entry in trail(cloud, limit=100)]
    assert found == [f"{route.method} {route.path}" for route in reversed(changes)]


def test_nothing_is_changed_that_the_trail_cannot_take(cloud: Cloud, tmp_path: Any) -> None:
    write_tiny_artifact(tmp_path / "2", "2")
    cloud.publish(tmp_path / "2", promote=False)
    cloud.promote("2")
    with no_writes_after(cloud, 0):
        refused = promote(cloud)
    assert (refused.status, refused.body["code"]) == (503, "platform_unavailable")
    assert cloud.registry.current() == ModelRef("tiny", "2")
    assert trail(cloud) == []
    # Cut off after the change: the trail has it, and says that the outcome is not known.
    with no_writes_after(cloud, 1):
        assert promote(cloud).status == 503
    (entry,) = trail(cloud)
    assert (entry["subject"], entry["status"], entry["details"]) == ("tiny/1", None, {})
    # A refusal that cannot be written is loud as well.
    with no_writes_after(cloud, 0):
        assert promote(cloud, caller=ANN).status == 503


def test_it_has_only_what_the_endpoint_has_read(cloud: Cloud) -> None:
    """A field that no endpoint knows may be anything, such as a password in the wrong place."""
    assert promote(cloud, {"reason": "x", "password": "hunter2"}).status == 400
    assert promote(cloud, password="hunter2").status == 400
    made = predict(cloud, ANN).body["id"]
    assert say(cloud, made, {"label": "x" * 9_000, "new": True}, caller=BOB).status == 400
    feedback, *refused = trail(cloud)
    assert [entry["details"] for entry in refused] == [{}, {}]
    assert feedback["subject"] == made
    assert list(feedback["details"]) == ["left_out"]
    assert "hunter2" not in json.dumps(cloud.dynamodb.scan(TableName="audit")["Items"])


def test_a_number_that_json_does_not_have_is_refused(cloud: Cloud) -> None:
    body = b'{"enabled": true, "min_images": 1, "max_error_rate": NaN}'
    refused = cloud.call("POST", "/models/rule", None, body, "application/json", caller=ADMIN)
    assert (refused.status, refused.body["code"]) == (400, "invalid_body")


def test_pages_meet_without_a_seam_over_months_and_years(cloud: Cloud, log: AuditLog) -> None:
    for number in range(40):
        if number % 3:
            log.add("me", "user:me", "do", str(number), {}, 403)
            continue
        with log.change("me", "user:me", "do", str(number), lambda _: 500) as outcome:
            outcome.details["n"] = number
    window = {"from": "2030-01-31T00:00:00Z", "to": "2030-03-09T00:00:00Z"}
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = cloud.call("GET", "/audit", {**window, "limit": 7, **cursor}, caller=ADMIN).body
        found += [entry["subject"] for entry in page["items"]]
        assert all(entry["status"] in (200, 403) for entry in page["items"])
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == [str(number) for number in range(38, 0, -1)]
    assert trail(cloud, **{"from": "2030-01-30T00:00:00Z", "to": "2030-01-30T00:00:00Z"})


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"cursor": "!"}, "invalid_cursor"),
        ({"cursor": "MjAzMC0wMS0wMVQwMDowMDowMC4wMDAwMDBaI2Fi"}, "invalid_cursor"),
        ({"from": "2030-02-01T00:00:00Z", "to": "2030-01-01T00:00:00Z"}, "invalid_parameter"),
        ({"from": "2020-01-01T00:00:00Z", "to": "2030-01-01T00:00:00Z"}, "invalid_parameter"),
        ({"limit": 0}, "invalid_parameter"),
        ({"by": "me"}, "invalid_parameter"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    cloud: Cloud, query: dict[str, Any], code: str
) -> None:
    refused = cloud.call("GET", "/audit", query, caller=ADMIN)
    assert (refused.status, refused.body["code"]) == (400, code)


def test_a_row_is_never_written_over(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even by two changes at one moment that draw the same random number."""
    monkeypatch.setattr("secrets.token_hex", lambda _: "0" * 16)
    log = AuditLog("audit", cloud.dynamodb, lambda: START)
    log.add("me", "user:me", "do", "1", {}, 200)
    with pytest.raises(cloud.dynamodb.exceptions.ConditionalCheckFailedException):
        log.add("you", "user:you", "do", "2", {}, 200)
    (row,) = cloud.dynamodb.scan(TableName="audit")["Items"]
    assert row["by"] == {"S": "me"}


def test_an_erasure_is_in_the_trail_without_the_image(cloud: Cloud) -> None:
    made = predict(cloud, ANN).body["id"]
    assert cloud.call("DELETE", f"/predictions/{made}", caller=ANN).status == 200
    (entry,) = trail(cloud)
    assert (entry["by"], entry["subject"], entry["status"]) == ("ann@example.com", made, 200)
    assert entry["details"] == {}
    assert cloud.call("DELETE", "/owners/user%3Aann", caller=ADMIN).status == 200
    assert trail(cloud)[0]["subject"] == "user:ann"
