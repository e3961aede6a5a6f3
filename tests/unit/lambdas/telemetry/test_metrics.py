"""Documents of CloudWatch's Embedded Metric Format."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from lambdas.telemetry import metrics as telemetry
from lambdas.telemetry.invocation import ColdStart
from lambdas.telemetry.metrics import Metrics, measured

CONTEXT: Any = SimpleNamespace(function_name="the-function")


def printed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_document_has_names_units_and_values(
    capsys: pytest.CaptureFixture[str],
) -> None:
    metrics = Metrics()
    metrics.add("Requests")
    metrics.add("Time.infer", 20, "Milliseconds")
    metrics.add("Time.infer", 22.5, "Milliseconds")
    metrics.flush()
    (document,) = printed(capsys)
    (directive,) = document["_aws"]["CloudWatchMetrics"]
    assert directive == {
        "Namespace": "VisionFlow",
        "Dimensions": [["service"]],
        "Metrics": [
            {"Name": "Requests", "Unit": "Count"},
            {"Name": "Time.infer", "Unit": "Milliseconds"},
        ],
    }
    assert document["Requests"] == [1.0]
    assert document["Time.infer"] == [20.0, 22.5]
    assert document["service"] == "visionflow"
    metrics.flush()
    assert printed(capsys) == [], "nothing is counted twice"


def test_what_is_over_the_limit_of_a_document_begins_another(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html"""
    metrics = Metrics()
    for _ in range(150):
        metrics.add("Messages")
    for number in range(120):
        metrics.add(f"Name{number}")
    metrics.flush()
    documents = printed(capsys)
    assert sum(len(document.get("Messages", ())) for document in documents) == 150
    for document in documents:
        (directive,) = document["_aws"]["CloudWatchMetrics"]
        names = [metric["Name"] for metric in directive["Metrics"]]
        assert len(names) <= 100
        assert all(len(document[name]) <= 100 for name in names)


def test_the_first_invocation_is_counted_and_a_fault_loses_no_metric(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry, "_cold_start", ColdStart())

    @measured
    def handler(event: Any, context: Any) -> None:
        telemetry.metrics.add("Requests")
        raise RuntimeError("broken")

    for documents in (2, 1):
        with pytest.raises(RuntimeError):
            handler({}, CONTEXT)
        found = printed(capsys)
        assert len(found) == documents
        assert found[-1]["Requests"] == [1.0]
        if documents == 2:
            assert found[0]["ColdStart"] == [1.0]
            assert found[0]["function_name"] == "the-function"


@pytest.mark.parametrize(
    ("set_to", "level"),
    [(None, "INFO"), ("TRACE", "INFO"), ("INFO", "INFO"), ("WARN", "WARN"), ("FATAL", "FATAL")],
)
def test_a_document_has_a_level_that_lambdas_filter_lets_pass(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    set_to: str | None,
    level: str,
) -> None:
    monkeypatch.delenv("AWS_LAMBDA_LOG_LEVEL", raising=False)
    if set_to:
        monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", set_to)
    metrics = Metrics()
    metrics.add("Failed.image_too_costly")
    metrics.flush()
    telemetry.emit({"ModelRefused": "Count"}, {"ModelRefused": [1.0]}, {"service": "models"})
    assert [document["level"] for document in printed(capsys)] == [level, level]
