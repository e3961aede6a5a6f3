"""What all groups of routes do alike."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

from visionflow.client.connection import NOTHING, Connection, Query
from visionflow.client.reading import read

T = TypeVar("T")
Item_co = TypeVar("Item_co", covariant=True)

# A day as text or date (UTC), or a moment.
When = str | date | datetime


class Page(Protocol[Item_co]):
    """A part of a list that may be long."""

    @property
    def items(self) -> tuple[Item_co, ...]: ...

    @property
    def next_cursor(self) -> str | None: ...


@dataclass(frozen=True)
class Group:
    """Routes about one subject."""

    connection: Connection

    def get(self, cls: type[T], path: str, **query: object) -> T:
        return read(cls, self.connection.send("GET", path, query))

    def post(
        self, cls: type[T], path: str, body: Query = NOTHING, *, repeatable: bool = False
    ) -> T:
        """Sends what is not None of ``body``, and no body where nothing is left."""
        given = {name: value for name, value in body.items() if value is not None}
        found = self.connection.send("POST", path, body=given or None, repeatable=repeatable)
        return read(cls, found)

    def delete(
        self, cls: type[T], path: str, query: Query = NOTHING, *, repeatable: bool = True
    ) -> T:
        """``repeatable``: the second time does nothing more."""
        return read(cls, self.connection.send("DELETE", path, query, repeatable=repeatable))

    def pages(
        self, cls: Callable[..., Page[T]], path: str, query: Query = NOTHING, *, size: int = 100
    ) -> Iterator[T]:
        """The items of all pages, each page asked for when it is needed."""
        page_class: Any = cls
        cursor: str | None = None
        while True:
            asked = {**query, "limit": size, "cursor": cursor}
            page: Page[T] = read(page_class, self.connection.send("GET", path, asked))
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return


def moment(when: When | None) -> str | None:
    """As the API reads it. A time without a zone is this machine's."""
    if isinstance(when, datetime):
        return when.astimezone().isoformat()
    return when.isoformat() if isinstance(when, date) else when
