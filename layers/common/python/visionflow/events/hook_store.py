"""Hooks in DynamoDB, and how their deliveries went.

Rows: ``HOOKS / <name>`` and ``OUTCOMES / <name>``. Secrets are elsewhere: whoever reads this table
learns none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from visionflow import dynamodb, strict
from visionflow.errors import HookConflictError, HookNotFoundError
from visionflow.events.hooks import MOST_HOOKS, Hook
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

HOOKS: Final = "HOOKS"
OUTCOMES: Final = "OUTCOMES"


@dataclass(frozen=True)
class Outcome:
    """How deliveries of a webhook went lately, null where there was none. ``last_failure_status``
    is the HTTP status, null where no answer came; ``last_failure`` is a sentence. ``dead``: events
    that were given up, and wait for a replay."""

    last_success_at: str | None = None
    last_success_id: str | None = None
    last_failure_at: str | None = None
    last_failure_id: str | None = None
    last_failure_status: int | None = None
    last_failure: str | None = None
    dead: int = 0


class HookStore:
    """Owns the table of hooks."""

    def __init__(self, table: str, client: "DynamoDBClient") -> None:
        self._table = table
        self._client = client

    def add(self, hook: Hook) -> None:
        """Raises `HookConflictError` for a name that is taken, and for more hooks than there may
        be."""
        if len(self.list()) >= MOST_HOOKS:
            raise HookConflictError(f"There are {MOST_HOOKS} hooks already; remove one before.")
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_row(hook),
                ConditionExpression="attribute_not_exists(pk)",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise HookConflictError(f"There is a hook {hook.name} already.") from error

    def put(self, hook: Hook) -> None:
        """Raises `HookNotFoundError` where it was removed meanwhile."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_row(hook),
                ConditionExpression="attribute_exists(pk)",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise _not_found(hook.name) from error

    def find(self, name: str) -> Hook | None:
        row = dynamodb.read_item(self._client, self._table, _key(HOOKS, name))
        return None if row is None else _parse(row)

    def get(self, name: str) -> Hook:
        """Raises `HookNotFoundError`."""
        found = self.find(name)
        if found is None:
            raise _not_found(name)
        return found

    def list(self) -> tuple[Hook, ...]:
        """By name."""
        rows = dynamodb.query(
            self._client, self._table, "pk = :pk", {":pk": HOOKS}, consistent=True
        )
        return tuple(map(_parse, rows))

    def remove(self, name: str) -> None:
        """With its outcome. Doing so twice changes nothing."""
        for partition in (HOOKS, OUTCOMES):
            self._client.delete_item(TableName=self._table, Key=_key(partition, name))

    def outcomes(self) -> dict[str, Outcome]:
        rows = dynamodb.query(self._client, self._table, "pk = :pk", {":pk": OUTCOMES})
        return {str(row["sk"]["S"]): _outcome(row) for row in rows}

    def succeeded(self, name: str, event_id: str, now: datetime) -> None:
        self._note(name, {"last_success_at": timestamp(now), "last_success_id": event_id})

    def failed(self, name: str, event_id: str, now: datetime, status: int | None, why: str) -> None:
        self._note(
            name,
            {
                "last_failure_at": timestamp(now),
                "last_failure_id": event_id,
                "last_failure_status": status,
                "last_failure": why,
            },
        )

    def count_dead(self, name: str, more: int) -> None:
        """Add to the events that wait for a replay."""
        self._client.update_item(
            TableName=self._table,
            Key=_key(OUTCOMES, name),
            UpdateExpression="ADD dead :more",
            ExpressionAttributeValues=dynamodb.to_item({":more": more}),
        )

    def _note(self, name: str, values: Mapping[str, Any]) -> None:
        self._client.update_item(
            TableName=self._table,
            Key=_key(OUTCOMES, name),
            UpdateExpression="SET " + ", ".join(f"{field} = :{field}" for field in values),
            ExpressionAttributeValues=dynamodb.to_item({f":{f}": v for f, v in values.items()}),
        )


def _key(partition: str, name: str) -> dynamodb.Item:
    return dynamodb.to_item({"pk": partition, "sk": name})


def _row(hook: Hook) -> dynamodb.Item:
    return {**_key(HOOKS, hook.name), **dynamodb.to_item(strict.to_dict(hook))}


def _parse(row: Mapping[str, Any]) -> Hook:
    return strict.parse(Hook, dynamodb.from_row(row), "hook")


def _outcome(row: Mapping[str, Any]) -> Outcome:
    found = dynamodb.from_row(row)
    known = {name: found[name] for name in Outcome.__dataclass_fields__ if name in found}
    # A replay and a delivery that was repeated may count one event twice.
    return replace(Outcome(**known), dead=max(0, known.get("dead", 0)))


def _not_found(name: str) -> HookNotFoundError:
    return HookNotFoundError(f"There is no hook {name!r:.60}.")
