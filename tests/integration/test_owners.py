"""Whose record is whose, and who sees which: by stage `shared` or `own`."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest

from lambdas.api.resources import resources
from tests.images import encode, plain
from tests.integration.conftest import Answer, Cloud
from tests.integration.test_api import fill, record
from tests.integration.test_feedback import say
from visionflow.access.caller import Caller
from visionflow.access.roles import SCOPES_OF

RED = encode(plain("red"))
ANN = Caller("user:ann", "ann@example.com", SCOPES_OF["viewer"])
BOB = Caller("user:bob", "bob@example.com", SCOPES_OF["labeller"])
ADMIN = Caller("user:eve", "eve@example.com", SCOPES_OF["model-admin"])


def predict(cloud: Cloud, caller: Caller, **headers: str) -> Answer:
    return cloud.call(
        "POST", "/predict", {}, RED, "application/octet-stream", headers=headers, caller=caller
    )


def ids(cloud: Cloud, caller: Caller, **query: Any) -> list[str]:
    """Of all pages of the history."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = cloud.call("GET", "/logs", query | cursor, caller=caller)
        assert page.status == 200, page.body
        found += [item["id"] for item in page.body["items"]]
        if page.body["next_cursor"] is None:
            return found
        cursor = {"cursor": page.body["next_cursor"]}


def form_of(cloud: Cloud, caller: Caller) -> Any:
    body = json.dumps({"content_type": "image/jpeg", "bytes": len(RED)}).encode()
    return cloud.call("POST", "/uploads", None, body, "application/json", caller=caller).body


