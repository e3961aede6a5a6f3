"""What a run leaves for whoever asks later: log lines that name the image, and metrics."""

import io
import json
from typing import Any, get_args
from urllib.parse import unquote_plus

import pytest
from botocore.exceptions import EndpointConnectionError

from lambdas.telemetry.log import output
from lambdas.telemetry.measurements import (
    FAILURE_CODES,
    STEPS,
    failure_metric,
    reason_metric,
    status_metric,
    step_metric,
)
from lambdas.telemetry.stopwatch import FAILED_ATTEMPT
from tests.images import encode, plain
from tests.integration.conftest import Cloud, Context
from visionflow.answers.answer import UnknownReason
from visionflow.images.store import ImageStore
from visionflow.predictions.record import Status

Line = dict[str, Any]

HTTP_REQUEST = "JKJaXmPLvHcESHA="  # of tests/events/http_request.json


class Log:
    """What the functions have logged, line by line."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    def lines(self) -> list[Line]:
        return [json.loads(line) for line in self._stream.getvalue().splitlines()]

    def line(self, message: str) -> Line:
        (found,) = (line for line in self.lines() if line["message"] == message)
        return found


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    monkeypatch.setattr(output, "to", stream := io.StringIO())
    return Log(stream)


def emitted(capsys: pytest.CaptureFixture[str]) -> list[Line]:
    """The records in Embedded Metric Format that were printed since the last call."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if "_aws" in line and "ColdStart" not in line]


def from_request(message: dict[str, Any]) -> dict[str, Any]:
    """With the request's id, which S3 sends and moto does not."""
    body = json.loads(message["body"])
    body["Records"][0]["responseElements"] = {"x-amz-request-id": f"PUT-{message['messageId']}"}
    return message | {"body": json.dumps(body)}


def test_a_direct_call_can_be_followed_from_its_request_to_its_record(
    cloud: Cloud, log: Log
) -> None:
    answer = cloud.predict(encode(plain("red"))).body
    line = log.line("recorded")
    assert line["correlation_id"] == HTTP_REQUEST
    assert line["function_request_id"] == Context.aws_request_id
    assert line["prediction_id"] == answer["id"]
    assert cloud.call("GET", f"/predictions/{line['prediction_id']}").status == 200
    assert line["model"] == "tiny/1"
    assert line["timings"] == answer["timings"]


def test_a_dropped_file_can_be_followed_from_its_event_to_its_record(
    cloud: Cloud, log: Log
) -> None:
    cloud.drop("uploads/red.jpg", encode(plain("red")))
    cloud.drop("uploads/none.jpg", b"no image")
    messages = [from_request(message) for message in cloud.messages()]
    assert cloud.deliver(messages) == []
    recorded = [line for line in log.lines() if line["message"] == "recorded"]
    assert len(recorded) == 2
    for message, line in zip(messages, recorded, strict=True):
        (event,) = json.loads(message["body"])["Records"]
        assert line["correlation_id"] == event["responseElements"]["x-amz-request-id"]
        record = cloud.call("GET", f"/predictions/{line['prediction_id']}").body
        assert record["image"]["key"] == unquote_plus(event["s3"]["object"]["key"])
        assert line["status"] == record["status"]
    assert recorded[1]["code"] == "image_unreadable"


def test_a_fault_names_the_image_too_and_nothing_leaks_into_the_next_line(
    cloud: Cloud, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> bytes:
        raise EndpointConnectionError(endpoint_url="https://s3")

    cloud.drop("uploads/red.jpg", encode(plain("red")))
    (message,) = cloud.messages()
    with monkeypatch.context() as broken:
        broken.setattr(ImageStore, "fetch", fails)
        assert cloud.deliver([message]) == [message["messageId"]]
    fault = log.line("back to the queue")
    assert cloud.deliver([message, cloud.message({"hello": "world"}, "odd")]) == []
    assert fault["prediction_id"] == log.line("recorded")["prediction_id"]
    odd = log.line("unknown envelope, to the dead letters")
    assert odd["message_id"] == "odd"
    assert "prediction_id" not in odd
    assert "correlation_id" not in odd


def test_a_refused_call_is_logged_by_its_request(cloud: Cloud, log: Log) -> None:
    refused = cloud.predict(b"no image")
    line = log.line("refused")
    assert line["correlation_id"] == refused.body["request_id"] == HTTP_REQUEST
    assert line["code"] == "image_unreadable"


def test_metrics_of_a_batch_by_status_failure_step_and_version(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, data in {"red": encode(plain("red")), "none": b"no image", "empty": b""}.items():
        cloud.drop(f"uploads/{name}.jpg", data)
    cloud.deliver(cloud.messages())
    records = emitted(capsys)

    def values(name: str) -> list[float]:
        return [value for record in records for value in record.get(name, ())]

    assert values("Messages") == [3]
    assert values(status_metric("ok")) == [1]
    assert values(status_metric("failed")) == [1, 1]
    assert values(failure_metric("image_unreadable")) == [1]
    assert values(failure_metric("image_empty")) == [1]
    assert len(values(step_metric("read"))) == 3
    assert values(step_metric("infer"))[0] > 0
    assert [record["model"] for record in records if "model" in record] == ["tiny/1"]


def test_an_answered_image_leaves_one_line(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line more would be billed as often as there are images."""
    cloud.predict(encode(plain("red")))  # the first may say that a version was loaded
    cloud.drop("uploads/red.jpg", encode(plain("red")))
    cloud.deliver(cloud.messages())
    capsys.readouterr()
    cloud.predict(encode(plain("red")))
    cloud.drop("uploads/grey.jpg", encode(plain("grey")))
    cloud.deliver(cloud.messages())
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["message"] for line in lines] == ["recorded", "recorded"]
    for line, counted in zip(lines, ("Requests", "Messages"), strict=True):
        assert line[counted] == [1]
        assert {step_metric(step) for step in line["timings"]} <= line.keys()


def test_a_refused_image_is_counted_by_its_code_and_a_wrong_request_is_not(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.predict(b"no image")
    (record,) = emitted(capsys)
    assert record[failure_metric("image_unreadable")] == [1]
    cloud.predict(encode(plain("red")), top_k=99)
    (record,) = emitted(capsys)
    assert not [name for name in record if name.startswith("Failed.")]


def test_an_unavailable_model_is_counted_by_its_code(
    empty_cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    assert empty_cloud.predict(encode(plain("red"))).status == 503
    (record,) = emitted(capsys)
    assert record[failure_metric("model_unavailable")] == [1]


def test_the_metrics_are_those_that_the_bill_was_planned_for(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """CloudWatch bills each combination of name and dimensions; nothing may multiply them."""
    cloud.drop("uploads/red.jpg", encode(plain("red")))
    cloud.drop("uploads/none.jpg", b"no image")
    cloud.deliver(cloud.messages())
    cloud.predict(encode(plain("red")))
    cloud.predict(encode(plain("grey")))
    cloud.predict(b"no image")
    planned = {
        "Messages",
        "Requests",
        *map(status_metric, get_args(Status)),
        *map(reason_metric, get_args(UnknownReason)),
        *map(step_metric, (*STEPS, FAILED_ATTEMPT)),
        *map(failure_metric, FAILURE_CODES),
    }
    records = emitted(capsys)
    assert len(records) == 5
    for record in records:
        (directive,) = record["_aws"]["CloudWatchMetrics"]
        assert directive["Dimensions"] == [["service"]]
        assert {metric["Name"] for metric in directive["Metrics"]} <= planned
