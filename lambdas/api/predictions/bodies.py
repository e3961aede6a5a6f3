"""The body of a page of the history."""

from dataclasses import dataclass

from lambdas.api.records import LogEntry


@dataclass(frozen=True)
class LogPage:
    """Predictions, newest first. A null ``next_cursor`` means that there is nothing older."""

    items: tuple[LogEntry, ...]
    next_cursor: str | None
