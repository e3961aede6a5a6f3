"""The bodies of the routes about feedback."""

from dataclasses import dataclass

from lambdas.api.records import LogEntry
from visionflow.predictions.record import Feedback


@dataclass(frozen=True)
class FeedbackRequest:
    """What the image shows. A label that the version does not have needs ``new``."""

    label: str
    new: bool = False


@dataclass(frozen=True)
class FeedbackHistory:
    """All feedback on a prediction, the oldest first."""

    items: tuple[Feedback, ...]


@dataclass(frozen=True)
class UncertainList:
    """Answers without feedback, the least certain first."""

    items: tuple[LogEntry, ...]
