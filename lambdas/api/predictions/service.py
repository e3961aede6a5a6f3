"""The history and single predictions."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from lambdas.api.records import LogEntry, PredictionDetail, Records
from lambdas.api.resources import Resources
from lambdas.api.trees import Trees
from visionflow.access.caller import Caller
from visionflow.errors import InvalidParameterError, PredictionNotFoundError
from visionflow.insights.erasure import Erasure
from visionflow.labels import composed
from visionflow.models.registry import ModelRegistry
from visionflow.predictions.reviews import ReviewStore
from visionflow.predictions.store import LogQuery


@dataclass(frozen=True)
class LogPage:
    """Predictions, newest first. A null ``next_cursor`` means that there is nothing older."""

    items: tuple[LogEntry, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class Erased:
    """A record that is gone with all that belonged to it, and when its erasure began."""

    id: str
    erased_at: str


@dataclass(frozen=True)
class PredictionService:
    """Reads and erases predictions."""

    records: Records
    reviews: ReviewStore
    registry: ModelRegistry
    trees: Trees
    erasure: Erasure

    @classmethod
    def build(cls, resources: Resources) -> Self:
        records = Records.build(resources)
        reviews, registry = resources.reviews, resources.registry
        return cls(records, reviews, registry, resources.trees, resources.erasure)

    def logs(self, query: LogQuery, limit: int, cursor: str | None) -> LogPage:
        """A page of the history. A label that is a parent finds what is below it too.

        Raises `InvalidParameterError` or `InvalidCursorError`.
        """
        if query.since and query.until and query.since > query.until:
            raise InvalidParameterError("from must not be later than to.", "from")
        if query.label is not None:
            label = composed(query.label)
            query = replace(query, label=label, below=self._is_parent(label))
        page = self.records.predictions.page(query, limit, cursor)
        return LogPage(tuple(map(self.records.entry, page.items)), page.next_cursor)

    def _is_parent(self, name: str) -> bool:
        """Of labels of a version that is in use."""
        found = map(self.trees.find, self.registry.aliases().in_use)
        return any(name == parent.name for tree in found if tree for parent in tree.parents)

    def prediction(self, prediction_id: str, caller: Caller) -> PredictionDetail:
        """Raises `PredictionNotFoundError`."""
        prediction = self.records.find(prediction_id, caller)
        undoable = None
        if prediction.feedback is not None:
            undoable = self.reviews.undoable(prediction_id, caller.id, unowned=caller.is_admin)
        return self.records.detail(prediction, undoable)

    def erase(self, prediction_id: str, caller: Caller, now: datetime) -> Erased:
        """Raises what `Records.find_erasable` raises."""
        self.records.find_erasable(prediction_id, caller)
        since = self.erasure.erase(prediction_id, now)
        if since is None:
            raise PredictionNotFoundError(f"{prediction_id} was erased at this moment.")
        return Erased(prediction_id, since)