@pytest.fixture
def own(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """A stage in which each caller sees their own records."""
    monkeypatch.setenv("VISIONFLOW_OWN_RECORDS", "1")
    return cloud


def test_a_record_names_who_sent_the_image(cloud: Cloud) -> None:
    assert predict(cloud, ANN).body["owner"] == "user:ann"
    form = form_of(cloud, BOB)
    signed = parse_qs(urlparse(form["url"]).query)["X-Amz-SignedHeaders"]
    assert "x-amz-meta-owner" in signed[0].split(";")
    assert form["headers"]["x-amz-meta-owner"] == "user:bob"
    for key, body, owner in (
        (form["key"], RED, "user:bob"),
        (f"{form['key']}x", b"no image", "user:bob"),
        # Whoever may write to the bucket may write any metadata.
        ("uploads/blue.jpg", encode(plain("blue")), "user:ann"),
    ):
        cloud.s3.put_object(Bucket="images", Key=key, Body=body, Metadata={"owner": owner})
    assert cloud.deliver(cloud.messages()) == []
    owners = {entry["image"]["key"]: entry["owner"] for entry in cloud.logs()}
    assert owners[form["key"]] == "user:bob"
    assert owners["uploads/blue.jpg"] is None
    assert owners[f"{form['key']}x"] == "user:bob", "a failed record has an owner too"


def test_a_record_from_before_there_were_owners_has_none(cloud: Cloud) -> None:
    (prediction_id,) = fill(cloud, [record(0)])
    cloud.dynamodb.update_item(
        TableName="predictions",
        Key={"id": {"S": prediction_id}},
        UpdateExpression="REMOVE #owner",
        ExpressionAttributeNames={"#owner": "owner"},
    )
    assert cloud.call("GET", f"/predictions/{prediction_id}").body["owner"] is None


def test_a_shared_stage_shows_everybody_everything(cloud: Cloud) -> None:
    made = [predict(cloud, caller).body["id"] for caller in (ANN, BOB)]
    for caller in (ANN, BOB, ADMIN):
        assert sorted(ids(cloud, caller)) == sorted(made)
        assert cloud.call("GET", f"/predictions/{made[0]}", caller=caller).status == 200
        assert cloud.call("GET", "/stats", caller=caller).status == 200


def test_pages_of_an_own_stage_have_all_own_records_and_no_other(own: Cloud) -> None:
    owners = ["user:ann", "user:bob", None, "user:anna", "user:ann"]
    made = [
        replace(
            record(index, ("red", "green", None)[index % 3], version=str(index % 2)),
            owner=owners[index % 5],
        )
        for index in range(60)
    ]
    fill(own, made)
    mine = [one for one in reversed(made) if one.owner == "user:ann"]
    for query, kept in (
        ({}, mine),
        ({"label": "red"}, [one for one in mine if one.label == "red"]),
        ({"status": "failed"}, [one for one in mine if one.status == "failed"]),
        ({"model": "tiny/1"}, [one for one in mine if one.model and one.model.version == "1"]),
        (
            {"to": made[30].created_at},
            [one for one in mine if one.created_at <= made[30].created_at],
        ),
    ):
        assert ids(own, ANN, limit=7, **query) == [one.id for one in kept]
    assert len(ids(own, ADMIN, limit=50)) == 60
    cursors = {
        caller.id: own.call("GET", "/logs", {"limit": 3}, caller=caller).body["next_cursor"]
        for caller in (ANN, ADMIN)
    }
    for caller, of in ((BOB, ANN), (ANN, ADMIN), (ADMIN, ANN)):
        refused = own.call("GET", "/logs", {"limit": 3, "cursor": cursors[of.id]}, caller=caller)
        assert (refused.status, refused.body["code"]) == (400, "invalid_cursor")


def test_a_page_of_own_records_reads_no_others(own: Cloud) -> None:
    """However many there are; or a page would be empty, and its cursor would tell of them."""
    fill(own, [replace(record(index), owner="user:bob") for index in range(30)])
    read: list[str] = []
    resources().dynamodb.meta.events.register(
        "before-parameter-build.dynamodb.Query",
        lambda params, **_: read.append(params["IndexName"]),
    )
    assert own.call("GET", "/logs", {"label": "red"}, caller=ANN).body == {
        "items": [],
        "next_cursor": None,
    }
    assert set(read) == {"by_owner"}


def test_for_others_a_record_of_an_own_stage_does_not_exist(own: Cloud) -> None:
    made = predict(own, ANN).body["id"]
    for method, path in (
        ("GET", f"/predictions/{made}"),
        ("GET", f"/predictions/{made}/feedback"),
        ("DELETE", f"/predictions/{made}"),
    ):
        refused = own.call(method, path, caller=BOB)
        assert (refused.status, refused.body["code"]) == (404, "prediction_not_found"), path
        unknown = own.call(method, path.replace(made, "0" * 26), caller=BOB)
        assert unknown.body["detail"] == refused.body["detail"].replace(made, "0" * 26)
    assert say(own, made, {"label": "red"}, caller=BOB).status == 404
    for caller in (ANN, ADMIN):
        assert own.call("GET", f"/predictions/{made}", caller=caller).status == 200
        assert say(own, made, {"label": "red"}, caller=caller).status == 200


def test_what_an_own_stage_asks_about_and_sums_up(own: Cloud) -> None:
    made = [
        replace(record(index), owner=owner, confidence=confidence, model=None)
        for index, (owner, confidence) in enumerate(
            [("user:ann", 0.9), ("user:bob", 0.1), ("user:ann", 0.3), ("user:ann", 0.5)]
        )
    ]
    fill(own, [*made, replace(record(9, None), owner="user:ann")])
    assert say(own, made[2].id, {"label": "red"}, caller=ADMIN).status == 200

    def asked(caller: Caller) -> list[float]:
        items = own.call("GET", "/uncertain", {"limit": 2}, caller=caller).body["items"]
        return [item["confidence"] for item in items]

    assert asked(ANN) == [0.5, 0.9]
    assert asked(BOB) == [0.1]
    assert asked(ADMIN) == [0.1, 0.5]
    assert own.call("GET", "/stats", caller=ANN).status == 403
    assert own.call("GET", "/stats", caller=ADMIN).status == 200


def test_another_caller_s_key_is_another_record(own: Cloud) -> None:
    first, second = (predict(own, c, **{"idempotency-key": "k"}).body for c in (ANN, BOB))
    assert first["id"] != second["id"]
    assert (first["owner"], second["owner"]) == ("user:ann", "user:bob")
