"""What a shadow answered: its own rows, beside the records and never in them."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from visionflow import strict
from visionflow.answers.answer import UnknownReason
from visionflow.dynamodb import Action, Item, Sleep, batch_get, every_row, from_item, to_item
from visionflow.insights.changes import shadowed, unshadowed
from visionflow.insights.counters import Change, CounterStore
from visionflow.models.ref import ModelRef
from visionflow.models.routing import Trial
from visionflow.predictions.record import Prediction, Status
from visionflow.predictions.store import ERASED

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Longer than Lambda keeps a call.
_TRIES_LIFETIME = timedelta(days=1)


@dataclass(frozen=True)
class ShadowAnswer:
    """A shadow's answer to the image of ``prediction_id``; ``milliseconds`` of inference.

    ``best``: the best label. The others are as in a `Prediction`.
    """

    prediction_id: str
    model: ModelRef
    status: Status
    label: str
    confidence: float
    milliseconds: float
    answered_at: str
    unknown_reason: UnknownReason | None
    familiarity: float | None
    parents: tuple[str, ...]
    best: str


class ShadowStore:
    """Owns the shadows' answers in the insights table."""

    def __init__(
        self,
        table: str,
        predictions: str,
        client: "DynamoDBClient",
        counters: CounterStore,
        sleep: Sleep = time.sleep,
    ) -> None:
        self._table = table
        self._predictions = predictions
        self._client = client
        self._counters = counters
        self._sleep = sleep

    def add(self, prediction: Prediction, answer: ShadowAnswer, trial: Trial | None) -> bool:
        """Keep and count an answer, once. It expires with the record. False when it was there, or
        when the record is gone."""
        change = _change(prediction, answer, trial)
        row = {**strict.to_dict(answer), "expires_at": prediction.expires_at}
        item = {**_key(prediction.id, answer.model), **to_item(row)}
        put: Action = {"Put": {"TableName": self._table, "Item": item}}
        still_there: Action = {
            "ConditionCheck": {
                "TableName": self._predictions,
                "Key": to_item({"id": prediction.id}),
                "ConditionExpression": f"attribute_exists(id) AND attribute_not_exists({ERASED})",
            }
        }
        return self._counters.count([change], also=[put, still_there]) == 1

    def begin(self, call: str, now: datetime) -> int:
        """Count how often a call of the function was begun, this time included."""
        expires_at = int((now + _TRIES_LIFETIME).timestamp())
        answer = self._client.update_item(
            TableName=self._table,
            Key=to_item({"pk": f"SHADOWCALL#{call}", "sk": "TRIES"}),
            UpdateExpression="ADD tries :one SET expires_at = :expires_at",
            ExpressionAttributeValues=to_item({":one": 1, ":expires_at": expires_at}),
            ReturnValues="UPDATED_NEW",
        )
        return int(from_item(answer["Attributes"])["tries"])

    def erase(self, prediction: Prediction) -> None:
        """Delete all answers to the image of a hidden record, each with what it has added."""
        values = {":pk": f"SHADOW#{prediction.id}"}
        for item in list(every_row(self._client, self._table, "pk = :pk", values)):
            change = unshadowed(_change(prediction, _answer(item), None))
            key = {name: item[name] for name in ("pk", "sk")}
            delete: Action = {"Delete": {"TableName": self._table, "Key": key}}
            self._counters.count([change], also=[delete])

    def get(self, prediction_id: str, model: ModelRef) -> ShadowAnswer | None:
        return next(iter(self.of([prediction_id], [model])), None)

    def of(self, ids: Sequence[str], models: Iterable[ModelRef]) -> list[ShadowAnswer]:
        """The answers that these versions gave as shadows to these images.

        Raises `PlatformError` when DynamoDB keeps leaving some unread.
        """
        keys = [_key(prediction_id, model) for model in models for prediction_id in ids]
        items = batch_get(self._client, self._table, keys, self._sleep)
        return [_answer(item) for item in items]


def _change(prediction: Prediction, answer: ShadowAnswer, trial: Trial | None) -> Change:
    return shadowed(
        prediction,
        answer.model,
        answer.confidence,
        answer.milliseconds,
        trial,
        agreed=_agree(prediction, answer),
    )


def _agree(prediction: Prediction, answer: ShadowAnswer) -> bool:
    """Whether neither contradicts the other: both have the same best label, or name the same, or
    one of them a parent of what the other names."""
    best = prediction.top_k[0].label if prediction.top_k else prediction.label
    return (
        answer.best == best
        or answer.label in (prediction.label, *prediction.parents)
        or prediction.label in answer.parents
    )


def _key(prediction_id: str, model: ModelRef) -> Item:
    return to_item({"pk": f"SHADOW#{prediction_id}", "sk": f"{model.name}#{model.version}"})


def _answer(item: Mapping[str, Any]) -> ShadowAnswer:
    row = from_item(item)
    # An answer from before there was a second reason, or parents.
    row = {
        "unknown_reason": None,
        "familiarity": None,
        "parents": [],
        "best": row["label"],
        **row,
    }
    known = {name: row[name] for name in ShadowAnswer.__dataclass_fields__}
    return strict.parse(ShadowAnswer, known, "shadow answer")
