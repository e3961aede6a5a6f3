"""Lambda entry point of the predictions table's stream."""

import os
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from lambdas import clients
from lambdas.counters.dead_letters import DeadLetters
from lambdas.counters.service import CountersService, UncountableError, Written
from lambdas.counters.settings import CountersSettings
from lambdas.streams import attributes
from lambdas.telemetry.invocation import LambdaContext
from lambdas.telemetry.log import logged, logger
from lambdas.telemetry.metrics import measured, metrics
from visionflow.access.audit import AuditLog
from visionflow.datasets.store import DatasetStore
from visionflow.events.alarms import DRIFT_METRIC
from visionflow.insights.counters import CounterStore
from visionflow.insights.drift_watch import DriftWatch
from visionflow.loop.curation_queue import CurationQueue
from visionflow.models.registry import ModelRegistry
from visionflow.models.store import ModelStore
from visionflow.predictions.attempts import BEGUN_AT
from visionflow.predictions.store import ERASED

TRIAL_METRIC = "TrialTakenBack"


# Records are handed over in groups: one that cannot be counted costs its group a second try.
GROUP = 100


@lru_cache
def service() -> CountersService:
    settings = CountersSettings.from_env(os.environ)
    dynamodb = clients.dynamodb()
    return CountersService(
        CounterStore(settings.insights_table, dynamodb),
        ModelRegistry(settings.registry_table, dynamodb),
        DriftWatch(ModelStore(settings.models_bucket, clients.s3())),
        AuditLog(settings.audit_table, dynamodb),
        settings.shadow_function,
        clients.functions(),
        CurationQueue(
            DatasetStore(settings.datasets_table, dynamodb), settings.curation_queue, clients.sqs()
        ),
    )


@lru_cache
def uncounted() -> DeadLetters:
    settings = CountersSettings.from_env(os.environ)
    return DeadLetters(settings.uncounted_queue_url, clients.sqs())


@logged()
@measured
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    records = event["Records"]
    metrics.add("Changes", len(records))
    failed: list[str] = []
    for start in range(0, len(records), GROUP):
        failed += _count(records[start : start + GROUP])
    _watch()
    # A stream goes on from the lowest number that is named; later changes that were counted are
    # recognised. https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed[:1]]}


def _count(records: list[dict[str, Any]]) -> list[str]:
    """The sequence numbers of records that could not be counted now.

    One that never can be goes to the dead letters, so that the others need not wait for it: a
    stream is read in order. Raises the last error when every record fails: then no single record
    is at fault.
    """
    try:
        _count_all(records)
    except Exception:
        logger.exception("counted one by one")
    else:
        return []
    failed: list[str] = []
    for record in records:
        try:
            _count_or_bury(record)
        except Exception:
            number: str = record["dynamodb"]["SequenceNumber"]
            logger.exception("back to the stream", extra={"sequence_number": number})
            failed.append(number)
            if len(failed) == len(records):
                raise
    return failed


def _count_or_bury(record: dict[str, Any]) -> None:
    try:
        _count_all([record])
    except UncountableError as error:
        logger.exception("to the dead letters")
        uncounted().send(record, str(error))


def _count_all(records: list[dict[str, Any]]) -> None:
    # What expires has been counted, and stays so. What is erased is subtracted where it is erased.
    # Marks of attempts are not records.
    written = [_written(record) for record in records if _is_record(record)]
    service().count(written)


def _is_record(record: dict[str, Any]) -> bool:
    """Whether the change leaves a record. What cannot be read is taken for one, and refused."""
    after = record["dynamodb"].get("NewImage")
    marks = isinstance(after, dict) and (ERASED in after or BEGUN_AT in after)
    return record["eventName"] != "REMOVE" and not marks


def _written(record: dict[str, Any]) -> Written:
    """Raises `UncountableError` for one without the images that the stream is set to show."""
    try:
        images = record["dynamodb"]
        before = images.get("OldImage")
        return Written(
            None if before is None else attributes(before), attributes(images["NewImage"])
        )
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise UncountableError(f"It is not a change of a record: {error!r:.300}") from error


def _watch() -> None:
    now = datetime.now(UTC)
    if service().judge_trial(now):
        metrics.add(TRIAL_METRIC)
    drift = service().measure_drift(now)
    if drift:
        metrics.add("Drift.labels", drift.labels, "None")
        if drift.embedding is not None:
            metrics.add("Drift.embedding", drift.embedding, "None")
        metrics.add(DRIFT_METRIC, int(drift.verdict == "drifted"))
