"""Rows of images in the table of datasets, every change on its condition.

Rows: ``IMAGES#<name> / <sha256>`` with facts, ``CONTENT#<name> / <sha256>`` with what pages and
trainings need of the pixels.

An image's facts are written by several at once: who announces it, who labels it, who curates it and
who compares it with the others. Each writes attributes of their own, so nobody's are lost.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from visionflow import dynamodb
from visionflow.datasets import rows
from visionflow.datasets.changes import Book
from visionflow.dynamodb import Found, Sleep, to_item
from visionflow.errors import PlatformError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import UpdateItemInputTypeDef

ATTEMPTS: Final = 8
"""How often a write that loses a race is tried again."""


def contested(sha256: str) -> PlatformError:
    """All attempts at writing an image's row were lost to others."""
    return PlatformError(f"The image {sha256} keeps being written to by others; try again.")


class ImageTable:
    """Reads and writes rows of images; what is written of them, and when, is its subclasses'."""

    def __init__(self, table: str, dynamodb: "DynamoDBClient", sleep: Sleep) -> None:
        self._table = table
        self._client = dynamodb
        self._sleep = sleep

    def erase(self, name: str, sha256: str) -> None:
        """Delete all rows of an image, of its facts last."""
        for kind in ("CONTENT", "IMAGES"):
            self._client.delete_item(TableName=self._table, Key=rows.row_key(kind, name, sha256))

    def _book(self, name: str) -> Book:
        return rows.read_book(self._client, self._table, name)

    def _row(self, kind: str, name: str, sort_key: str) -> "Found | None":
        return dynamodb.read_item(self._client, self._table, rows.row_key(kind, name, sort_key))

    def _update(
        self,
        name: str,
        sha256: str,
        values: Mapping[str, Any],
        condition: str,
        condition_values: Mapping[str, Any] | None = None,
    ) -> bool:
        """Set attributes of an image, and take away those whose value is None; False where the
        condition does not hold."""
        if not values:
            return self._row("IMAGES", name, sha256) is not None
        kept, gone = rows.present(values), [key for key, value in values.items() if value is None]
        sets = ", ".join(f"#{key} = :{key}" for key in kept)
        removes = ", ".join(f"#{key}" for key in gone)
        update = (f"SET {sets} " if sets else "") + (f"REMOVE {removes}" if removes else "")
        names = {f"#{key}": key for key in values}
        given = {f":{key}": value for key, value in kept.items()} | dict(condition_values or {})
        return self._write(name, sha256, update, condition, names, given)

    def _write(
        self,
        name: str,
        sha256: str,
        update: str,
        condition: str,
        names: Mapping[str, str],
        values: Mapping[str, Any],
    ) -> bool:
        """Update the row of an image; False where the condition does not hold."""
        request: UpdateItemInputTypeDef = {
            "TableName": self._table,
            "Key": rows.row_key("IMAGES", name, sha256),
            "UpdateExpression": update,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
        }
        if values:
            request["ExpressionAttributeValues"] = to_item(values)
        try:
            self._client.update_item(**request)
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True
