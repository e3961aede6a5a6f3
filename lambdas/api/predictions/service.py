"""The history and single predictions."""

from dataclasses import dataclass

from lambdas.api.records import LogEntry, Records
from visionflow.errors import InvalidParameterError
from visionflow.predictions.store import LogQuery


@dataclass(frozen=True)
class LogPage:
    """Predictions, newest first. A null ``next_cursor`` means that there is nothing older."""

    items: tuple[LogEntry, ...]
    next_cursor: str | None


class PredictionService(Records):
    """Reads predictions, one by one or page by page."""

    def logs(self, query: LogQuery, limit: int, cursor: str | None) -> LogPage:
        """A page of the history. Raises `InvalidParameterError` or `InvalidCursorError`."""
        if query.since and query.until and query.since > query.until:
            raise InvalidParameterError("from must not be later than to.")
        page = self.predictions.page(query, limit, cursor)
        return LogPage(tuple(map(self.entry, page.items)), page.next_cursor)
