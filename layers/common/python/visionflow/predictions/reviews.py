"""People's feedback on predictions: what they said, and which image to ask about next.

One sparse index serves both: ``open#<shard>`` holds the answers without feedback, by confidence,
and ``given#<shard>`` the others, by the time of the latest feedback.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from visionflow import strict
from visionflow.dynamodb import (
    Action,
    Found,
    batch_get,
    every_row,
    from_item,
    query,
    read_item,
    to_item,
    transact,
    unexpired,
)
from visionflow.errors import (
    FeedbackNotFoundError,
    InvalidParameterError,
    PlatformError,
    PredictionNotFoundError,
)
from visionflow.predictions.record import Feedback, Prediction
from visionflow.predictions.rows import known_feedback, read_prediction
from visionflow.predictions.store import (
    ERASED,
    GIVEN,
    INDEXES,
    REVIEW_INDEX,
    REVIEW_KEYS,
    SHARDS,
    review_keys,
    shard_of,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import UpdateTypeDef

MOST_ASKED = 4_000
"""Rows that one call looks at for images to ask about; the usual one is shown."""
# Rows of a query: of a shard of those to ask about, and of those that have feedback.
_PAGE, _PAGE_OF_GIVEN = 250, 1_000
_ATTEMPTS = 5
# Of the latest feedback on one record, to see what may be taken back.
_MOST_LINES_READ = 100
_BUSY = "Others give feedback on this prediction at this moment; try again."
# Who gave a line of the history: names are not unique, and only ids are compared.
_GIVER = "by_id"

Undoable = Literal["own", "unowned"]
"""What can be taken back of a record's feedback: the caller's own, or for an admin what was given
before the ids of those who give feedback were kept."""


class ReviewStore:
    """Owns the feedback in the predictions table, and its history in the insights table."""

    def __init__(self, predictions: str, insights: str, client: "DynamoDBClient") -> None:
        self._predictions = predictions
        self._insights = insights
        self._client = client

    def give(self, prediction_id: str, feedback: Feedback, giver: str) -> Prediction:
        """Append ``feedback`` to the history of a prediction, and make it the current one unless
        that is heavier. ``giver`` is a `Caller.id`. Returns the prediction with its current
        feedback.

        Raises `PredictionNotFoundError`, `InvalidParameterError` for an image without an answer,
        and `PlatformError` when others keep giving feedback at the same moment.
        """
        for _ in range(_ATTEMPTS):
            item = self._item(prediction_id)
            prediction = read_prediction(item)
            if prediction.label is None:
                raise InvalidParameterError(
                    "The image could not be read, so it has no answer to confirm or correct."
                )
            revision = _revision(item)
            current = prediction.feedback
            if current is None or current.weight <= feedback.weight:
                current = feedback
            line = {
                **_line_key(prediction_id, revision + 1),
                **strict.to_dict(feedback),
                _GIVER: giver,
                "expires_at": prediction.expires_at,
            }
            append: Action = {"Put": {"TableName": self._insights, "Item": to_item(line)}}
            if self._write(prediction, current, revision, append):
                return replace(prediction, feedback=current)
        raise PlatformError(_BUSY)

    def undoable(self, prediction_id: str, giver: str, *, unowned: bool) -> Undoable | None:
        """What `withdraw` would take back, as far as the latest lines tell; None for nothing."""
        lines = query(
            self._client,
            self._insights,
            "pk = :pk",
            {":pk": f"FEEDBACK#{prediction_id}"},
            forward=False,
            names=(_GIVER,),
            page_size=_MOST_LINES_READ,
            consistent=True,
        )
        givers = [from_item(line).get(_GIVER) for line in islice(lines, _MOST_LINES_READ)]
        if giver in givers:
            return "own"
        return "unowned" if unowned and None in givers else None

    def withdraw(
        self, prediction_id: str, giver: str, *, unowned: bool = False
    ) -> tuple[Prediction, Feedback, Undoable | None]:
        """Take back the latest feedback of ``giver``; where there is none and with ``unowned``, the
        latest of which nobody knows who gave it. What was said before counts again, by weight and
        time. Returns the prediction with its current feedback, what was taken back, and what else
        could be.

        Raises `PredictionNotFoundError`, `FeedbackNotFoundError`, and `PlatformError` as `give`.
        """
        for _ in range(_ATTEMPTS):
            item = self._item(prediction_id)
            prediction = read_prediction(item)
            lines = self._lines(prediction_id)
            found = _withdrawable(lines, giver, unowned)
            if found is None:
                raise FeedbackNotFoundError(
                    f"There is no feedback of yours on {prediction_id!r:.80}."
                )
            taken = found[1]
            others = [line for line in lines if line is not taken]
            left = list(map(_feedback, others))
            # Of the heaviest, the latest.
            current = max(reversed(left), key=lambda feedback: feedback.weight, default=None)
            key = {name: taken[name] for name in ("pk", "sk")}
            delete: Action = {"Delete": {"TableName": self._insights, "Key": to_item(key)}}
            if self._write(prediction, current, _revision(item), delete):
                more = _withdrawable(others, giver, unowned)
                return (
                    replace(prediction, feedback=current),
                    _feedback(taken),
                    None if more is None else more[0],
                )
        raise PlatformError(_BUSY)

    def history(self, prediction_id: str) -> tuple[Feedback, ...]:
        """All feedback on a prediction, the earliest first."""
        return tuple(map(_feedback, self._lines(prediction_id)))

    def without_feedback(self, ids: Iterable[str]) -> frozenset[str]:
        """Those of ``ids`` whose records exist and have no feedback now."""
        keys = [to_item({"id": prediction_id}) for prediction_id in ids]
        items = batch_get(self._client, self._predictions, keys)
        found = (read_prediction(item) for item in items if "image" in item and ERASED not in item)
        return frozenset(prediction.id for prediction in found if prediction.feedback is None)

    def _lines(self, prediction_id: str) -> list[dict[str, Any]]:
        values = {":pk": f"FEEDBACK#{prediction_id}"}
        found = query(self._client, self._insights, "pk = :pk", values, consistent=True)
        return [from_item(row) for row in found]

    def uncertain(self, limit: int, kept_since: str) -> tuple[Prediction, ...]:
        """Answers without feedback, the least certain first; of the first `MOST_ASKED` those whose
        image can be shown, where originals are kept that were sent at ``kept_since`` or later."""
        asked = islice(self._merged("open", "0", _PAGE, forward=True), MOST_ASKED)
        return tuple(islice((p for p in asked if p.can_be_shown(kept_since)), limit))

    def given(self, since: str = "0", *, newest_first: bool = False) -> Iterator[Prediction]:
        """Answers whose latest feedback was given at ``since`` or later, by its time."""
        return self._merged("given", since, _PAGE_OF_GIVEN, forward=not newest_first)

    def _merged(
        self, partition: str, since: str, page_size: int, *, forward: bool
    ) -> Iterator[Prediction]:
        shards = (
            self._shard(f"{partition}#{shard}", since, page_size, forward=forward)
            for shard in range(SHARDS)
        )
        merged = heapq.merge(*shards, key=lambda row: row[0], reverse=not forward)
        return (prediction for _, prediction in merged)

    def _shard(
        self, partition: str, since: str, page_size: int, *, forward: bool
    ) -> Iterator[tuple[str, Prediction]]:
        shard, position = REVIEW_KEYS
        rows = every_row(
            self._client,
            self._predictions,
            f"{shard} = :shard AND {position} >= :since",
            {":shard": partition, ":since": since},
            index=REVIEW_INDEX,
            forward=forward,
            page_size=page_size,
        )
        for item in unexpired(rows):
            if ERASED not in item:
                yield item[position]["S"], read_prediction(item)

    def _item(self, prediction_id: str) -> Found:
        item = read_item(self._client, self._predictions, to_item({"id": prediction_id}))
        if item is None or ERASED in item:
            raise PredictionNotFoundError(f"There is no prediction {prediction_id!r:.80}.")
        return item

    def erase_history(self, prediction_id: str) -> None:
        """Delete all feedback on a prediction; the current one is part of the record."""
        values = {":pk": f"FEEDBACK#{prediction_id}"}
        for row in list(every_row(self._client, self._insights, "pk = :pk", values)):
            key = {name: row[name] for name in ("pk", "sk")}
            self._client.delete_item(TableName=self._insights, Key=key)

    def _write(
        self, prediction: Prediction, current: Feedback | None, revision: int, change: Action
    ) -> bool:
        """Make ``current`` the feedback of a record, together with a ``change`` of its history.
        False when others have changed it since ``revision``, or the record is erased."""
        shard, position = REVIEW_KEYS
        values = {
            ":feedback": None if current is None else strict.to_dict(current),
            ":next": revision + 1,
            **dict(zip((":shard", ":position"), review_keys(prediction, current), strict=True)),
        }
        listed = INDEXES["by_feedback"]
        if current is not None:
            values[":listed"] = f"{GIVEN}#{shard_of(prediction.id)}"
        if revision:
            values[":seen"] = revision
        seen = (
            "feedback_revision = :seen" if revision else "attribute_not_exists(feedback_revision)"
        )
        update: UpdateTypeDef = {
            "TableName": self._predictions,
            "Key": {"id": {"S": prediction.id}},
            "UpdateExpression": (
                "SET feedback = :feedback, feedback_revision = :next, "
                f"{shard} = :shard, {position} = :position"
                + (f" REMOVE {listed}" if current is None else f", {listed} = :listed")
            ),
            "ConditionExpression": (
                f"attribute_exists(id) AND attribute_not_exists({ERASED}) AND {seen}"
            ),
            "ExpressionAttributeValues": to_item(values),
        }
        return transact(self._client, [{"Update": update}, change]) is None


def _withdrawable(
    lines: list[dict[str, Any]], giver: str, unowned: bool
) -> tuple[Undoable, dict[str, Any]] | None:
    """The latest line of ``giver``, else the latest without one for who may take that back."""
    latest = lines[::-1]
    for line in latest:
        if line.get(_GIVER) == giver:
            return "own", line
    for line in latest if unowned else ():
        if _GIVER not in line:
            return "unowned", line
    return None


def _revision(item: Found) -> int:
    return int(item.get("feedback_revision", {"N": "0"})["N"])


def _line_key(prediction_id: str, revision: int) -> dict[str, str]:
    return {"pk": f"FEEDBACK#{prediction_id}", "sk": f"{revision:06d}"}


def _feedback(row: Mapping[str, Any]) -> Feedback:
    """From a line of the history, which has keys of its own too."""
    return strict.parse(Feedback, known_feedback(row), "feedback")
