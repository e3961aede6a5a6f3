"""Backfills in DynamoDB: each change of state on the condition that the state allows it.

Rows: ``BACKFILL / <id>``, ids sort by time; ``BACKFILLKEY / <key>`` for the backfill that a key or
a description started; ``CHUNK#<id>#<shard> / <number>`` for each chunk that has begun, and
``SPENT#<id> / <shard>`` for what is added up. A chunk's progress and what it adds are one
transaction, so nothing is counted twice or lost; shards keep transactions out of each other's way.
"""

import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Final

from visionflow import dynamodb, strict
from visionflow.backfills.chunk_row import ChunkRow
from visionflow.backfills.record import (
    AT_WORK,
    Backfill,
    BackfillEvent,
    BackfillReason,
    BackfillState,
    Listing,
    Spent,
    seconds_between,
)
from visionflow.backfills.request import Work
from visionflow.errors import BackfillConflictError, BackfillNotFoundError, PlatformError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

BACKFILLS: Final = "BACKFILL"
SHARDS: Final = 16
_TRIES = 8
_CODE = "code#"
_SUMS = tuple(field.name for field in fields(Spent))
# Of a history: resumed and paused as often as anybody could want.
_MOST_EVENTS = 100


class BackfillStore:
    """Owns the rows of backfills in the table of jobs."""

    def __init__(self, table: str, client: "DynamoDBClient") -> None:
        self._table = table
        self._client = client

    def start(self, row: Backfill, key: str | None) -> Backfill:
        """Record a backfill, once for each ``key``, and for each description while a backfill of it
        is at work.

        Raises `BackfillConflictError` for a key that started another one.
        """
        for _ in range(_TRIES):
            found, held = self._started(row.work, key)
            if found is not None:
                return found
            if self._add(row, _name(row.work, key), held):
                return row
        raise PlatformError("Others keep starting this backfill; try again.")

    def started(self, work: Work, key: str | None) -> Backfill | None:
        """What `start` would return instead of a new one. Raises `BackfillConflictError`."""
        return self._started(work, key)[0]

    def _started(
        self, work: Work, key: str | None
    ) -> "tuple[Backfill | None, dynamodb.Found | None]":
        held = self._item({"pk": "BACKFILLKEY", "sk": _name(work, key)})
        if held is None:
            return None, None
        found = self.get(str(dynamodb.from_item(held)["backfill"]))
        if key is not None and found.work.digest != work.digest:
            raise BackfillConflictError(
                f"The key {key!r:.80} started the backfill {found.id} of {found.work.source}; "
                "take another key."
            )
        return (found if key is not None or found.state in AT_WORK else None), held

    def _add(self, row: Backfill, name: str, held: "dynamodb.Found | None") -> bool:
        pointer: dict[str, Any] = {
            "TableName": self._table,
            "Item": dynamodb.to_item({"pk": "BACKFILLKEY", "sk": name, "backfill": row.id}),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        if held is not None:
            pointer["ConditionExpression"] = "backfill = :held"
            pointer["ExpressionAttributeValues"] = {":held": held["backfill"]}
        record: dynamodb.Action = {
            "Put": {
                "TableName": self._table,
                "Item": _item(row),
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }
        put: dynamodb.Action = {"Put": pointer}  # type: ignore[typeddict-item]
        return dynamodb.transact(self._client, [record, put]) is None

    def get(self, backfill_id: str) -> Backfill:
        """Raises `BackfillNotFoundError`."""
        item = self._item(_key(backfill_id))
        if item is None:
            raise BackfillNotFoundError(f"There is no backfill {backfill_id!r:.80}.")
        return read_backfill(item)

    def page(self, limit: int, cursor: str | None = None) -> dynamodb.Page[Backfill]:
        """The newest first. Raises `InvalidCursorError`."""
        asked: QueryInputTypeDef = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": BACKFILLS}},
            "ScanIndexForward": False,
            "Limit": limit,
        }
        if cursor is not None:
            asked["ExclusiveStartKey"] = dynamodb.to_item(_key(dynamodb.read_cursor(cursor)))
        answer = self._client.query(**asked)
        rows = tuple(read_backfill(item) for item in answer["Items"])
        more = "LastEvaluatedKey" in answer
        return dynamodb.Page(rows, dynamodb.write_cursor(rows[-1].id) if more and rows else None)

    def newest(self, most: int) -> tuple[Backfill, ...]:
        return self.page(most).items

    def move(
        self,
        row: Backfill,
        state: BackfillState,
        by: str,
        at: str,
        reason: BackfillReason | None = None,
        **changes: Any,
    ) -> Backfill:
        """Write the row in ``state``, with its clock stopped or started and ``changes`` to other
        fields, on the condition that nobody has changed it since ``row`` was read.

        Raises `BackfillConflictError`.
        """
        active = row.active_s
        if row.running_since is not None:
            active += seconds_between(row.running_since, at)
        works = state in AT_WORK
        event = BackfillEvent(at, by, state, reason.code if reason else None)
        moved = replace(
            row,
            **{
                "state": state,
                "active_s": active,
                "running_since": at if works else None,
                "ended_at": None if works or state == "paused" else at,
                "reason": reason,
                "history": (*row.history, event)[-_MOST_EVENTS:],
                **changes,
            },
        )
        return self._replace(row, moved)

    def listed(self, row: Backfill, listing: Listing, **changes: Any) -> Backfill:
        """A slice of the listing is done. Raises `BackfillConflictError`."""
        return self._replace(row, replace(row, listing=listing, **changes))

    def _replace(self, row: Backfill, changed: Backfill) -> Backfill:
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_item(changed),
                ConditionExpression="#state = :state AND #run = :run AND #round = :round "
                "AND listing.chunks = :chunks",
                ExpressionAttributeNames={
                    "#state": "state",
                    "#run": "execution",
                    "#round": "round",
                },
                ExpressionAttributeValues=dynamodb.to_item(
                    {
                        ":state": row.state,
                        ":run": row.execution,
                        ":round": row.round,
                        ":chunks": row.listing.chunks,
                    }
                ),
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            found = self.get(row.id)
            raise BackfillConflictError(
                f"The backfill {row.id} is {found.state} and cannot become {changed.state}."
            ) from error
        return changed

    def chunk(self, backfill_id: str, number: int) -> ChunkRow:
        """How far a chunk is; one that has not begun is at its start."""
        item = self._item(_chunk_key(backfill_id, number))
        return ChunkRow() if item is None else ChunkRow.read(dynamodb.from_row(item))

    def begin(self, backfill_id: str, number: int, row: ChunkRow) -> None:
        """Note what is known of a chunk's work, beside its progress."""
        item = {**_chunk_key(backfill_id, number), **strict.to_dict(row)}
        try:
            self._client.put_item(
                TableName=self._table,
                Item=dynamodb.to_item(item),
                ConditionExpression="attribute_not_exists(pk) OR #at = :at",
                ExpressionAttributeNames={"#at": "position"},
                ExpressionAttributeValues=dynamodb.to_item({":at": row.position}),
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise BackfillConflictError("The chunk was done by another call.") from error

    def commit(
        self,
        backfill_id: str,
        number: int,
        before: ChunkRow,
        after: ChunkRow,
        added: Spent,
        codes: Mapping[str, int],
    ) -> bool:
        """The chunk is at ``after``, and what it ``added`` is counted; False, changing nothing,
        where another call was faster."""
        values = {name: getattr(added, name) for name in _SUMS}
        values |= {f"{_CODE}{code}": count for code, count in codes.items()}
        given = {name: value for name, value in values.items() if value}
        names = {f"#{at}": name for at, name in enumerate(given)}
        count: dynamodb.Action = {
            "Update": {
                "TableName": self._table,
                "Key": dynamodb.to_item(_spent_key(backfill_id, number % SHARDS)),
                "UpdateExpression": "ADD " + ", ".join(f"#{at} :{at}" for at in range(len(given))),
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": dynamodb.to_item(
                    {f":{at}": value for at, value in enumerate(given.values())}
                ),
            }
        }
        put: dynamodb.Action = {
            "Put": {
                "TableName": self._table,
                "Item": dynamodb.to_item(
                    {**_chunk_key(backfill_id, number), **strict.to_dict(after)}
                ),
                "ConditionExpression": "#at = :at AND done = :done",
                "ExpressionAttributeNames": {"#at": "position"},
                "ExpressionAttributeValues": dynamodb.to_item(
                    {":at": before.position, ":done": False}
                ),
            }
        }
        for attempt in range(_TRIES):
            codes_of = dynamodb.transact(self._client, [put, count])
            if codes_of is None:
                return True
            if codes_of[0] == "ConditionalCheckFailed":
                return False
            # Another chunk of the shard ends at this moment.
            time.sleep(random.SystemRandom().uniform(0, 0.05 * 2**attempt))
        raise PlatformError("The counters of the backfill keep changing; try again.")

    def spent(self, backfill_id: str) -> tuple[Spent, dict[str, int]]:
        """What is done so far, and how many images failed by code."""
        rows = dynamodb.query(
            self._client,
            self._table,
            "pk = :pk",
            {":pk": _spent_key(backfill_id, 0)["pk"]},
            consistent=True,
        )
        sums = dict.fromkeys(_SUMS, 0)
        codes: dict[str, int] = {}
        for row in rows:
            for name, value in dynamodb.from_row(row).items():
                if name in sums:
                    sums[name] += value
                else:
                    code = name.removeprefix(_CODE)
                    codes[code] = codes.get(code, 0) + value
        return Spent(**sums), codes

    def unfinished(self, row: Backfill) -> tuple[list[int], int]:
        """The numbers of the chunks that are not done, in their order, and how many workers have
        died at an image."""
        done: set[int] = set()
        died = 0
        for shard in range(SHARDS):
            for item in dynamodb.query(
                self._client,
                self._table,
                "pk = :pk",
                {":pk": f"CHUNK#{row.id}#{shard}"},
                names=("sk", "done", "deaths"),
                consistent=True,
            ):
                if item["done"]["BOOL"]:
                    done.add(int(item["sk"]["S"]))
                died += sum(int(times["N"]) for times in item["deaths"]["M"].values())
        return [number for number in range(row.listing.chunks) if number not in done], died

    def parts(
        self, backfill_id: str, shard: int, after: str = ""
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The sort key of each chunk of a shard behind ``after``, with the names of its parts."""
        for item in dynamodb.query(
            self._client,
            self._table,
            "pk = :pk AND sk > :after",
            {":pk": f"CHUNK#{backfill_id}#{shard}", ":after": after or "-"},
            names=("sk", "parts"),
            consistent=True,
        ):
            row = dynamodb.from_item(item)
            yield row["sk"], tuple(row.get("parts", ()))

    def _item(self, key: dict[str, str]) -> "dynamodb.Found | None":
        return dynamodb.read_item(self._client, self._table, dynamodb.to_item(key))


def _name(work: Work, key: str | None) -> str:
    """Of the row that holds which backfill a key or a description started."""
    return f"key#{key}" if key is not None else f"work#{work.digest}"


def _key(backfill_id: str) -> dict[str, str]:
    return {"pk": BACKFILLS, "sk": backfill_id[:100] or "-"}


def _chunk_key(backfill_id: str, number: int) -> dict[str, str]:
    return {"pk": f"CHUNK#{backfill_id}#{number % SHARDS}", "sk": f"{number:07}"}


def _spent_key(backfill_id: str, shard: int) -> dict[str, str]:
    return {"pk": f"SPENT#{backfill_id}", "sk": f"{shard:02}"}


def _item(row: Backfill) -> dynamodb.Item:
    return dynamodb.to_item({**_key(row.id), **strict.to_dict(row)})


def read_backfill(item: Mapping[str, Any]) -> Backfill:
    """A backfill from its row, as attribute values."""
    return strict.parse(Backfill, dynamodb.from_row(item), "backfill")
