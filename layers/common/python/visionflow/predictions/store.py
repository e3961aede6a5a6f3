"""Predictions in DynamoDB: written once, read newest first without a scan.

Besides its key ``id`` an item carries one partition key per index and their common sort key
``position`` (``created_at#id``). An index's partition is ``<value>#<shard>`` with a shard taken
from the id, which spreads the writes of a busy label; a read merges the shards. Since a page
continues below a *position*, rows that arrive meanwhile shift, repeat or hide none of the others.
"""

import hashlib
import heapq
import json
import re
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from visionflow import strict
from visionflow.dynamodb import (
    Action,
    Found,
    Page,
    batch_get,
    every_row,
    is_expired,
    is_free,
    read_cursor,
    read_item,
    to_item,
    unknown_cursor,
    write_cursor,
)
from visionflow.errors import IdempotencyConflictError, InvalidCursorError
from visionflow.labels import composed
from visionflow.models.ref import ModelRef
from visionflow.predictions.attempts import AttemptStore
from visionflow.predictions.record import ID, Feedback, Origin, Prediction, Source, Status
from visionflow.predictions.replies import Reply
from visionflow.predictions.rows import SORT_KEY, read_prediction, written

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SHARDS = 4
REPLY = "reply"

# Index name -> its partition key. `by_status` is sparse: "ok" is nearly every row, and those are
# read by time. So are a version's, which are nearly every row too while it serves. `by_owner` has
# no row for an image without an owner, `by_feedback` none for a record without feedback.
# CloudFormation adds or removes at most one index of a table in one deployment.
INDEXES = {
    "by_time": "time_shard",
    "by_label": "label_shard",
    "by_status": "status_shard",
    "by_owner": "owner_shard",
    "by_feedback": "feedback_shard",
}
# The value of `by_feedback`: a record without feedback is not in it.
GIVEN = "given"

# Serves `visionflow.predictions.reviews`: its partition key and its sort key.
REVIEW_INDEX = "by_review"
REVIEW_KEYS = ("review_shard", "review_position")

# A filter that few rows meet must not turn one call into a read of the whole table: a page ends
# after this many rows were looked at, with a cursor to go on from there.
MAX_ROWS_READ = 1_000
# Nor may a page of long records grow: an answer has room for these bytes of JSON, and for the URLs
# of their thumbnails, within 1 MB.
MAX_PAGE_BYTES = 700_000

# When somebody erased a record: from then on nothing reads it and nothing is added to it, and when
# all that belongs to it is gone, a tombstone takes its place.
ERASED = "erased_at"
# What a tombstone keeps of its record: a hash, so that the object's message, delivered once more,
# makes no new record. Dead letters are kept for 14 days and may then wait for 4 more.
_OBJECT = "object"
TOMBSTONE_LIFETIME_S = 30 * 86_400

# What people said of an answer: that it is ``right`` or ``wrong``, as the accuracy by feedback
# counts it; that it is ``none`` of the model's labels, which is right or wrong too; or nothing yet.
Verdict = Literal["right", "wrong", "none", "unanswered"]

_POSITION = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z#" + ID.pattern)


