"""Quotas through the functions: who is refused, with what, and what is kept of it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

import lambdas.ingest.handler
from tests.images import encode, plain
from tests.integration.conftest import PLENTY, Answer, Cloud
from visionflow.access.caller import Caller
from visionflow.access.quotas import Amounts, Quotas
from visionflow.access.roles import EVERYTHING
from visionflow.access.usage import REFUSED_S, UsageSettings

RED = encode(plain("red"))
ANNA, BEN = (Caller(f"user:{name}", name, EVERYTHING) for name in ("anna", "ben"))
FEW = Amounts(requests=3, images=3, bytes=10**6, jobs=1, job_usd=15.0)

Limit = Callable[..., None]


@pytest.fixture
def limit(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Limit:
    """Set the quotas before the first request."""

    def set_quotas(
        per_minute: int = 10**6, caller: Amounts = PLENTY, stage: Amounts = PLENTY
    ) -> None:
        settings = UsageSettings.of("usage", Quotas(per_minute, caller, stage))
        for name, value in settings.to_env().items():
            monkeypatch.setenv(name, value)

    return set_quotas


def send(cloud: Cloud, caller: Caller, image: bytes = RED) -> Answer:
    return cloud.call("POST", "/predict", None, image, "application/octet-stream", caller=caller)


def refused_by(answer: Answer, quota: str) -> None:
    assert (answer.status, answer.body["code"]) == (429, "quota_exceeded"), answer.body
    assert answer.content_type == "application/problem+json"
    assert quota in answer.body["detail"]
    assert int(answer.headers["Retry-After"]) > 0


def test_one_caller_s_minute_is_not_another_s(cloud: Cloud, limit: Limit) -> None:
    limit(per_minute=2)
    assert [send(cloud, ANNA).status for _ in range(2)] == [200, 200]
    refused = send(cloud, ANNA)
    refused_by(refused, "requests_per_minute")
    assert int(refused.headers["Retry-After"]) <= 60
    refused_by(cloud.call("GET", "/logs", caller=ANNA), "requests_per_minute")
    assert send(cloud, BEN).status == 200


def test_a_flood_of_bad_images_is_counted_as_one_of_good_ones(cloud: Cloud, limit: Limit) -> None:
    limit(caller=FEW)
    statuses = [send(cloud, ANNA, b"not an image").status for _ in range(4)]
    assert statuses == [422, 422, 422, 429]
    refused_by(send(cloud, ANNA), "per_month")


def test_nothing_is_stored_of_a_refused_image(cloud: Cloud, limit: Limit) -> None:
    limit(stage=Amounts(10**6, 1, 10**12, 1, 1.0))
    assert send(cloud, ANNA).status == 200
    stored = cloud.s3.list_object_versions(Bucket="images")["Versions"]
    refused_by(send(cloud, BEN), "images_per_month")
    assert cloud.s3.list_object_versions(Bucket="images")["Versions"] == stored
    assert len(cloud.logs()) == 1


def test_an_upload_counts_when_it_is_signed_and_not_again_when_it_arrives(
    cloud: Cloud, limit: Limit
) -> None:
    limit(stage=Amounts(10**6, 2, 100_000, 1, 1.0))

    def sign(size: int) -> Answer:
        body = json.dumps({"content_type": "image/jpeg", "bytes": size}).encode()
        return cloud.call("POST", "/uploads", None, body, "application/json", caller=ANNA)

    form = sign(len(RED))
    assert form.status == 201
    cloud.drop(form.body["key"], RED)
    assert cloud.deliver(cloud.messages()) == []
    refused_by(sign(100_000), "bytes_per_month")
    assert send(cloud, BEN).status == 200
    refused_by(send(cloud, BEN), "images_per_month")


def test_answers_count_before_they_are_sent(cloud: Cloud, limit: Limit) -> None:
    limit(caller=Amounts(10**6, 10, 500, 1, 1.0))
    send_less = cloud.call("GET", "/models/rule", caller=ANNA)
    assert send_less.status == 200
    refused_by(cloud.call("GET", "/openapi.json", caller=ANNA), "bytes_per_month")
    # Its flood is refused without being read.
    refused_by(cloud.call("GET", "/models/rule", caller=ANNA), "bytes_per_month")


def test_a_read_that_fails_is_counted(cloud: Cloud, limit: Limit) -> None:
    limit(caller=FEW)
    statuses = [cloud.call("GET", "/logs", {"lable": "x"}, caller=ANNA).status for _ in range(4)]
    assert statuses == [400, 400, 400, 429]


def test_strangers_are_not_counted(cloud: Cloud, limit: Limit) -> None:
    limit(per_minute=1)
    assert {cloud.call("GET", "/health").status for _ in range(5)} == {200}


def test_a_key_has_its_own_numbers(cloud: Cloud, limit: Limit) -> None:
    limit(per_minute=1)
    key = Caller("key:ABCDEFGH", "camera", EVERYTHING, requests_per_minute=3, requests_per_month=2)
    assert [send(cloud, key).status for _ in range(2)] == [200, 200]
    refused_by(send(cloud, key), "requests_per_month")


def test_dropped_images_over_the_stage_s_quota_are_held_back_not_lost(
    cloud: Cloud, limit: Limit, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(stage=Amounts(10**6, 1, 10**12, 1, 1.0))
    for name in ("a", "b", "c"):
        cloud.drop(f"uploads/{name}.jpg", RED)
    messages = cloud.messages()
    back = cloud.deliver(messages)
    assert len(back) == 2
    assert cloud.orders() == ["pause"], "one order for all of them"
    assert len(cloud.logs()) == 1
    usage: Any = lambdas.ingest.handler.service().usage
    clock = usage._clock
    monkeypatch.setattr(usage, "_clock", lambda: clock() + REFUSED_S)
    monkeypatch.setattr(usage, "_quotas", Quotas(1, PLENTY, PLENTY))  # the budget was raised
    assert cloud.deliver([m for m in messages if m["messageId"] in back]) == []
    assert len(cloud.logs()) == 3


def test_a_second_delivery_is_not_counted(cloud: Cloud, limit: Limit) -> None:
    limit(stage=Amounts(10**6, 1, 10**12, 1, 1.0))
    cloud.drop("uploads/a.jpg", RED)
    messages = cloud.messages()
    assert [cloud.deliver(messages) for _ in range(3)] == [[], [], []]
