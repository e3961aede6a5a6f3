"""Metrics in CloudWatch's Embedded Metric Format: a line of JSON in the log.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Literal

from lambdas.telemetry.invocation import ColdStart, LambdaContext
from lambdas.telemetry.log import level_of
from lambdas.telemetry.settings import NAMESPACE, service_name

Unit = Literal["Count", "Milliseconds", "None"]
Handler = Callable[[Any, Any], Any]

# As many names, and values of a name, as a document may have.
_MOST = 100
_cold_start = ColdStart()


class Metrics:
    """What one invocation measures; printed at its end, or as soon as a document is full."""

    def __init__(self) -> None:
        self._units: dict[str, Unit] = {}
        self._values: dict[str, list[float]] = {}

    def add(self, name: str, value: float = 1, unit: Unit = "Count") -> None:
        if name not in self._units and len(self._units) == _MOST:
            self.flush()
        self._units[name] = unit
        self._values.setdefault(name, []).append(float(value))
        if len(self._values[name]) == _MOST:
            self.flush()

    def drain(self) -> dict[str, Any]:
        """The document of what is measured so far, for whoever writes it; empty for nothing."""
        units, values = self._units, self._values
        self._units, self._values = {}, {}
        return _document(units, values, {"service": service_name()}) if units else {}

    def flush(self) -> None:
        if document := self.drain():
            _print(document)


metrics = Metrics()


def emit(
    units: Mapping[str, Unit],
    values: Mapping[str, list[float]],
    dimensions: Mapping[str, str],
) -> None:
    """Print one document."""
    _print(_document(units, values, dimensions))


def _document(
    units: Mapping[str, Unit], values: Mapping[str, list[float]], dimensions: Mapping[str, str]
) -> dict[str, Any]:
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": name, "Unit": unit} for name, unit in units.items()],
    }
    about = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    return {"_aws": about, **dimensions, **values}


def _print(document: Mapping[str, Any]) -> None:
    # What has no level is INFO to Lambda, whose filter may let warnings pass alone. A document is
    # not a message: it has the least level that passes, but for those of a debugger.
    level = level_of(os.environ)
    level = "INFO" if level == "DEBUG" else level
    print(json.dumps({**document, "level": level}, separators=(",", ":")))


def measured(handler: Handler) -> Handler:
    """Print what a handler measures, and whether it is the first invocation of a process."""

    @wraps(handler)
    def run(event: Any, context: LambdaContext) -> Any:
        if _cold_start.ask():
            named = {
                "function_name": context.function_name,
                "service": service_name(),
            }
            emit({"ColdStart": "Count"}, {"ColdStart": [1.0]}, named)
        try:
            return handler(event, context)
        finally:
            metrics.flush()

    return run