@dataclass(frozen=True)
class LogQuery:
    """What to list. ``since`` and ``until`` are timestamps as in the records, both inclusive.

    ``below``: ``label`` is a parent, so records of what is below it are listed too. ``owner``: only
    what this caller sent. ``feedback``: only what people said this of. ``filename``: a part of
    the file's name, in upper or lower case; no index has it, nor ``origin``.
    """

    label: str | None = None
    below: bool = False
    model: ModelRef | None = None
    status: Status | None = None
    source: Source | None = None
    since: str | None = None
    until: str | None = None
    owner: str | None = None
    feedback: Verdict | None = None
    filename: str | None = None
    origin: Origin | None = None

    def partitions(self) -> tuple[str, tuple[str, ...]]:
        """The most selective index for this query, and the values to read in it.

        With an owner it is always theirs, so that a page reads no row of anybody else.
        """
        if self.owner is not None:
            return "by_owner", (self.owner,)
        if self.feedback not in (None, "unanswered"):
            return "by_feedback", (GIVEN,)
        if self.label is not None and not self.below:
            return "by_label", (self.label,)
        if self.status is not None and self.status != "ok":
            return "by_status", (self.status,)
        return "by_time", ("all",)

    def matches(self, prediction: Prediction) -> bool:
        return (
            self.label in (None, prediction.label, *prediction.parents)
            and self.model in (None, prediction.model)
            and self.status in (None, prediction.status)
            and self.source in (None, prediction.source)
            and self.owner in (None, prediction.owner)
            and self.origin in (None, prediction.origin)
            and (self.feedback is None or self.feedback in _verdicts(prediction))
            and (self.filename is None or _holds(prediction.filename, self.filename))
        )

    def positions(self) -> tuple[str, str]:
        """The oldest and the newest sort key that the time range lets in."""
        return self.since or "0", f"{self.until}#~" if self.until else "~"

    def includes(self, position: str) -> bool:
        oldest, newest = self.positions()
        return oldest <= position <= newest

    def fingerprint(self) -> str:
        text = json.dumps(strict.to_dict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def _holds(filename: str | None, part: str) -> bool:
    return filename is not None and composed(part).casefold() in composed(filename).casefold()


class Held(NamedTuple):
    """Who has an id: the `Prediction.object_id` of a record, its status and when it was made; the
    status is None where it was erased."""

    object_id: str
    status: Status | None
    created_at: str


class PredictionStore:
    """Owns the predictions table."""

    def __init__(self, table: str, client: "DynamoDBClient") -> None:
        self._table = table
        self._client = client

    @property
    def attempts(self) -> AttemptStore:
        """The marks of messages that are worked on, which lie in the same table."""
        return AttemptStore(self._table, self._client)

    def add(
        self, prediction: Prediction, sketch: bytes | None = None, reply: Reply | None = None
    ) -> bool:
        """Write a new record. Returns False, changing nothing, when another has the id that has
        not expired.

        ``sketch`` (of `visionflow.models.drift`) is kept for the counters, ``reply`` for
        `answered`; neither is part of the record.
        """
        more = {} if reply is None else {REPLY: reply.to_json()}
        condition, values = is_free("id", time.time())
        try:
            self._client.put_item(
                TableName=self._table,
                Item=to_item(_attributes(prediction, sketch) | more),
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def get(self, prediction_id: str) -> Prediction | None:
        """Read one record, consistently. An erased one does not exist."""
        item = self._item(prediction_id)
        return None if item is None or ERASED in item else read_prediction(item)

    def answered(self, prediction_id: str) -> tuple[Prediction, Reply] | None:
        """A record and the reply added with it; None without a record.

        Raises `IdempotencyConflictError` when the record was erased, and for one that a device
        sent without its image.
        """
        item = self._item(prediction_id)
        if item and ERASED in item:
            raise IdempotencyConflictError(
                "The answer to this Idempotency-Key was erased; take a new one."
            )
        if not item:
            return None
        if REPLY not in item:
            raise IdempotencyConflictError(
                "The record of this device_id came before, without its image; draw a new one."
            )
        return read_prediction(item), Reply.parse(item[REPLY]["S"])

    def holder(self, prediction_id: str) -> str | None:
        """The `Prediction.object_id` of the record that has this id or had it until it was erased;
        None for a free id."""
        item = self._item(prediction_id)
        if item is None:
            return None
        return item[_OBJECT]["S"] if _OBJECT in item else read_prediction(item).object_id

    def held(self, ids: Sequence[str]) -> dict[str, Held]:
        """Of ``ids`` those that a record has or had until it was erased."""
        keys = [to_item({"id": one}) for one in ids]
        found = {}
        for item in batch_get(self._client, self._table, keys):
            if _OBJECT in item:
                found[item["id"]["S"]] = Held(item[_OBJECT]["S"], None, "")
            else:
                known = read_prediction(item)
                found[known.id] = Held(known.object_id, known.status, known.created_at)
        return found

    def erasable(self, prediction_id: str) -> Prediction | None:
        """A record, also one whose erasure has begun and not ended, or that has expired: as long as
        it is there, it can be erased."""
        item = self._item(prediction_id, expired=True)
        return None if item is None or _OBJECT in item else read_prediction(item)

    def of_owner(self, owner: str, limit: int) -> tuple[str, ...]:
        """The ids of at most ``limit`` records of ``owner``, those that `erasable` finds."""
        query = LogQuery(owner=owner)
        rows = (
            row["id"]["S"]
            for partition in _partitions(query)
            for row in self._partition(query, partition, None, limit)
        )
        return tuple(islice(rows, limit))

    def hide(self, prediction_id: str, at: str) -> "Found | None":
        """Begin an erasure: nothing reads the record any more or adds to it.

        Returns the item as it stays until its `tombstone`; None when there is none to erase. The
        time of a first call stays.
        """
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=to_item({"id": prediction_id}),
                UpdateExpression=f"SET {ERASED} = if_not_exists({ERASED}, :at)",
                ConditionExpression="attribute_exists(image)",
                ExpressionAttributeValues=to_item({":at": at}),
                ReturnValues="ALL_NEW",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return answer["Attributes"]

    def illustrate(self, prediction_id: str, thumbnail_key: str) -> bool:
        """Note where the thumbnail of a record is; False for one that is erased or gone."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=to_item({"id": prediction_id}),
                UpdateExpression="SET thumbnail_key = :key",
                ConditionExpression=f"attribute_exists(image) AND attribute_not_exists({ERASED})",
                ExpressionAttributeValues=to_item({":key": thumbnail_key}),
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def tombstone(self, prediction: Prediction, erased_at: str, now: float) -> Action:
        """The end of an erasure, for a transaction: the id stays taken for a while, with nothing of
        the record but a hash."""
        item = {
            "id": prediction.id,
            ERASED: erased_at,
            _OBJECT: prediction.object_id,
            "expires_at": int(now) + TOMBSTONE_LIFETIME_S,
        }
        return {"Put": {"TableName": self._table, "Item": to_item(item)}}

    def page(self, query: LogQuery, limit: int, cursor: str | None = None) -> Page[Prediction]:
        """At most ``limit`` predictions below ``cursor``, newest first.

        A page may be short while its cursor says that the search can go on.

        Raises `InvalidCursorError` for a cursor that is not of a page of this query.
        """
        below = None if cursor is None else _read_cursor(cursor, query)
        rows: Iterator[Found] = heapq.merge(
            *(self._partition(query, key, below, limit) for key in _partitions(query)),
            key=_item_position,
            reverse=True,
        )
        items: list[Prediction] = []
        last, left = None, MAX_PAGE_BYTES
        for item in islice(rows, MAX_ROWS_READ):
            prediction = _served(item)
            if prediction is not None and query.matches(prediction):
                left -= _json_bytes(prediction)
                if items and left < 0:
                    rows = chain((item,), rows)
                    break
                items.append(prediction)
            last = _item_position(item)
            if len(items) == limit:
                break
        if last is None or not _go_on(rows):
            return Page(tuple(items), None)
        return Page(tuple(items), write_cursor(f"{last} {query.fingerprint()}"))

    def _item(self, prediction_id: str, *, expired: bool = False) -> "Found | None":
        key = to_item({"id": prediction_id})
        return read_item(self._client, self._table, key, expired=expired)

    def _partition(
        self, query: LogQuery, key: str, below: str | None, limit: int
    ) -> "Iterator[Found]":
        """The rows of a partition, the newest first, also those that are not served."""
        index, _ = query.partitions()
        oldest, newest = query.positions()
        found = every_row(
            self._client,
            self._table,
            f"{INDEXES[index]} = :shard AND #sort_key BETWEEN :old AND :new",
            {":shard": key, ":old": oldest, ":new": below or newest},
            index=index,
            aliases={"#sort_key": SORT_KEY},  # POSITION is a reserved word
            forward=False,
            # Its share of the page and some slack: rows spread evenly, but not exactly.
            page_size=limit // SHARDS + 10,
        )
        # BETWEEN includes its bounds.
        return (item for item in found if _item_position(item) != below)


def _item_position(item: "Found") -> str:
    return item[SORT_KEY]["S"]


def _served(item: "Found") -> Prediction | None:
    """The record in a row; None where it is hidden or has expired."""
    if ERASED in item or is_expired(item, time.time()):
        return None
    return read_prediction(item)


def _go_on(rows: "Iterator[Found]") -> bool:
    """Whether a record is served further down, or may be: one call looks at so many rows alone."""
    for looked_at, item in enumerate(rows, start=1):
        if _served(item) is not None or looked_at == MAX_ROWS_READ:
            return True
    return False


def _partitions(query: LogQuery) -> list[str]:
    _, values = query.partitions()
    return [f"{value}#{shard}" for value in values for shard in range(SHARDS)]


def _verdicts(prediction: Prediction) -> tuple[Verdict, ...]:
    """A failed image has no answer that people could judge."""
    feedback = prediction.feedback
    if feedback is None:
        return () if prediction.label is None else ("unanswered",)
    judged: Verdict = "right" if prediction.is_right(feedback) else "wrong"
    return (judged, "none") if feedback.label is None else (judged,)


def _json_bytes(prediction: Prediction) -> int:
    return len(json.dumps(strict.to_dict(prediction), ensure_ascii=False).encode())


def _position(prediction: Prediction) -> str:
    return f"{prediction.created_at}#{prediction.id}"


def review_keys(prediction: Prediction, feedback: Feedback | None) -> tuple[str, str]:
    """Where an answer is in `REVIEW_INDEX` with this feedback."""
    shard = shard_of(prediction.id)
    if feedback is not None:
        return f"given#{shard}", f"{feedback.at}#{prediction.id}"
    return f"open#{shard}", f"{prediction.confidence or 0.0:.6f}#{prediction.id}"


def shard_of(prediction_id: str) -> int:
    return zlib.crc32(prediction_id.encode()) % SHARDS


def _attributes(prediction: Prediction, sketch: bytes | None) -> dict[str, Any]:
    shard = shard_of(prediction.id)
    keys: dict[str, Any] = {SORT_KEY: _position(prediction), "time_shard": f"all#{shard}"}
    if prediction.label is not None:
        keys["label_shard"] = f"{prediction.label}#{shard}"
    if prediction.status != "ok":
        keys["status_shard"] = f"{prediction.status}#{shard}"
    if prediction.confidence is not None:
        keys |= dict(zip(REVIEW_KEYS, review_keys(prediction, None), strict=True))
    if prediction.owner is not None:
        keys["owner_shard"] = f"{prediction.owner}#{shard}"
    if sketch is not None:
        keys["sketch"] = sketch
    return written(prediction) | keys


def _read_cursor(cursor: str, query: LogQuery) -> str:
    position, _, fingerprint = read_cursor(cursor).partition(" ")
    if not _POSITION.fullmatch(position):
        raise unknown_cursor()
    if fingerprint != query.fingerprint() or not query.includes(position):
        raise InvalidCursorError("The cursor belongs to another query; start without one.")
    return position
