"""Labels that people gave and the model does not have, so that there are not too many of them.

Rows ``NEW_LABELS / <label_key>`` of the insights table. One expires with the last record that it
was given for.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from visionflow.dynamodb import every_row, from_row, to_item, unexpired
from visionflow.errors import TooManyLabelsError
from visionflow.labels import label_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Each has rows of counters, and statistics name them all.
MAX_NEW_LABELS = 500
_PARTITION = "NEW_LABELS"


class NewLabels:
    """Owns the new labels in the insights table."""

    def __init__(
        self, table: str, client: "DynamoDBClient", clock: Callable[[], float] = time.time
    ) -> None:
        self._table = table
        self._client = client
        self._clock = clock

    def admit(self, label: str, expires_at: int) -> str:
        """Remember a label until ``expires_at`` (epoch seconds), and return how the first who gave
        it wrote it. Those who give new labels at the same moment may exceed the limit by one each.

        Raises `TooManyLabelsError`.
        """
        rows = every_row(self._client, self._table, "pk = :pk", {":pk": _PARTITION})
        found = unexpired(rows, self._clock())
        known = {item["sk"]["S"]: from_row(item) for item in found}
        key = label_key(label)
        if key not in known and len(known) >= MAX_NEW_LABELS:
            raise TooManyLabelsError(
                f"There are {len(known)} labels already that no model had when they were given; at "
                f"most {MAX_NEW_LABELS} are kept. Use one of them, or train a model with them.",
                "label",
            )
        before = known.get(key, {"label": label, "expires_at": 0})
        row = {**before, "expires_at": max(before["expires_at"], expires_at)}
        item = to_item({"pk": _PARTITION, "sk": key, **row})
        self._client.put_item(TableName=self._table, Item=item)
        return str(row["label"])
