"""Lambda entry point of the curation queue: S3 event notifications, records that the rule of a
dataset is to look at, and datasets whose images are to be compared."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas import clients
from lambdas.classification.arrivals import Arrival, Patience, arrivals, attempt, in_order
from lambdas.curate.service import CurateService
from lambdas.curate.settings import CurateSettings
from lambdas.telemetry.trail import follow, following, traced
from visionflow.access.audit import AuditLog
from visionflow.access.budget import StageStop
from visionflow.answers.embedder import Embedder
from visionflow.datasets.run_store import RunStore
from visionflow.datasets.store import DatasetStore
from visionflow.datasets.versions import VersionStore
from visionflow.images.store import ImageStore
from visionflow.insights.copies import DatasetCopies
from visionflow.loop.curation_queue import CurationQueue
from visionflow.loop.flowing import Flowing
from visionflow.loop.training import InstantTraining, RuleTraining
from visionflow.predictions.attempts import AttemptStore
from visionflow.predictions.store import PredictionStore
from visionflow_starter import STARTER

logger = Logger()
metrics = Metrics()
# A batch in which every message fails is still answered item by item: SQS counts each delivery.
processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


@lru_cache
def settings() -> CurateSettings:
    return CurateSettings.from_env(os.environ)


@lru_cache
def service() -> CurateService:
    found, s3, dynamodb = settings(), clients.s3(), clients.dynamodb()
    store = DatasetStore(found.datasets_table, dynamodb)
    images = ImageStore(found.datasets_bucket, s3)
    versions = VersionStore(found.datasets_bucket, s3, store)
    runs = RunStore(found.datasets_table, dynamodb)
    predictions = PredictionStore(found.predictions_table, dynamodb)
    training = InstantTraining(store, runs, clients.states(), found.instant_machine)
    return CurateService(
        store,
        images,
        s3,
        Embedder(STARTER, found.ort_threads),
        Flowing(store, predictions, DatasetCopies(store, images)),
        RuleTraining(training, versions, StageStop(found.usage_table, dynamodb)),
        AuditLog(found.audit_table, dynamodb),
    )


@lru_cache
def queue() -> CurationQueue:
    return CurationQueue(service().store, settings().curation_queue, clients.sqs())


@lru_cache
def attempts() -> AttemptStore:
    return AttemptStore(settings().predictions_table, clients.dynamodb())


def handle_message(record: SQSRecord, changed: set[str]) -> None:
    """Do what one message asks, and add the datasets whose images it changes to ``changed``.
    Whatever is raised sends this message back to SQS."""

    def work(how: Callable[[Arrival, datetime], str | None]) -> None:
        for arrival, request_id in arrivals(record.json_body, Arrival):
            follow(arrival.key, request_id)
            name = how(arrival, datetime.now(UTC))
            if name is not None:
                changed.add(name)
                metrics.add_metric("Curated", MetricUnit.Count, 1)

    def take() -> None:
        if is_order(record.json_body):
            obey(record.json_body, changed, datetime.now(UTC))
        else:
            work(service().take)

    def give_up() -> None:
        if not is_order(record.json_body):
            work(lambda arrival, _: service().give_up(arrival))

    with following():
        try:
            attempt(record.raw_event, attempts, take=take, give_up=give_up)
        except Exception:
            # The batch processor keeps a failed message's exception to itself.
            logger.exception("back to the queue", extra={"message_id": record.message_id})
            raise


def is_order(message: dict[str, Any]) -> bool:
    """Whether it is of `CurationQueue`, and not of S3."""
    return "examine" in message or "take" in message


def obey(order: dict[str, Any], changed: set[str], now: datetime) -> None:
    """Do what an order asks, and add the dataset to ``changed`` where its images have other labels
    by that."""
    if "examine" in order:
        service().examine(order["examine"], order["wave"], now)
    else:
        wanted = order["take"]
        service().take_records(wanted["dataset"], wanted["prediction_ids"], changed, now)


@logger.inject_lambda_context
@traced
@metrics.log_metrics(capture_cold_start_metric=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    messages = in_order(event["Records"], attempts)
    metrics.add_metric("Messages", MetricUnit.Count, len(messages))
    patience = Patience()
    changed: set[str] = set()

    def take_in_time(record: SQSRecord, lambda_context: LambdaContext) -> None:
        patience.begin(lambda_context)
        handle_message(record, changed)

    answer = process_partial_response({"Records": messages}, take_in_time, processor, context)
    for name in sorted(changed):
        queue().renew_when_quiet(name)
    return answer
