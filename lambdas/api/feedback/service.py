"""Feedback on predictions: giving it, reading it, and which images to ask about next."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import nsmallest
from typing import Self

from lambdas.api.records import LogEntry, Records
from lambdas.api.resources import Resources
from lambdas.web.parameters import short_text
from visionflow import strict
from visionflow.access.caller import Caller
from visionflow.access.roles import weight_of
from visionflow.errors import InvalidParameterError
from visionflow.models.label_tree import LabelTree
from visionflow.models.ref import ModelRef
from visionflow.predictions.record import Feedback, Prediction
from visionflow.predictions.reviews import ReviewStore
from visionflow.predictions.store import MAX_ROWS_READ, LogQuery
from visionflow.timestamps import timestamp

LONGEST_FOLDER_NAME = 255
# An error names no more labels than this.
_MOST_NAMED = 20


@dataclass(frozen=True)
class FeedbackRequest:
    """What the image shows: a label, or a parent of labels. One that the version does not have
    needs ``new``, and a caller with the scope `label`."""

    label: str
    new: bool = False


@dataclass(frozen=True)
class FeedbackHistory:
    """All feedback on a prediction, the oldest first.

    Of the heaviest, the latest counts: an admin's weight is 3, a labeller's 2, a viewer's 1.
    """

    items: tuple[Feedback, ...]


@dataclass(frozen=True)
class GivenFeedback(LogEntry):
    """The prediction after ``given`` was added to its history. ``counts``: it is now the current
    feedback. Otherwise somebody whose feedback weighs more has spoken before."""

    given: Feedback
    counts: bool


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

    def give(
        self, prediction_id: str, wanted: FeedbackRequest, caller: Caller, now: datetime
    ) -> GivenFeedback:
        """Keep ``wanted``; it counts unless the current feedback weighs more.

        Raises `PredictionNotFoundError`, and for a label that the version does not have
        `InvalidParameterError` unless it is marked as new, and `ForbiddenError` for a caller who
        may not add labels.
        """
        prediction = self.records.find(prediction_id, caller)
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
        if not known:
            caller.require("label")
        weight = weight_of(caller.scopes)
        feedback = Feedback(label, timestamp(now), caller.name, weight=weight)
        if tree and known:
            is_parent = any(label == parent.name for parent in tree.parents)
            feedback = replace(feedback, parents=tree.ancestors(label), is_parent=is_parent)
        entry = self.records.entry(self.reviews.give(prediction_id, feedback))
        counts = entry.feedback == feedback
        return strict.extended(GivenFeedback, entry, given=feedback, counts=counts)

    def history(self, prediction_id: str, caller: Caller) -> FeedbackHistory:
        """Raises `PredictionNotFoundError`."""
        self.records.find(prediction_id, caller)
        return FeedbackHistory(self.reviews.history(prediction_id))

    def uncertain(self, limit: int, caller: Caller) -> UncertainList:
        """Of everybody's answers; of a caller's own, those among the latest `MAX_ROWS_READ`."""
        owner = self.records.owner_for(caller)
        if owner is None:
            found: Iterable[Prediction] = self.reviews.uncertain(limit)
        else:
            page = self.records.predictions.page(LogQuery(owner=owner), MAX_ROWS_READ)
            asked = [p for p in page.items if p.feedback is None and p.confidence is not None]
            found = nsmallest(limit, asked, key=lambda p: (p.confidence, p.id))
        return UncertainList(tuple(map(self.records.entry, found)))


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
