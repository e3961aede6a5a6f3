"""Count what was recorded, hand it to the shadow and to datasets, and watch trials and drift."""

import json
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.outcomes import status_of
from lambdas.telemetry.log import logger
from visionflow.access.audit import AuditLog
from visionflow.datasets.flow import Flow
from visionflow.errors import VisionFlowError
from visionflow.insights.changes import created, relabelled
from visionflow.insights.counters import Change, CounterStore
from visionflow.insights.drift_watch import DriftWatch
from visionflow.loop.curation_queue import CurationQueue
from visionflow.loop.flowing import wants
from visionflow.models.drift import Drift
from visionflow.models.registry import ModelRegistry
from visionflow.models.rollback_rule import RollbackRule
from visionflow.models.routing import Aliases, Order
from visionflow.predictions.record import Prediction
from visionflow.predictions.rows import SORT_KEY, read_prediction

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

# How stale the aliases and the rules may be that decide about the shadow, the trial and datasets.
REFRESH_S = 5.0
# Drift moves slowly; it is measured this often while images come in, over this many days.
DRIFT_EVERY_S = 300.0
DRIFT_DAYS = 7
# Images in one call of the shadow. If one fails, the call is repeated. A batch of the stream makes
# five calls at most, so that they leave room in an account of ten executions.
IDS_PER_CALL = 100

RULE = "the rollback rule"


# DynamoDB's words for what it will never take: an item too large, a key too long.
_REFUSED = {"ValidationException", "ValidationError", "ItemCollectionSizeLimitExceeded"}

Item = dict[str, Any]


class UncountableError(Exception):
    """The content of a change is at fault: it can never be counted, however often it is tried."""


@dataclass(frozen=True)
class Written:
    """A record as the stream shows it, as attribute values; ``before`` is None for a new one."""

    before: Item | None
    after: Item


