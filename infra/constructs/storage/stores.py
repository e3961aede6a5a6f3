"""The buckets and tables of predictions, as one record for the constructs that use them."""

from dataclasses import dataclass

from infra.constructs.storage.private_bucket import PrivateBucket
from infra.constructs.storage.tables import (
    InsightsTable,
    KeysTable,
    PredictionsTable,
    RegistryTable,
)


@dataclass(frozen=True, kw_only=True)
class Stores:
    """What the functions read and write.

    Attributes:
        images: `uploads/` dropped by people, `api/` and `thumbnails/` written by the service.
        models: `models/<name>/<version>/`, manifest last.
        predictions: one record per image.
        registry: model versions and which of them serve.
        insights: counters, shadows' answers and the history of feedback.
        keys: API keys of programs.
    """

    images: PrivateBucket
    models: PrivateBucket
    predictions: PredictionsTable
    registry: RegistryTable
    insights: InsightsTable
    keys: KeysTable
