"""What the stores share about DynamoDB: attribute values, transactions, batches and cursors."""

import base64
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from visionflow.errors import InvalidCursorError, PlatformError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        KeysAndAttributesUnionTypeDef,
        QueryInputPaginateTypeDef,
        TransactWriteItemTypeDef,
        UniversalAttributeValueTypeDef,
    )

# An item or a key to send, and an item that was found; one action of a transaction; a pause in
# seconds.
Item: TypeAlias = "dict[str, UniversalAttributeValueTypeDef]"
Found: TypeAlias = "dict[str, AttributeValueTypeDef]"
Action: TypeAlias = "TransactWriteItemTypeDef"
Sleep = Callable[[float], None]

T = TypeVar("T")

# What DynamoDB reads in one call.
_BATCH = 100
_BATCH_ATTEMPTS = 8
_FIRST_WAIT_S = 0.02


@dataclass(frozen=True)
class Page(Generic[T]):
    """Part of a list. ``next_cursor`` is null when nothing follows."""

    items: tuple[T, ...]
    next_cursor: str | None


def transact(client: "DynamoDBClient", actions: Sequence[Action]) -> list[str | None] | None:
    """Do all of ``actions`` or none. None when done, else why not, action by action.

    Only what the caller can decide about is returned: a condition that does not hold, and another
    transaction on the same rows. Anything else, such as throttling, is raised.
    """
    try:
        client.transact_write_items(TransactItems=actions)
    except client.exceptions.TransactionCanceledException as error:
        codes = [reason.get("Code") for reason in error.response["CancellationReasons"]]
        if not {"ConditionalCheckFailed", "TransactionConflict"} & set(codes):
            raise
        return codes
    return None


def read_item(client: "DynamoDBClient", table: str, key: Item) -> "Found | None":
    """The item under ``key``, read consistently."""
    return client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")


def query(
    client: "DynamoDBClient",
    table: str,
    condition: str,
    values: Mapping[str, Any],
    *,
    forward: bool = True,
    names: Sequence[str] = (),
    page_size: int | None = None,
    consistent: bool = False,
) -> "Iterator[Found]":
    """The items that meet ``condition`` on their keys, by their sort key, page after page.

    ``names``: the attributes to return, by default all.
    """
    request: QueryInputPaginateTypeDef = {
        "TableName": table,
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": to_item(values),
        "ScanIndexForward": forward,
        "ConsistentRead": consistent,
    }
    if page_size is not None:
        request["PaginationConfig"] = {"PageSize": page_size}
    if names:
        # A name such as given.15 would be a path.
        aliases = {f"#{index}": name for index, name in enumerate(names)}
        request["ProjectionExpression"] = ",".join(aliases)
        request["ExpressionAttributeNames"] = aliases
    for page in client.get_paginator("query").paginate(**request):
        yield from page["Items"]


def batch_get(
    client: "DynamoDBClient", table: str, keys: Sequence[Item], sleep: Sleep = time.sleep
) -> "list[Found]":
    """The items that exist under ``keys``, in any order.

    DynamoDB leaves out keys when it is throttled: they are read again after a pause. Raises
    `PlatformError` when it keeps doing so.
    """
    found = []
    for start in range(0, len(keys), _BATCH):
        asked: KeysAndAttributesUnionTypeDef = {"Keys": keys[start : start + _BATCH]}
        for attempt in range(_BATCH_ATTEMPTS):
            answer = client.batch_get_item(RequestItems={table: asked})
            found += answer["Responses"].get(table, [])
            if table not in answer.get("UnprocessedKeys", {}):
                break
            asked = answer["UnprocessedKeys"][table]
            back_off(attempt, sleep)
        else:
            raise PlatformError("DynamoDB left rows unread each time; try again.")
    return found


def back_off(attempt: int, sleep: Sleep) -> None:
    """Pause for a random time whose bound doubles with each ``attempt`` (0, 1, ...).

    https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """
    sleep(random.uniform(0, _FIRST_WAIT_S * 2**attempt))  # noqa: S311  spreads retries


def write_cursor(text: str) -> str:
    """A position that a client hands back unread, safe in a URL."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> str:
    """The inverse of `write_cursor`. Raises `InvalidCursorError`."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return base64.b64decode(padded, altchars="-_", validate=True).decode("ascii")
    except ValueError as error:
        raise unknown_cursor() from error


def unknown_cursor() -> InvalidCursorError:
    return InvalidCursorError("The cursor is not valid; start without one.")


def to_item(data: Mapping[str, Any]) -> Item:
    """Attribute values for a JSON-like mapping; floats become decimals."""
    from boto3.dynamodb.types import TypeSerializer  # noqa: PLC0415

    serialize = TypeSerializer().serialize
    return {key: serialize(_to_decimal(value)) for key, value in data.items()}


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `to_item`: whole numbers become int, others float."""
    from boto3.dynamodb.types import TypeDeserializer  # noqa: PLC0415

    deserialize = TypeDeserializer().deserialize
    return {key: _from_decimal(deserialize(value)) for key, value in item.items()}


def from_row(item: Mapping[str, Any]) -> dict[str, Any]:
    """`from_item`, without the row's keys ``pk`` and ``sk``."""
    return from_item({name: value for name, value in item.items() if name not in ("pk", "sk")})


def _to_decimal(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, dict):
        return {key: _to_decimal(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_to_decimal(item) for item in value]
    return value


def _from_decimal(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {key: _from_decimal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_from_decimal(item) for item in value]
    return value
