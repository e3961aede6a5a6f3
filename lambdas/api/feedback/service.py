"""Feedback on predictions: giving it, reading it, and which images to ask about next."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from lambdas.api.records import LogEntry, Records
from lambdas.api.resources import Resources
from lambdas.web.parameters import short_text
from visionflow.errors import InvalidParameterError
from visionflow.models.label_tree import LabelTree
from visionflow.models.ref import ModelRef
from visionflow.predictions.record import Feedback
from visionflow.predictions.reviews import ReviewStore
from visionflow.timestamps import timestamp

LONGEST_FOLDER_NAME = 255
# An error names no more labels than this.
_MOST_NAMED = 20


@dataclass(frozen=True)
class FeedbackRequest:
    """What the image shows: a label, or a parent of labels. One that the version does not have
    needs ``new``."""

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
    """Feedback without HTTP. ``tree_of`` knows what a version can answer."""

    records: Records
    reviews: ReviewStore
    tree_of: Callable[[ModelRef], LabelTree]

    @classmethod
    def build(cls, resources: Resources) -> Self:
        return cls(Records.build(resources), resources.reviews, resources.trees.of)

    def give(self, prediction_id: str, wanted: FeedbackRequest, by: str, now: datetime) -> LogEntry:
        """Keep ``wanted`` as the feedback that counts.

        Raises `PredictionNotFoundError`, and `InvalidParameterError` for a label that the version
        does not have and that is not marked as new.
        """
        prediction = self.records.find(prediction_id)
        label = short_text("label", wanted.label.strip()) or ""
        _check_folder_name(label)
        model = prediction.model
        tree = self.tree_of(model) if model else None
        known = tree is not None and label in tree
        if model and tree and not known and not wanted.new:
            raise InvalidParameterError(
                f"{label!r:.80} is not a label of {model.name} {model.version} "
                f'({_some(tree)}); add "new": true for a class that it does not know.'
            )
        feedback = Feedback(label, timestamp(now), by)
        if tree and known:
            is_parent = any(label == parent.name for parent in tree.parents)
            feedback = replace(feedback, parents=tree.ancestors(label), is_parent=is_parent)
        return self.records.entry(self.reviews.give(prediction_id, feedback))

    def history(self, prediction_id: str) -> FeedbackHistory:
        """Raises `PredictionNotFoundError`."""
        self.records.find(prediction_id)
        return FeedbackHistory(self.reviews.history(prediction_id))

    def uncertain(self, limit: int) -> UncertainList:
        return UncertainList(tuple(map(self.records.entry, self.reviews.uncertain(limit))))


def _some(tree: LabelTree) -> str:
    names = [label.name for label in tree.labels]
    left = len(names) - _MOST_NAMED
    more = f" and {left} more" if left > 0 else ""
    return ", ".join(names[:_MOST_NAMED]) + more


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
