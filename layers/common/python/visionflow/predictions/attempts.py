"""Marks of messages that a worker is at work on, so that the next delivery knows whether it died.

A worker that fails in an orderly way takes its mark away: the fault was the platform's, and another
try may help. A worker that runs out of memory or time, or crashes, leaves the mark: the message is
to be suspected. Marks are rows of the predictions table that no index has; DynamoDB deletes them.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from visionflow.dynamodb import from_item, read_item, to_item
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Longer than a queue keeps a message.
_LIFETIME = timedelta(days=5)
# The attribute that makes a row a mark.
BEGUN_AT = "begun_at"


class AttemptStore:
    """Owns the marks."""

    def __init__(self, table: str, client: "DynamoDBClient") -> None:
        self._table = table
        self._client = client

    def begin(self, message_id: str, now: datetime) -> None:
        """Mark that a worker is at work on this message."""
        self._put(message_id, now, timestamp(now))

    def end(self, message_id: str, now: datetime) -> None:
        """Take the mark away. Written and not deleted, which the role of a function may not."""
        self._put(message_id, now, None)

    def unended(self, message_id: str) -> str | None:
        """When a worker began that never came to its end; None without one."""
        item = read_item(self._client, self._table, to_item({"id": _key(message_id)}))
        begun_at = from_item(item).get(BEGUN_AT) if item else None
        return None if begun_at is None else str(begun_at)

    def _put(self, message_id: str, now: datetime, begun_at: str | None) -> None:
        expires_at = int((now + _LIFETIME).timestamp())
        mark = {"id": _key(message_id), BEGUN_AT: begun_at, "expires_at": expires_at}
        self._client.put_item(TableName=self._table, Item=to_item(mark))


def _key(message_id: str) -> str:
    return f"attempt#{message_id}"  # no id of a prediction has this sign
