"""Feedback on predictions: giving it, reading it, and which images to ask about next."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import nsmallest
from typing import Self

from lambdas.api.records import LogEntry, Records
from lambdas.api.resources import Resources
from visionflow import strict
from visionflow.access.caller import Caller
from visionflow.access.roles import weight_of
from visionflow.errors import InvalidParameterError
from visionflow.labels import composed, label_problem
from visionflow.models.label_tree import LabelTree
from visionflow.models.ref import ModelRef
from visionflow.part_names import part_of
from visionflow.predictions.new_labels import NewLabels
from visionflow.predictions.record import Feedback, Prediction
from visionflow.predictions.reviews import ReviewStore, Undoable
from visionflow.predictions.store import MAX_ROWS_READ, LogQuery
from visionflow.timestamps import timestamp

# An error names no more labels than this.
_MOST_NAMED = 20


@dataclass(frozen=True)
class FeedbackRequest:
    """What the image shows: a label, or a parent of labels; null says that it is none of them. One
    that the version does not have needs ``new``, and a caller with the scope `label`.

    ``from_queue``: the image was shown to the caller as one of `/uncertain`. Such images are harder
    than others, so the accuracy by feedback leaves them out."""

    label: str | None
    new: bool = False
    from_queue: bool = False


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
class WithdrawnFeedback(LogEntry):
    """The prediction without ``withdrawn``, the caller's latest feedback. What was said before
    counts again. ``undoable``: what else the caller may take back."""

    withdrawn: Feedback
    undoable: Undoable | None


@dataclass(frozen=True)
class UncertainList:
    """Answers without feedback whose image can be shown, the least certain first."""

    items: tuple[LogEntry, ...]


@dataclass(frozen=True)
class FeedbackService:
    """Feedback without HTTP. ``tree_of`` knows what a version can answer. ``kept``: for how long
    originals are."""

    records: Records
    reviews: ReviewStore
    new_labels: NewLabels
    tree_of: Callable[[ModelRef], LabelTree]
    kept: timedelta

    @classmethod
    def build(cls, resources: Resources) -> Self:
        reviews, new_labels = resources.reviews, resources.new_labels
        kept = timedelta(days=resources.settings.original_retention_days)
        return cls(Records.build(resources), reviews, new_labels, resources.trees.of, kept)

    def give(
        self, prediction_id: str, wanted: FeedbackRequest, caller: Caller, now: datetime
    ) -> GivenFeedback:
        """Keep ``wanted``; it counts unless the current feedback weighs more.

        Raises `PredictionNotFoundError`, `InvalidParameterError` for a label that the version does
        not have and that is not marked as new, or that cannot be one, `ForbiddenError` for a caller
        who may not add labels, and `TooManyLabelsError`.
        """
        prediction = self.records.find(prediction_id, caller)
        tree = self.tree_of(prediction.model) if prediction.model else None
        label = self._label(wanted, prediction, tree, caller)
        weight = weight_of(caller.scopes)
        # Whoever corrects it later sees an image that the queue has chosen.
        before = prediction.feedback
        from_queue = wanted.from_queue or (before is not None and before.from_queue)
        at = timestamp(now)
        feedback = Feedback(label, at, caller.name, weight=weight, from_queue=from_queue)
        if tree and label is not None and label in tree:
            is_parent = any(label == parent.name for parent in tree.parents)
            feedback = replace(feedback, parents=tree.ancestors(label), is_parent=is_parent)
        entry = self.records.entry(self.reviews.give(prediction_id, feedback, caller.id))
        counts = entry.feedback == feedback
        return strict.extended(GivenFeedback, entry, given=feedback, counts=counts)

    def withdraw(self, prediction_id: str, caller: Caller) -> WithdrawnFeedback:
        """Take back the caller's latest feedback. Where an admin has given none: the latest of
        which nobody knows who gave it, because it is older than the ids that are kept now.

        Raises `PredictionNotFoundError`, and `FeedbackNotFoundError` where there is none.
        """
        self.records.find(prediction_id, caller)
        prediction, withdrawn, undoable = self.reviews.withdraw(
            prediction_id, caller.id, unowned=caller.is_admin
        )
        entry = self.records.entry(prediction)
        return strict.extended(WithdrawnFeedback, entry, withdrawn=withdrawn, undoable=undoable)

    def _label(
        self,
        wanted: FeedbackRequest,
        prediction: Prediction,
        tree: LabelTree | None,
        caller: Caller,
    ) -> str | None:
        """As the model writes it, or else whoever gave it first; None for none of its labels."""
        if wanted.label is None:
            if wanted.new:
                raise InvalidParameterError("A new label needs a name.", "label")
            return None
        label = composed(wanted.label.strip())
        if tree and (known := tree.spelling(label)):
            return known
        if problem := label_problem(label):
            raise InvalidParameterError(f"label {label!r:.80} {problem}.", "label")
        if (model := prediction.model) and tree and not wanted.new:
            raise InvalidParameterError(
                f"{label!r:.80} is not a label of {model.name} {model.version} "
                f'({_some(tree)}); add "new": true for a class that it does not know.',
                "label",
            )
        if part_of(label):
            raise InvalidParameterError(
                f"label {label!r} is what a part of a dataset is called; add a word to it.", "label"
            )
        caller.require("label")
        return self.new_labels.admit(label, prediction.expires_at)

    def history(self, prediction_id: str, caller: Caller) -> FeedbackHistory:
        """Raises `PredictionNotFoundError`."""
        self.records.find(prediction_id, caller)
        return FeedbackHistory(self.reviews.history(prediction_id))

    def uncertain(self, limit: int, caller: Caller, now: datetime) -> UncertainList:
        """Of everybody's answers; of a caller's own, those among the latest `MAX_ROWS_READ`."""
        owner, kept_since = self.records.owner_for(caller), timestamp(now - self.kept)
        if owner is None:
            found: Iterable[Prediction] = self.reviews.uncertain(limit, kept_since)
        else:
            page = self.records.predictions.page(LogQuery(owner=owner), MAX_ROWS_READ)
            asked = [p for p in page.items if p.feedback is None and p.confidence is not None]
            shown = (p for p in asked if p.can_be_shown(kept_since))
            found = nsmallest(limit, shown, key=lambda p: (p.confidence, p.id))
        return UncertainList(tuple(map(self.records.entry, found)))


def _some(tree: LabelTree) -> str:
    names = [label.name for label in tree.labels]
    left = len(names) - _MOST_NAMED
    more = f" and {left} more" if left > 0 else ""
    return ", ".join(names[:_MOST_NAMED]) + more
