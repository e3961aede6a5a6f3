"""Records of what devices answered, whose images stayed there."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Self

from lambdas.api.resources import Resources
from lambdas.api.trees import Trees
from lambdas.telemetry.measurements import measure
from lambdas.telemetry.metrics import Metrics, metrics
from lambdas.web.json_body import read_item
from visionflow.access.caller import Caller
from visionflow.access.quotas import Amounts
from visionflow.access.usage import UsageStore
from visionflow.errors import (
    IdempotencyConflictError,
    InputError,
    InvalidParameterError,
)
from visionflow.images.filenames import clean_filename
from visionflow.models.ref import ModelRef
from visionflow.models.registry import ModelRegistry
from visionflow.predictions.device import DeviceRecord
from visionflow.predictions.record import Failure, ImageRef, Prediction, keyed_id
from visionflow.predictions.store import PredictionStore
from visionflow.timestamps import timestamp

MOST_RECORDS = 25


@dataclass(frozen=True)
class DeviceRecords:
    """``records``: 1 to 25 objects as `DeviceRecord` has them, each looked at by itself."""

    records: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class RecordTaken:
    """What became of one record. ``recorded``: it is new, as the prediction ``id``; ``known``: it
    was sent before, and nothing has changed; ``refused``: ``error`` says why, and sending it again
    changes nothing. ``device_id`` and ``id`` are null for one without a usable ``device_id``."""

    device_id: str | None
    id: str | None
    outcome: Literal["recorded", "known", "refused"]
    error: Failure | None


@dataclass(frozen=True)
class RecordsTaken:
    """What became of each record, in the order in which they were sent."""

    items: tuple[RecordTaken, ...]


@dataclass(frozen=True)
class DeviceService:
    """Writes records without images, each once. They are kept for ``kept``. ``known``: versions
    that were found in the registry, which never loses one."""

    predictions: PredictionStore
    registry: ModelRegistry
    trees: Trees
    usage: UsageStore
    kept: timedelta
    metrics: Metrics = metrics
    known: set[ModelRef] = field(default_factory=set)

    @classmethod
    def build(cls, resources: Resources) -> Self:
        kept = timedelta(days=resources.settings.retention_days)
        return cls(
            resources.predictions, resources.registry, resources.trees, resources.usage, kept
        )

    def take(self, wanted: DeviceRecords, caller: Caller, now: datetime) -> RecordsTaken:
        """Each counts as an image of the quota. What is at fault in one is in its outcome; a fault
        of the platform ends the call, and the same call again changes nothing that was written.

        Raises `InvalidParameterError` for too many or none, and `QuotaExceededError`.
        """
        if not 1 <= len(wanted.records) <= MOST_RECORDS:
            raise InvalidParameterError(
                f"records must have 1 to {MOST_RECORDS} items, found {len(wanted.records)}.",
                "records",
            )
        self.usage.spend(caller, Amounts(images=len(wanted.records)))
        taken = (self._take(i, item, caller, now) for i, item in enumerate(wanted.records))
        return RecordsTaken(tuple(taken))

    def _take(
        self, index: int, item: Mapping[str, Any], caller: Caller, now: datetime
    ) -> RecordTaken:
        said = item.get("device_id")
        device_id = said if isinstance(said, str) else None
        prediction_id = None
        try:
            sent = read_item(DeviceRecord, item, f"records[{index}]")
            sent.check(now)
            prediction_id = keyed_id(caller.id, sent.device_id)
            is_new = self._write(self._prediction(prediction_id, sent, caller, now), sent)
        except InputError as error:
            failure = Failure(error.code, str(error))
            return RecordTaken(device_id, prediction_id, "refused", failure)
        return RecordTaken(device_id, prediction_id, "recorded" if is_new else "known", None)

    def _prediction(
        self, prediction_id: str, sent: DeviceRecord, caller: Caller, now: datetime
    ) -> Prediction:
        """Raises `ModelNotFoundError`, `InvalidParameterError`."""
        model = sent.version
        if model not in self.known:
            self.registry.existing(model)
            self.known.add(model)
        manifest, tree = self.trees.read(model)
        sent.check_by(manifest, tree)
        return Prediction(
            id=prediction_id,
            source="api",
            status=sent.status,
            label=sent.label,
            confidence=sent.confidence,
            top_k=sent.top_k,
            model=model,
            image=ImageRef(None, None, None, sent.width, sent.height, None, None),
            thumbnail_key=None,
            timings={"device": sent.milliseconds},
            created_at=timestamp(now),
            error=None,
            expires_at=int((now + self.kept).timestamp()),
            parents=tree.ancestors(sent.label),
            unknown_reason=sent.unknown_reason,
            familiarity=sent.familiarity,
            owner=caller.id,
            filename=clean_filename(sent.filename),
            origin=sent.origin,
            made_at=sent.made,
        )

    def _write(self, prediction: Prediction, sent: DeviceRecord) -> bool:
        """False where the very same was recorded before. Raises `IdempotencyConflictError`."""
        if self.predictions.add(prediction):
            measure(prediction, self.metrics)
            return True
        found = self.predictions.get(prediction.id)
        if found is None:
            raise IdempotencyConflictError("The record of this device_id was erased.")
        if not _is_same(found, prediction, sent):
            raise IdempotencyConflictError(
                "This device_id belongs to another record of yours; draw a new one for each."
            )
        return False


def _is_same(found: Prediction, wanted: Prediction, sent: DeviceRecord) -> bool:
    """Whether ``found`` is the record of what was sent, which may have come with its image."""
    if found.has_image:
        said = (found.origin, found.made_at, found.device)
        return said == (wanted.origin, wanted.made_at, sent.answer)
    # As it was then: before anybody said anything of it.
    found = replace(found, feedback=None)
    then = replace(wanted, created_at=found.created_at, expires_at=found.expires_at)
    return found == then
