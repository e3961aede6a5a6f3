"""Feedback on predictions: giving it, reading it, and which images to ask about next."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Self

from lambdas.api.records import LogEntry, Records
from lambdas.api.resources import Resources
from lambdas.web.parameters import short_text
from visionflow.errors import InvalidParameterError
from visionflow.models.ref import ModelRef
from visionflow.predictions.record import Feedback
from visionflow.predictions.reviews import ReviewStore
from visionflow.timestamps import timestamp

LONGEST_FOLDER_NAME = 255


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


@dataclass(frozen=True)
class FeedbackService:
    """Feedback without HTTP. ``labels_of`` knows what a version can answer."""

    records: Records
    reviews: ReviewStore
    labels_of: Callable[[ModelRef], tuple[str, ...]]

    @classmethod
    def build(cls, resources: Resources) -> Self:
        @lru_cache(maxsize=64)
        def labels_of(model: ModelRef) -> tuple[str, ...]:
            return resources.models.manifest(model).label_names

        return cls(Records.build(resources), resources.reviews, labels_of)

    def give(self, prediction_id: str, wanted: FeedbackRequest, by: str, now: datetime) -> LogEntry:
        """Keep ``wanted`` as the feedback that counts.

        Raises `PredictionNotFoundError`, and `InvalidParameterError` for a label that the version
        does not have and that is not marked as new.
        """
        prediction = self.records.find(prediction_id)
        label = short_text("label", wanted.label.strip()) or ""
        _check_folder_name(label)
        model = prediction.model
        known = self.labels_of(model) if model else ()
        if model and label not in known and not wanted.new:
            raise InvalidParameterError(
                f"{label!r:.80} is not a label of {model.name} {model.version} "
                f'({", ".join(known)}); add "new": true for a class that it does not know.'
            )
        given = self.reviews.give(prediction_id, Feedback(label, timestamp(now), by))
        return self.records.entry(given)

    def history(self, prediction_id: str) -> FeedbackHistory:
        """Raises `PredictionNotFoundError`."""
        self.records.find(prediction_id)
        return FeedbackHistory(self.reviews.history(prediction_id))

    def uncertain(self, limit: int) -> UncertainList:
        return UncertainList(tuple(map(self.records.entry, self.reviews.uncertain(limit))))


def _check_folder_name(label: str) -> None:
    """A label becomes a class folder when images are collected, so it must be a folder's name.

    Raises `InvalidParameterError`.
    """
    if "/" in label or label.startswith(".") or not label.isprintable():
        raise InvalidParameterError(
            "label becomes a folder's name; it may hold no slash and nothing that cannot be "
            "printed, and not begin with a dot."
        )
    if len(label.encode()) > LONGEST_FOLDER_NAME:
        raise InvalidParameterError(
            f"label becomes a folder's name; it may have at most {LONGEST_FOLDER_NAME} bytes in "
            f"UTF-8, found {len(label.encode())}."
        )
