"""The history and single predictions."""

from dataclasses import dataclass
from typing import Self

from lambdas.api.records import LogEntry, PredictionDetail, Records
from lambdas.api.resources import Resources
from visionflow.errors import InvalidParameterError
from visionflow.predictions.store import LogQuery


@dataclass(frozen=True)
class LogPage:
    """Predictions, newest first. A null ``next_cursor`` means that there is nothing older."""

    items: tuple[LogEntry, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class PredictionService:
    """Reads predictions."""

    records: Records

    @classmethod
    def build(cls, resources: Resources) -> Self:
        return cls(Records.build(resources))

    def logs(self, query: LogQuery, limit: int, cursor: str | None) -> LogPage:
        """A page of the history. Raises `InvalidParameterError` or `InvalidCursorError`."""
        if query.since and query.until and query.since > query.until:
            raise InvalidParameterError("from must not be later than to.")
        page = self.records.predictions.page(query, limit, cursor)
        return LogPage(tuple(map(self.records.entry, page.items)), page.next_cursor)

    def prediction(self, prediction_id: str) -> PredictionDetail:
        """Raises `PredictionNotFoundError`."""
        return self.records.detail(self.records.find(prediction_id))
