"""Feedback on predictions: giving it, reading it, and which images to ask about next."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from lambdas.api.records import LogEntry, Records
from lambdas.api.resources import Resources
from visionflow.errors import InvalidParameterError
from visionflow.labels import PARTS, composed, label_problem
from visionflow.models.label_tree import LabelTree
from visionflow.models.ref import ModelRef
from visionflow.predictions.new_labels import NewLabels
from visionflow.predictions.record import Feedback, Prediction
from visionflow.predictions.reviews import ReviewStore
from visionflow.timestamps import timestamp

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
    new_labels: NewLabels
    tree_of: Callable[[ModelRef], LabelTree]

    @classmethod
    def build(cls, resources: Resources) -> Self:
        reviews, new_labels = resources.reviews, resources.new_labels
        return cls(Records.build(resources), reviews, new_labels, resources.trees.of)

    def give(self, prediction_id: str, wanted: FeedbackRequest, by: str, now: datetime) -> LogEntry:
        """Keep ``wanted`` as the feedback that counts.

        Raises `PredictionNotFoundError`, `InvalidParameterError` for a label that the version does
        not have and that is not marked as new, or that cannot be one, and `TooManyLabelsError`.
        """
        prediction = self.records.find(prediction_id)
        tree = self.tree_of(prediction.model) if prediction.model else None
        label = self._label(wanted, prediction, tree)
        feedback = Feedback(label, timestamp(now), by)
        if tree and label in tree:
            is_parent = any(label == parent.name for parent in tree.parents)
            feedback = replace(feedback, parents=tree.ancestors(label), is_parent=is_parent)
        return self.records.entry(self.reviews.give(prediction_id, feedback))

    def _label(
        self, wanted: FeedbackRequest, prediction: Prediction, tree: LabelTree | None
    ) -> str:
        """As the model writes it, or else whoever gave it first."""
        label = composed(wanted.label.strip())
        if tree and (known := tree.spelling(label)):
            return known
        if problem := label_problem(label):
            raise InvalidParameterError(f"label {label!r:.80} {problem}.")
        if (model := prediction.model) and tree and not wanted.new:
            raise InvalidParameterError(
                f"{label!r:.80} is not a label of {model.name} {model.version} "
                f'({_some(tree)}); add "new": true for a class that it does not know.'
            )
        if label.casefold() in PARTS:
            raise InvalidParameterError(
                f"label {label!r} is what a part of a dataset is called; add a word to it."
            )
        return self.new_labels.admit(label, prediction.expires_at)

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
