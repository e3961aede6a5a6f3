"""What the stores share about DynamoDB: attribute values, transactions, batches and cursors."""

import base64
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar

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

EXPIRY: Final = ("expires_at", "forget_at")
"""The attributes by which DynamoDB deletes rows of the tables, in seconds since 1970. It takes days
at times, so whoever reads leaves out what has expired."""

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
_NUMBERS = Context(
    prec=38, Emin=-128, Emax=126, traps=[Clamped, Overflow, Inexact, Rounded, Underflow]
)
# What DynamoDB reads in one call.
_BATCH = 100
_BATCH_ATTEMPTS = 8
_FIRST_WAIT_S = 0.02
# From the kernel: processes that wake from one snapshot have one state of Python's generator.
_random = random.SystemRandom()


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


def is_expired(item: Mapping[str, Any], now: float) -> bool:
    """Whether DynamoDB may delete the row at ``now``, in seconds since 1970. Text under these names
    is for people, and decides nothing."""
    return any("N" in item[name] and int(item[name]["N"]) <= now for name in EXPIRY if name in item)


def is_free(key: str, now: float) -> tuple[str, Item]:
    """The condition that no row has this key, or one that has expired, and the condition's values.
    For a table whose rows expire by the first of `EXPIRY`."""
    condition = f"attribute_not_exists({key}) OR {EXPIRY[0]} <= :now"
    return condition, to_item({":now": int(now)})


def read_item(
    client: "DynamoDBClient",
    table: str,
    key: Item,
    *,
    now: float | None = None,
    expired: bool = False,
) -> "Found | None":
    """The item under ``key``, read consistently, unless it has expired ``now`` (by default, at this
    moment). ``expired``: such a one too, for who deletes it."""
    item = client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
    return None if item is None or (not expired and is_expired(item, _time(now))) else item


def unexpired(rows: "Iterable[Found]", now: float | None = None) -> "Iterator[Found]":
    """Of ``rows`` those that have not expired ``now`` (by default, when each is looked at)."""
    return (row for row in rows if not is_expired(row, _time(now)))


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
    """The items that meet ``condition`` on their keys and have not expired, by their sort key, page
    after page.

    ``names``: the attributes to return, by default all.
    """
    request = _request(table, condition, values, forward=forward, page_size=page_size)
    request["ConsistentRead"] = consistent
    if names:
        # A name such as given.15 would be a path.
        aliases = {f"#{i}": name for i, name in enumerate(dict.fromkeys((*names, *EXPIRY)))}
        request["ProjectionExpression"] = ",".join(aliases)
        request["ExpressionAttributeNames"] = aliases
    for row in unexpired(_pages(client, request)):
        yield {name: row[name] for name in row if not names or name in names}


def every_row(
    client: "DynamoDBClient",
    table: str,
    condition: str,
    values: Mapping[str, Any],
    *,
    index: str | None = None,
    aliases: Mapping[str, str] = MappingProxyType({}),
    forward: bool = True,
    page_size: int | None = None,
) -> "Iterator[Found]":
    """As `query`, with what has expired: for who erases it, or counts what was read, or reads an
    index and takes what is `unexpired`.

    ``aliases``: what ``condition`` calls an attribute whose name is a reserved word.
    """
    request = _request(table, condition, values, forward=forward, page_size=page_size)
    if index is not None:
        request["IndexName"] = index
    if aliases:
        request["ExpressionAttributeNames"] = aliases
    return _pages(client, request)


def _request(
    table: str, condition: str, values: Mapping[str, Any], *, forward: bool, page_size: int | None
) -> "QueryInputPaginateTypeDef":
    request: QueryInputPaginateTypeDef = {
        "TableName": table,
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": to_item(values),
        "ScanIndexForward": forward,
    }
    if page_size is not None:
        request["PaginationConfig"] = {"PageSize": page_size}
    return request


def _pages(client: "DynamoDBClient", request: "QueryInputPaginateTypeDef") -> "Iterator[Found]":
    for page in client.get_paginator("query").paginate(**request):
        yield from page["Items"]


def batch_get(
    client: "DynamoDBClient", table: str, keys: Sequence[Item], sleep: Sleep = time.sleep
) -> "list[Found]":
    """The items that exist under ``keys`` and have not expired, in any order.

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
    return list(unexpired(found))


def _time(now: float | None) -> float:
    return time.time() if now is None else now


def back_off(attempt: int, sleep: Sleep) -> None:
    """Pause for a random time whose bound doubles with each ``attempt`` (0, 1, ...).

    https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """
    sleep(_random.uniform(0, _FIRST_WAIT_S * 2**attempt))


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
    return {key: _to_value(value) for key, value in data.items()}


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `to_item`: whole numbers become int, others float."""
    return {key: _from_value(value) for key, value in item.items()}


def item_bytes(item: Mapping[str, Any]) -> int:
    """What DynamoDB counts an item as, in attribute values, when it bills a write of it.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return len(content) // 2 + 2
        case "M":
            return 3 + len(content) + item_bytes(content)
        case "L":
            return 3 + sum(1 + _value_bytes(part) for part in content)
        case "B":
            return len(content)
    return 1


def from_row(item: Mapping[str, Any]) -> dict[str, Any]:
    """`from_item`, without the row's keys ``pk`` and ``sk``."""
    return from_item({name: value for name, value in item.items() if name not in ("pk", "sk")})


def _to_value(value: Any) -> Any:  # noqa: PLR0911  one for each kind
    # As boto3.dynamodb.types, whose import brings all of boto3. A test compares the two.
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | float() | Decimal():
            return {"N": _number(value)}
        case str():
            return {"S": value}
        case bytes() | bytearray():
            return {"B": value}
        case list() | tuple():
            return {"L": [_to_value(item) for item in value]}
        case Mapping():
            return {"M": to_item(value)}
        case Set():
            return _to_set(value)
    raise TypeError(f"DynamoDB has no {type(value).__name__}")


def _to_set(values: Set[Any]) -> dict[str, list[Any]]:
    kinds = {kind for value in values for kind in _to_value(value)}
    if len(kinds) != 1 or not kinds <= {"N", "S", "B"}:
        raise TypeError("a set has numbers, texts or bytes, and some of one kind")
    (kind,) = kinds
    return {f"{kind}S": [_to_value(value)[kind] for value in values]}


def _number(value: float | Decimal) -> str:
    """Raises `ArithmeticError` for what DynamoDB cannot hold, `TypeError` for no number at all."""
    exact = Decimal(repr(value)) if isinstance(value, float) else value
    number = str(_NUMBERS.create_decimal(exact))
    if number in ("Infinity", "NaN"):
        raise TypeError("DynamoDB has neither infinity nor NaN")
    return number


def _from_value(value: Mapping[str, Any]) -> Any:  # noqa: PLR0911  as above
    ((kind, content),) = value.items()
    match kind:
        case "NULL":
            return None
        case "N":
            number = _NUMBERS.create_decimal(content)
            return int(number) if number == number.to_integral_value() else float(number)
        case "L":
            return [_from_value(item) for item in content]
        case "M":
            return from_item(content)
        case "NS":
            return {_from_value({"N": number}) for number in content}
        case "SS" | "BS":
            return set(content)
        case "S" | "BOOL" | "B":
            return content
    raise TypeError(f"DynamoDB has no type {kind}")
