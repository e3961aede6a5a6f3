"""A record whose write had its answer lost is logged once, with its metrics."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

import lambdas.ingest.handler
from lambdas.telemetry.log import output
from tests.images import encode, plain
from tests.integration.conftest import Cloud
from visionflow.predictions.store import PredictionStore

RED = encode(plain("red"))

Sender = Callable[[Cloud], Callable[[], object]]


def direct(cloud: Cloud) -> Callable[[], object]:
    return lambda: cloud.predict(RED)


def keyed(cloud: Cloud) -> Callable[[], object]:
    headers = {"idempotency-key": "k"}
    kind = "application/octet-stream"
    return lambda: cloud.call("POST", "/predict", {}, RED, kind, headers=headers)


def dropped(cloud: Cloud) -> Callable[[], object]:
    cloud.drop("uploads/red.jpg", RED)
    messages = cloud.messages()
    return lambda: cloud.deliver(messages)


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """The ids of the lines "recorded", which carry the metrics."""
    monkeypatch.setattr(output, "to", stream := io.StringIO())

    def read() -> list[str]:
        lines = [json.loads(line) for line in stream.getvalue().splitlines()]
        found = [line for line in lines if line["message"] == "recorded"]
        assert all(line["Predictions.ok"] == [1.0] for line in found)
        return [line["prediction_id"] for line in found]

    return read


@pytest.mark.parametrize("sender", [direct, keyed, dropped])
def test_a_write_that_its_client_repeated_is_logged(
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    recorded: Callable[[], list[str]],
    sender: Sender,
) -> None:
    """Its own record refuses the second write."""
    add = PredictionStore.add
    monkeypatch.setattr(PredictionStore, "add", lambda *given: add(*given) and add(*given))
    sender(cloud)()
    (record,) = cloud.logs()
    assert recorded() == [record["id"]]


@pytest.mark.parametrize("sender", [keyed, dropped])
def test_a_write_without_any_answer_is_logged_when_it_is_found(
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    recorded: Callable[[], list[str]],
    sender: Sender,
) -> None:
    add, send = PredictionStore.add, sender(cloud)

    def add_unheard(*given: Any) -> bool:
        assert add(*given)
        raise ReadTimeoutError(endpoint_url="https://dynamodb")

    with monkeypatch.context() as patch:
        patch.setattr(PredictionStore, "add", add_unheard)
        send()
    assert recorded() == []
    (record,) = cloud.logs()
    for _ in range(2):
        send()
        assert recorded() == [record["id"]], "once, however often it comes again"


def test_what_another_process_has_recorded_is_not_logged_here(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, recorded: Callable[[], list[str]]
) -> None:
    """That one has logged it."""
    add, send = PredictionStore.add, dropped(cloud)

    def add_after_another(*given: Any) -> bool:
        monkeypatch.setattr(PredictionStore, "add", add)
        lambdas.ingest.handler.service.cache_clear()
        send()
        return add(*given)

    monkeypatch.setattr(PredictionStore, "add", add_after_another)
    send()
    (record,) = cloud.logs()
    assert recorded() == [record["id"]]
