"""Log lines as the functions write them."""

import io
import json
import logging
import os
import re
from types import SimpleNamespace
from typing import Any

import pytest

from lambdas.telemetry.log import level_of, logged, logger, output
from lambdas.telemetry.trail import follow, following

CONTEXT: Any = SimpleNamespace(
    function_name="predict",
    memory_limit_in_mb=1769,
    invoked_function_arn="arn:aws:lambda",
    aws_request_id="request-1",
)


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    found = io.StringIO()
    monkeypatch.setattr(output, "to", found)
    monkeypatch.setattr("lambdas.telemetry.log._invocation", {})
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
    return found


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_names_the_invocation_and_its_image(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    @logged(lambda event: str(event["id"]))
    def handler(event: Any, context: Any) -> None:
        with following():
            follow("a", "s3-request")
            logger.info("in it", extra={"status": "ok", "nothing": None})
        logger.warning("after it")

    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-2-3;Parent=4;Sampled=1")
    handler({"id": "http-request"}, CONTEXT)
    inside, after = lines(stream)
    assert inside["location"].startswith("handler:")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", inside["timestamp"]), "RFC 3339"
    del inside["location"], inside["timestamp"], inside["cold_start"]
    assert inside == {
        "level": "INFO",
        "message": "in it",
        "service": "visionflow",
        "function_name": "predict",
        "function_memory_size": 1769,
        "function_arn": "arn:aws:lambda",
        "function_request_id": "request-1",
        "correlation_id": "s3-request",
        "prediction_id": "a",
        "status": "ok",
        "xray_trace_id": "1-2-3",
    }
    assert (after["level"], after["correlation_id"]) == ("WARNING", "http-request")
    assert "prediction_id" not in after


def test_an_error_brings_its_traceback(stream: io.StringIO) -> None:
    try:
        raise ValueError("한국어")
    except ValueError:
        logger.exception("failed")
    (line,) = lines(stream)
    assert (line["level"], line["exception_name"]) == ("ERROR", "ValueError")
    assert line["exception"].endswith("ValueError: 한국어")
    assert "한국어" in stream.getvalue(), "as it is, not escaped"


def test_half_a_pair_of_utf_16_is_written_and_breaks_no_line(stream: io.StringIO) -> None:
    logger.info("a\nb\r\u2028", extra={"detail": json.loads('"\\ud800 \\n"')})
    stream.getvalue().encode()
    (line,) = (json.loads(text) for text in stream.getvalue().rstrip("\n").split("\n"))
    assert (line["message"], line["detail"]) == ("a\nb\r\u2028", "\ud800 \n")


@pytest.mark.parametrize("level", ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"])
def test_lambda_s_levels_are_known(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", level)
    logging.Logger("one").setLevel(level_of(os.environ))
