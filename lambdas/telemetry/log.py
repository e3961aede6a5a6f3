"""Log lines in JSON, with what is known of the invocation and of the image.

Fields and their names are those of Powertools for AWS Lambda, whose import alone takes longer than
that of all of this project's own code: saved queries go on to work. The time is as Lambda reads it.
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
"""

import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import wraps
from types import MappingProxyType
from typing import Any, Final, TextIO

from lambdas.telemetry.invocation import ColdStart, LambdaContext
from lambdas.telemetry.settings import service_name
from visionflow.timestamps import timestamp

Handler = Callable[[Any, Any], Any]

_NAME: Final = "visionflow"
_TRACE: Final = "_X_AMZN_TRACE_ID"
# What every record has by itself; all else was given as ``extra``.
_OF_RECORDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# Of the image that a thread is at work on, and of the invocation, which all threads share.
_image: ContextVar[Mapping[str, Any]] = ContextVar("image", default=MappingProxyType({}))
_invocation: dict[str, Any] = {}
_cold_start = ColdStart()


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        given = {name: v for name, v in vars(record).items() if name not in _OF_RECORDS}
        line = {
            "level": record.levelname,
            "location": f"{record.funcName}:{record.lineno}",
            "message": record.getMessage(),
            # Of RFC 3339: with any other, Lambda's own filter takes each line for INFO.
            "timestamp": timestamp(datetime.fromtimestamp(record.created, UTC)),
            "service": service_name(),
            **_invocation,
            **_image.get(),
            **given,
            **self._exception(record),
            "xray_trace_id": trace_id(),
        }
        known = {name: value for name, value in line.items() if value is not None}
        text = json.dumps(known, default=str, ensure_ascii=False, separators=(",", ":"))
        # Half a pair of UTF-16, which a request's JSON may have, becomes JSON's escape for it.
        return text.encode("utf-8", "backslashreplace").decode()

    def _exception(self, record: logging.LogRecord) -> dict[str, Any]:
        if not record.exc_info or record.exc_info[0] is None:
            return {}
        kind = record.exc_info[0].__name__
        return {"exception": self.formatException(record.exc_info), "exception_name": kind}


class Output(logging.StreamHandler[TextIO]):
    """Writes to ``to``, by default to what is standard output at that moment."""

    def __init__(self) -> None:
        super().__init__(sys.stdout)
        self.to: TextIO | None = None
        self.setFormatter(_Json())

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = self.to or sys.stdout
        super().emit(record)


output = Output()


def level_of(environment: Mapping[str, str]) -> str:
    """The level that Lambda is set to. TRACE is its alone; Python knows WARN and FATAL."""
    level = environment.get("AWS_LAMBDA_LOG_LEVEL", "INFO").upper()
    return "DEBUG" if level == "TRACE" else level


def _make_logger() -> logging.Logger:
    made = logging.getLogger(_NAME)
    made.setLevel(level_of(os.environ))
    made.addHandler(output)
    for handler in logging.root.handlers:  # Lambda's, which would write each line once more
        handler.addFilter(lambda record: record.name != _NAME)
    return made


logger = _make_logger()


def trace_id() -> str | None:
    """The trace that Lambda has begun for this invocation, if it has."""
    parts = (part.partition("=") for part in os.environ.get(_TRACE, "").split(";"))
    return {name.strip(): value for name, _, value in parts}.get("Root")


def logged(correlation: Callable[[Any], str | None] | None = None) -> Callable[[Handler], Handler]:
    """Name the invocation in each line of a handler; ``correlation`` finds the id in the event by
    which its caller knows it."""

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        def run(event: Any, context: LambdaContext) -> Any:
            _invocation.clear()
            _invocation.update(
                cold_start=_cold_start.ask(),
                function_name=context.function_name,
                function_memory_size=context.memory_limit_in_mb,
                function_arn=context.invoked_function_arn,
                function_request_id=context.aws_request_id,
                correlation_id=correlation(event) if correlation else None,
            )
            return handler(event, context)

        return run

    return decorate


def name_image(**ids: str) -> None:
    """Put these into each line from here on that this thread writes, until `forget_image`."""
    _image.set({**_image.get(), **ids})


def forget_image() -> None:
    _image.set(MappingProxyType({}))
