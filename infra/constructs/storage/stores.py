"""The buckets and tables of predictions, as one record for the constructs that use them."""

from dataclasses import dataclass

from infra.constructs.storage.private_bucket import PrivateBucket
from infra.constructs.storage.tables import (
    AuditTable,
    DatasetsTable,
    InsightsTable,
    KeysTable,
    PredictionsTable,
    RegistryTable,
    UsageTable,
)


@dataclass(frozen=True, kw_only=True)
class Stores:
    """What the functions read and write.

    Attributes:
        images: `uploads/` dropped by people, `api/` and `thumbnails/` written by the service.
        models: `models/<name>/<version>/`, manifest last.
        predictions: one record per image.
        registry: model versions and which of them serve.
        insights: counters, shadows' answers, the history of feedback and the list of erased ids.
        audit: every change, with who made it.
        usage: what callers and the stage have used in a month.
        keys: API keys of programs.
        datasets_table: datasets; their files are in the bucket of `JobStores`.
    """

    images: PrivateBucket
    models: PrivateBucket
    predictions: PredictionsTable
    registry: RegistryTable
    insights: InsightsTable
    audit: AuditTable
    usage: UsageTable
    keys: KeysTable
    datasets_table: DatasetsTable
