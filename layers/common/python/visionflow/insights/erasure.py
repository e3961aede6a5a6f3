"""Erase a record and everything that was made from its image.

In an order that an interruption cannot harm, and that the same call again finishes: the record is
hidden, what belongs to it is deleted, and at last, in one transaction, what it has added is
subtracted from the counters, a tombstone takes its id, and the list of erased ids gets a line.
That line stays: it is how copies that were collected for training learn of the erasure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from visionflow.dynamodb import Action, query, to_item
from visionflow.images.store import ImageStore
from visionflow.insights.changes import erased
from visionflow.insights.copies import DatasetCopies
from visionflow.insights.counters import CounterStore
from visionflow.insights.shadows import ShadowStore
from visionflow.predictions.record import (
    Prediction,
    original_key,
    s3_object_id,
    thumbnail_key,
    thumbnail_prefix,
)
from visionflow.predictions.reviews import ReviewStore
from visionflow.predictions.rows import read_prediction
from visionflow.predictions.store import ERASED, PredictionStore
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_LIST = "ERASED"


class ErasedList:
    """Owns the list of erased ids in the insights table."""

    def __init__(self, table: str, client: "DynamoDBClient") -> None:
        self._table = table
        self._client = client

    def line(self, prediction_id: str, at: str) -> Action:
        """What adds an id, for a transaction."""
        item = to_item({"pk": _LIST, "sk": f"{at}#{prediction_id}"})
        return {"Put": {"TableName": self._table, "Item": item}}

    def ids(self) -> Iterator[str]:
        """All that were ever erased, in the order of time."""
        for row in query(self._client, self._table, "pk = :pk", {":pk": _LIST}):
            yield row["sk"]["S"].partition("#")[2]


@dataclass(frozen=True)
class Erasure:
    """Erases records, one at a time."""

    images: ImageStore
    predictions: PredictionStore
    reviews: ReviewStore
    shadows: ShadowStore
    counters: CounterStore
    erased: ErasedList
    copies: DatasetCopies

    def erase(self, prediction_id: str, now: datetime) -> str | None:
        """Erase a record, or finish what another call began. Returns since when it is erased; None
        when there was nothing to erase."""
        item = self.predictions.hide(prediction_id, timestamp(now))
        if item is None:
            return None
        prediction, since = read_prediction(item), item[ERASED]["S"]
        self._erase_images(prediction)
        self.copies.erase(prediction)
        self.shadows.erase(prediction)
        self.reviews.erase_history(prediction_id)
        sketch = item.get("sketch", {}).get("B")
        self.counters.count(
            [erased(prediction, sketch)],
            also=[
                self.predictions.tombstone(prediction, since, now.timestamp()),
                self.erased.line(prediction_id, since),
            ],
        )
        return since

    def erase_owner(self, owner: str, most: int, now: datetime) -> tuple[int, bool]:
        """Erase at most ``most`` records of ``owner``. Returns how many, and whether any are left.

        The index is a moment late, so what was erased just now may count as left.
        """
        found = self.predictions.of_owner(owner, most + 1)
        done = [self.erase(prediction_id, now) for prediction_id in found[:most]]
        return sum(since is not None for since in done), len(found) > most

    def _erase_images(self, prediction: Prediction) -> None:
        if prediction.source == "api":
            # Requests with one Idempotency-Key store their images under the id and a suffix each,
            # also one that came as late as the device's own record without an image.
            self.images.erase_below(original_key(prediction.id))
            self.images.erase_below(thumbnail_prefix(prediction.id))
            return
        stored = prediction.stored_image
        self.images.erase(stored.key, stored.version_id)
        # Also one that is being made and that the record does not name yet, and that of a backfill,
        # which knows the image by its version and not by the id that its sender waited for.
        keys = {thumbnail_key(prediction.id), prediction.thumbnail_key}
        if stored.version_id is not None:
            of_version = s3_object_id(self.images.bucket, stored.key, stored.version_id)
            keys.add(thumbnail_key(of_version))
        for key in sorted(filter(None, keys)):
            self.images.erase(key)
