"""People's feedback on predictions: what they said, and which image to ask about next.

One sparse index serves both: ``open#<shard>`` holds the answers without feedback, by confidence,
and ``given#<shard>`` the others, by the time of the latest feedback.
"""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from visionflow import strict
from visionflow.dynamodb import Action, Found, from_item, query, read_item, to_item, transact
from visionflow.errors import InvalidParameterError, PlatformError, PredictionNotFoundError
from visionflow.predictions.record import Feedback, Prediction
from visionflow.predictions.store import (
    ERASED,
    LATER_FEEDBACK,
    REVIEW_INDEX,
    REVIEW_KEYS,
    SHARDS,
    read_prediction,
    shard_of,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PutTypeDef, UpdateTypeDef

_ATTEMPTS = 5


class ReviewStore:
    """Owns the feedback in the predictions table, and its history in the insights table."""

    def __init__(self, predictions: str, insights: str, client: "DynamoDBClient") -> None:
        self._predictions = predictions
        self._insights = insights
        self._client = client

    def give(self, prediction_id: str, feedback: Feedback) -> Prediction:
        """Append ``feedback`` to the history of a prediction, and make it the current one unless
        that is heavier. Returns the prediction with its current feedback.

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
            revision = int(item.get("feedback_revision", {"N": "0"})["N"])
            current = prediction.feedback
            if current is None or current.weight <= feedback.weight:
                current = feedback
            if self._write(prediction, feedback, current, revision):
                return replace(prediction, feedback=current)
        raise PlatformError("Others give feedback on this prediction at this moment; try again.")

    def history(self, prediction_id: str) -> tuple[Feedback, ...]:
        """All feedback on a prediction, the earliest first."""
        values = {":pk": f"FEEDBACK#{prediction_id}"}
        rows = map(from_item, query(self._client, self._insights, "pk = :pk", values))
        return tuple(_feedback(row) for row in rows)

    def uncertain(self, limit: int) -> tuple[Prediction, ...]:
        """Answers without feedback, the least certain first."""
        return tuple(islice(self._merged("open", "0", limit, forward=True), limit))

    def given(self, since: str = "0", *, newest_first: bool = False) -> Iterator[Prediction]:
        """Answers whose latest feedback was given at ``since`` or later, by its time."""
        return self._merged("given", since, 1_000, forward=not newest_first)

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
        pages = self._client.get_paginator("query").paginate(
            TableName=self._predictions,
            IndexName=REVIEW_INDEX,
            KeyConditionExpression=f"{shard} = :shard AND {position} >= :since",
            ExpressionAttributeValues={":shard": {"S": partition}, ":since": {"S": since}},
            ScanIndexForward=forward,
            PaginationConfig={"PageSize": page_size},
        )
        for page in pages:
            for item in page["Items"]:
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
        for row in list(query(self._client, self._insights, "pk = :pk", values)):
            key = {name: row[name] for name in ("pk", "sk")}
            self._client.delete_item(TableName=self._insights, Key=key)

    def _write(
        self, prediction: Prediction, feedback: Feedback, current: Feedback, revision: int
    ) -> bool:
        """False when others have given feedback since ``revision``, or the record is erased."""
        shard, position = REVIEW_KEYS
        values = {
            ":feedback": strict.to_dict(current),
            ":next": revision + 1,
            ":seen": revision,
            ":shard": f"given#{shard_of(prediction.id)}",
            ":position": f"{current.at}#{prediction.id}",
        }
        if revision == 0:
            del values[":seen"]
        seen = (
            "feedback_revision = :seen" if revision else "attribute_not_exists(feedback_revision)"
        )
        update: UpdateTypeDef = {
            "TableName": self._predictions,
            "Key": {"id": {"S": prediction.id}},
            "UpdateExpression": (
                "SET feedback = :feedback, feedback_revision = :next, "
                f"{shard} = :shard, {position} = :position"
            ),
            "ConditionExpression": (
                f"attribute_exists(id) AND attribute_not_exists({ERASED}) AND {seen}"
            ),
            "ExpressionAttributeValues": to_item(values),
        }
        line = {
            "pk": f"FEEDBACK#{prediction.id}",
            "sk": f"{revision + 1:06d}",
            **strict.to_dict(feedback),
            "expires_at": prediction.expires_at,
        }
        append: PutTypeDef = {"TableName": self._insights, "Item": to_item(line)}
        actions: list[Action] = [{"Update": update}, {"Put": append}]
        return transact(self._client, actions) is None


def _feedback(row: Mapping[str, Any]) -> Feedback:
    """From a line of the history, which has keys of its own too."""
    known = {name: row[name] for name in Feedback.__dataclass_fields__ if name in row}
    return strict.parse(Feedback, LATER_FEEDBACK | known, "feedback")
