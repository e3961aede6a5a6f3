"""CloudWatch's own event about an alarm as one of ours.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
"""

from collections.abc import Mapping
from typing import Any, Final

from visionflow.events.shapes import AlarmChanged, Event, event

DRIFT_METRIC: Final = "DriftAlarm"
"""The metric whose alarm is about drift."""


def alarm_event(found: Mapping[str, Any]) -> Event:
    """Raises `KeyError` for what is not a change of an alarm's state."""
    detail = found["detail"]
    state = detail["state"]
    configuration = detail.get("configuration", {})
    data = AlarmChanged(
        alarm=detail["alarmName"],
        status=state["value"],
        before=detail.get("previousState", {}).get("value"),
        description=configuration.get("description"),
        reason=state.get("reason"),
    )
    kind: Any = "drift.changed" if DRIFT_METRIC in _metrics(configuration) else "alarm.changed"
    return event(kind, found["time"], data, data.alarm, state["timestamp"], data.status)


def _metrics(configuration: Mapping[str, Any]) -> set[str | None]:
    parts = (part.get("metricStat", {}) for part in configuration.get("metrics", ()))
    return {part.get("metric", {}).get("name") for part in parts}
