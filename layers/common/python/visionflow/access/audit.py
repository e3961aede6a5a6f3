"""The audit trail: who changed what, when, and how it ended. It is only ever added to.

A change has a row before it is made and a second one with its outcome. So nothing is changed that
the trail does not know of, and a change whose outcome is missing was cut off half-way. Rows of the
table: ``<month> / <time>#<random>`` and ``<month> / <time>#<random>#outcome``.
"""

import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from visionflow import strict
from visionflow.dynamodb import (
    Found,
    Page,
    from_row,
    query,
    read_cursor,
    to_item,
    unknown_cursor,
    write_cursor,
)
from visionflow.sentences import say
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_OUTCOME = "#outcome"
_POSITION = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z#[0-9a-f]{16}")
# An item may have 400 KB; what is worth reading is shorter.
_MAX_DETAILS = 4_000


@dataclass(frozen=True)
class AuditEntry:
    """A change. ``by`` is the verified name of who made it and ``caller`` the stable id.

    ``status`` is an HTTP status, also of a change without a request: 2xx for one that was made, 4xx
    for one that was refused, 5xx for a fault. Null: the outcome is not known.
    """

    at: str
    by: str
    caller: str
    action: str
    subject: str
    status: int | None
    details: dict[str, Any]


@dataclass
class Outcome:
    """Of a change that is under way: what the trail says when it ends without an error."""

    status: int = 200
    details: dict[str, Any] = field(default_factory=dict)


class AuditLog:
    """Owns the audit table."""

    def __init__(
        self,
        table: str,
        client: "DynamoDBClient",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._table = table
        self._client = client
        self._clock = clock

    def add(
        self,
        by: str,
        caller: str,
        action: str,
        subject: str,
        details: Mapping[str, Any],
        status: int,
    ) -> None:
        """Write a change whose outcome is known, such as one that was refused."""
        at = timestamp(self._clock())
        entry = AuditEntry(at, by, caller, action, subject, status, dict(details))
        self._put(_new_position(at), entry)

    @contextmanager
    def change(
        self,
        by: str,
        caller: str,
        action: str,
        subject: str,
        status_of: Callable[[Exception], int],
    ) -> Iterator[Outcome]:
        """Around a change: a row before it, its outcome after it. ``status_of`` knows an error's.

        What cannot be written is raised, before the change is made or in place of its answer.
        """
        at = timestamp(self._clock())
        position = _new_position(at)
        entry = AuditEntry(at, by, caller, action, subject, None, {})
        self._put(position, entry)
        outcome = Outcome()
        try:
            yield outcome
        except Exception as error:
            ended = replace(entry, status=status_of(error), details=outcome.details)
            self._put(position + _OUTCOME, ended)
            raise
        self._put(
            position + _OUTCOME, replace(entry, status=outcome.status, details=outcome.details)
        )

    def page(
        self, since: str, until: str, limit: int, cursor: str | None = None
    ) -> Page[AuditEntry]:
        """At most ``limit`` changes from ``since`` to ``until``, the latest first.

        Raises `InvalidCursorError`.
        """
        below = f"{until}#~" if cursor is None else _read_cursor(cursor, since, until)
        found: list[AuditEntry] = []
        last = ""
        for position, entry in self._entries(since, below, limit):
            if len(found) == limit:
                return Page(tuple(found), write_cursor(last))
            found.append(entry)
            last = position
        return Page(tuple(found), None)

    def _entries(self, since: str, below: str, limit: int) -> Iterator[tuple[str, AuditEntry]]:
        """Each change once: its outcome stands right above it and says all that it says."""
        last = ""
        for item in self._rows(since, below, limit):
            position = item["sk"]["S"].removesuffix(_OUTCOME)
            if position != last:
                yield position, _entry(item)
            last = position

    def _rows(self, since: str, below: str, limit: int) -> "Iterator[Found]":
        for month in _months(since, below):
            condition = "pk = :month AND sk BETWEEN :since AND :below"
            values = {":month": month, ":since": since, ":below": below}
            rows = query(
                self._client, self._table, condition, values, forward=False, page_size=2 * limit + 2
            )
            yield from (row for row in rows if row["sk"]["S"] != below)

    def _put(self, position: str, entry: AuditEntry) -> None:
        details = json.dumps(entry.details)
        if len(details) > _MAX_DETAILS:
            details = json.dumps({"left_out": say("left_out", characters=len(details))})
        row = {
            "pk": position[:7],
            "sk": position,
            **strict.to_dict(replace(entry, details={})),
            # As text: a number of JSON may be larger than one of DynamoDB.
            "details": details,
        }
        self._client.put_item(
            TableName=self._table,
            Item=to_item(row),
            ConditionExpression="attribute_not_exists(sk)",
        )


def _new_position(at: str) -> str:
    return f"{at}#{secrets.token_hex(8)}"


def _entry(item: "Found") -> AuditEntry:
    row = from_row(item)
    row["details"] = json.loads(row["details"])
    return strict.parse(AuditEntry, row, "audit entry")


def _months(since: str, below: str) -> Iterator[str]:
    """From that of ``below`` back to that of ``since``."""
    year, month = int(below[:4]), int(below[5:7])
    while (text := f"{year:04d}-{month:02d}") >= since[:7]:
        yield text
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)


def _read_cursor(cursor: str, since: str, until: str) -> str:
    position = read_cursor(cursor)
    if not _POSITION.fullmatch(position) or not since <= position <= f"{until}#~":
        raise unknown_cursor()
    return position
