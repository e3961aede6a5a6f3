"""From a changed row to its event: one function for each table whose changes are told.

A further kind is a class in `shapes`, a function here, its line in `READERS`, and the table's
stream in `infra.constructs.events`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal

from visionflow import strict
from visionflow.backfills.record import BackfillState
from visionflow.backfills.store import BACKFILLS, read_backfill
from visionflow.datasets.run import InstantRun
from visionflow.datasets.run_store import read_run
from visionflow.dynamodb import from_row
from visionflow.errors import VisionFlowError
from visionflow.events.shapes import (
    BackfillEnded,
    Event,
    Item,
    ModelMoved,
    PredictionRecorded,
    TrainingEnded,
    event,
    model_text,
)
from visionflow.jobs.record import ENDED, JobRecord
from visionflow.jobs.store import read_job
from visionflow.models.ref import ModelRef
from visionflow.models.routing import Move
from visionflow.predictions.attempts import BEGUN_AT
from visionflow.predictions.record import Prediction
from visionflow.predictions.rows import SORT_KEY, read_prediction
from visionflow.predictions.store import ERASED

Table = Literal["predictions", "registry", "jobs", "datasets"]


class UntellableError(Exception):
    """The content of a change is at fault: it never becomes an event, however often it is tried."""


@dataclass(frozen=True)
class Change:
    """A row before and after a write; None where there was none, or is none any more."""

    table: Table
    before: Item | None
    after: Item | None


def event_of(change: Change) -> Event | None:
    """The event of a change; None for one that is not told. Raises `UntellableError`.

    Works on what is in memory alone, so whatever it raises is the row's fault.
    """
    if change.after is None:
        return None
    try:
        found = READERS[change.table](change.before, change.after)
        if found is not None:
            datetime.fromisoformat(found.at)  # which the bus is told beside the event
        return found
    except (VisionFlowError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise UntellableError(f"It is not a row of {change.table}: {error!r:.300}") from error


def _prediction(before: Item | None, after: Item) -> Event | None:
    """A new record. Marks of attempts, tombstones, thumbnails and feedback are not told."""
    if ERASED in after or BEGUN_AT in after:
        return None
    # A record is new, too, where it took the id of one that had expired, or of a tombstone.
    if before is not None and before.get(SORT_KEY) == after[SORT_KEY]:
        return None
    found = read_prediction(after)
    return event(
        "prediction.recorded", found.created_at, _recorded(found), found.id, found.created_at
    )


def _recorded(found: Prediction) -> PredictionRecorded:
    return PredictionRecorded(
        prediction_id=found.id,
        source=found.source,
        status=found.status,
        label=found.label,
        confidence=found.confidence,
        parents=found.parents,
        unknown_reason=found.unknown_reason,
        top_k=found.top_k,
        model=model_text(found.model),
        image=found.image,
        filename=found.filename,
        owner=found.owner,
        error_code=None if found.error is None else found.error.code,
        error_message=None if found.error is None else found.error.message,
        origin=found.origin,
        made_at=found.made_at,
        device=found.device,
    )


def _move(_before: Item | None, after: Item) -> Event | None:
    """A line of the history, which is written once."""
    if after["pk"] != {"S": "HISTORY"}:
        return None
    move = strict.parse(Move, from_row(after), "registry.history")
    model = None
    if move.name is not None and move.version is not None:
        model = ModelRef(move.name, move.version)
    data = ModelMoved(
        alias=move.alias,
        action=move.action,
        model=model_text(model),
        percent=move.percent,
        by=move.by,
        reason=move.reason,
    )
    return event("model.moved", move.moved_at, data, move.moved_at, move.alias)


def _job(before: Item | None, after: Item) -> Event | None:
    """The end of a run of the job. One that goes on from its checkpoint ends again."""
    if after["pk"] == {"S": BACKFILLS}:
        return _backfill(before, after)
    if after["pk"] != {"S": "JOB"}:
        return None
    job = read_job(after)
    if not _has_ended(job) or (before is not None and _has_ended(read_job(before))):
        return None
    at = job.ended_at or job.created_at
    data = TrainingEnded(
        training="job",
        training_id=job.id,
        status=_END[job.state],
        dataset=job.request.dataset,
        model=model_text(job.model),
        reason=job.reason,
        cost_usd=round(job.cost_usd(datetime.fromisoformat(at)), 4),
    )
    return event("training.ended", at, data, "job", job.id, str(job.execution))


def _backfill(before: Item | None, after: Item) -> Event | None:
    """The end of an execution of the backfill."""
    found = read_backfill(after)
    status = _BACKFILL_END.get(found.state)
    if status is None or (before is not None and read_backfill(before).state in _BACKFILL_END):
        return None
    data = BackfillEnded(
        backfill_id=found.id,
        status=status,
        source=found.work.source,
        models=found.work.models,
        into=found.work.into,
        images=found.listing.images,
        reason=None if found.reason is None else found.reason.message,
    )
    at = found.ended_at or found.created_at
    return event("backfill.ended", at, data, found.id, str(found.execution), found.state)


def _has_ended(job: JobRecord) -> bool:
    return job.state in ENDED


def _run(before: Item | None, after: Item) -> Event | None:
    """The end of an instant training, which ends once."""
    if not after["pk"]["S"].startswith("RUNS#"):
        return None
    run = read_run(after)
    if run.state not in _END or (before is not None and read_run(before).state in _END):
        return None
    data = TrainingEnded(
        training="instant",
        training_id=run.id,
        status=_END[run.state],
        dataset=run.dataset,
        model=_made(run),
        reason=None if run.error is None else run.error[1],
        cost_usd=None,
    )
    at = run.finished_at or run.started_at
    return event("training.ended", at, data, "instant", run.dataset, run.id)


def _made(run: InstantRun) -> str | None:
    if run.model_version is None:
        return None
    return ModelRef(run.model, run.model_version).text


_END: Final[Mapping[str, Literal["succeeded", "failed", "cancelled"]]] = MappingProxyType(
    {
        "succeeded": "succeeded",
        "done": "succeeded",
        "failed": "failed",
        "cancelled": "cancelled",
    }
)

_BACKFILL_END: Final[
    Mapping[BackfillState, Literal["succeeded", "failed", "cancelled", "stopped"]]
] = MappingProxyType(
    {"done": "succeeded", "failed": "failed", "cancelled": "cancelled", "stopped": "stopped"}
)

READERS: Final[Mapping[Table, Callable[[Item | None, Item], Event | None]]] = MappingProxyType(
    {"predictions": _prediction, "registry": _move, "jobs": _job, "datasets": _run}
)