class CountersService:
    """The consumer without the event's shape."""

    def __init__(
        self,
        counters: CounterStore,
        registry: ModelRegistry,
        drift: DriftWatch,
        audit: AuditLog,
        shadow_function: str,
        functions: "LambdaClient",
        curation: CurationQueue,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._counters = counters
        self._registry = registry
        self._drift = drift
        self._audit = audit
        self._shadow_function = shadow_function
        self._functions = functions
        self._curation = curation
        self._clock = clock
        self._aliases = Aliases()
        self._rule = RollbackRule()
        self._flows: dict[str, Flow] = {}
        self._aliases_at = self._drift_at = float("-inf")

    def count(self, written: Sequence[Written]) -> int:
        """Count each change once, pass new answers on to the shadow, and what the rules of datasets
        want to the curation. Returns how many changes were not known yet.

        Raises `UncountableError` where the content of one of them is at fault.
        """
        aliases = self._current_aliases()
        entries = [_entry(record, aliases) for record in written]
        new = [entry.prediction for entry in entries if entry.before is None]
        # Before it is counted: a delivery that fails is repeated, a shadow answers once, and the
        # curation takes a record once.
        self._pass_on(new, aliases)
        self._let_flow(entries)
        try:
            return self._counters.count([entry.change for entry in entries if entry.change])
        except ClientError as error:
            if _is_refused(error):
                raise UncountableError(f"DynamoDB refuses its counters: {error}") from error
            raise

    def judge_trial(self, now: datetime) -> str | None:
        """Take a trial back when the rule says so; returns why, or None."""
        aliases = self._current_aliases()
        if aliases.trial is None or not self._rule.enabled:
            return None
        reason = self._rule.broken_by(self._counters.tally(aliases.trial))
        if reason is None:
            return None
        self._aliases_at = float("-inf")
        model = aliases.trial.model.text
        with self._audit.change(RULE, RULE, "roll back", model, status_of) as outcome:
            outcome.details["reason"] = reason
            done = self._registry.end_trial(aliases, Order(RULE, now, reason))
            outcome.status = HTTPStatus.OK if done else HTTPStatus.CONFLICT
        logger.warning(
            "trial taken back" if done else "trial already over",
            extra={"model": model, "reason": reason},
        )
        return reason if done else None

    def measure_drift(self, now: datetime) -> Drift | None:
        """Of production over the last days; None between the times when it is measured."""
        if self._clock() - self._drift_at < DRIFT_EVERY_S:
            return None
        self._drift_at = self._clock()
        production = self._current_aliases().production
        if production is None:
            return None
        first = (now - timedelta(days=DRIFT_DAYS - 1)).astimezone(UTC).date().isoformat()
        last = now.astimezone(UTC).date().isoformat()
        counted = [*self._counters.days(first, last), *self._counters.labels(first, last)]
        own = [part for part in counted if part.model == production]
        return self._drift.by_model(own).get(production)

    def _pass_on(self, new: Sequence[Prediction], aliases: Aliases) -> None:
        shadow = aliases.shadow
        if shadow is None:
            return
        ids = [p.id for p in new if p.has_image and p.model not in (None, shadow)]
        for start in range(0, len(ids), IDS_PER_CALL):
            some = ids[start : start + IDS_PER_CALL]
            self._functions.invoke(
                FunctionName=self._shadow_function,
                InvocationType="Event",
                Payload=json.dumps({"call": uuid.uuid4().hex, "prediction_ids": some}),
            )

    def _let_flow(self, entries: Sequence["_Entry"]) -> None:
        """Ask the curation to take what a rule wants, or has wanted before its feedback changed.
        It looks at the record and at the rule again: here both may be some seconds old."""
        changed = [entry for entry in entries if entry.change is not None]
        for name, flow in self._flows.items():
            wanted = [
                entry.prediction.id
                for entry in changed
                if any(wants(flow, seen) for seen in (entry.prediction, entry.before) if seen)
            ]
            self._curation.take(name, tuple(dict.fromkeys(wanted)))

    def _current_aliases(self) -> Aliases:
        if self._clock() - self._aliases_at >= REFRESH_S:
            self._aliases = self._registry.aliases()
            self._rule = self._registry.rule()
            self._flows = self._curation.store.flows()
            self._aliases_at = self._clock()
        return self._aliases


@dataclass(frozen=True)
class _Entry:
    prediction: Prediction
    before: Prediction | None
    change: Change | None


def _entry(record: Written, aliases: Aliases) -> _Entry:
    """Reads only what is in memory, so that whatever it raises is the record's fault."""
    try:
        prediction = read_prediction(record.after)
        record = _without_expired(record)
        before = None if record.before is None else read_prediction(record.before)
        change = _change(record, before, prediction, aliases)
    except (VisionFlowError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise UncountableError(f"It is not a record: {error!r:.300}") from error
    return _Entry(prediction, before, change)


def _without_expired(record: Written) -> Written:
    """A record is new where it took the id of one that had expired, or of its tombstone."""
    before = record.before
    is_same = before is not None and before.get(SORT_KEY) == record.after[SORT_KEY]
    return record if is_same else replace(record, before=None)


def _is_refused(error: ClientError) -> bool:
    reasons = error.response.get("CancellationReasons", ())
    codes = {error.response["Error"]["Code"], *(reason.get("Code") for reason in reasons)}
    return bool(codes & _REFUSED)


def _change(
    record: Written, before: Prediction | None, after: Prediction, aliases: Aliases
) -> Change | None:
    if record.before is None or before is None:
        sketch = record.after.get("sketch", {}).get("B")
        return created(after, sketch, aliases.trial)
    revision, earlier = _revision(record.after), _revision(record.before)
    if revision == earlier:
        return None
    return relabelled(after, before.feedback, after.feedback, revision)


def _revision(item: Item) -> int:
    return int(item.get("feedback_revision", {"N": "0"})["N"])
