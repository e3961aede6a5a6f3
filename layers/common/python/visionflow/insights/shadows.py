"""What a shadow answered: its own rows, beside the records and never in them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from visionflow import strict
from visionflow.dynamodb import from_item, to_item
from visionflow.insights.changes import shadowed
from visionflow.insights.counters import CounterStore
from visionflow.models.ref import ModelRef
from visionflow.models.routing import Trial
from visionflow.predictions.record import Prediction, Status

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# What DynamoDB reads in one call.
_BATCH = 100


@dataclass(frozen=True)
class ShadowAnswer:
    """A shadow's answer to the image of ``prediction_id``; ``milliseconds`` of inference."""

    prediction_id: str
    model: ModelRef
    status: Status
    label: str
    confidence: float
    milliseconds: float
    answered_at: str


class ShadowStore:
    """Owns the shadows' answers in the insights table."""

    def __init__(self, table: str, client: "DynamoDBClient", counters: CounterStore) -> None:
        self._table = table
        self._client = client
        self._counters = counters

    def add(self, prediction: Prediction, answer: ShadowAnswer, trial: Trial | None) -> bool:
        """Keep and count an answer, once. It leaves with the record. False when it was there."""
        change = shadowed(
            prediction, answer.model, answer.label, answer.confidence, answer.milliseconds, trial
        )
        row = {**strict.to_dict(answer), "expires_at": prediction.expires_at}
        item = {**_key(prediction.id, answer.model), **to_item(row)}
        put = {"Put": {"TableName": self._table, "Item": item}}
        return self._counters.count([change], also=[put]) == 1

    def get(self, prediction_id: str, model: ModelRef) -> ShadowAnswer | None:
        return next(iter(self.of([prediction_id], [model])), None)

    def of(self, ids: Sequence[str], models: Iterable[ModelRef]) -> list[ShadowAnswer]:
        """The answers that these versions gave as shadows to these images."""
        keys = [_key(prediction_id, model) for model in models for prediction_id in ids]
        found: list[ShadowAnswer] = []
        while keys:
            batch, keys = keys[:_BATCH], keys[_BATCH:]
            asked: Any = {self._table: {"Keys": batch}}
            answer = self._client.batch_get_item(RequestItems=asked)
            found += [_answer(item) for item in answer["Responses"].get(self._table, [])]
            left: Any = answer.get("UnprocessedKeys", {})
            keys += left.get(self._table, {}).get("Keys", [])
        return found


def _key(prediction_id: str, model: ModelRef) -> dict[str, Any]:
    return to_item({"pk": f"SHADOW#{prediction_id}", "sk": f"{model.name}#{model.version}"})


def _answer(item: Any) -> ShadowAnswer:
    row = from_item(item)
    known = {name: row[name] for name in ShadowAnswer.__dataclass_fields__}
    return strict.parse(ShadowAnswer, known, "shadow answer")
