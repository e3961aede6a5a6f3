"""Lambda entry point of the curation queue: S3 event notifications, and its own messages that a
dataset is to be compared."""

import json
import os
import uuid
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
from lambdas.curate.settings import QUIET_S, CurateSettings
from lambdas.telemetry.trail import follow, following, traced
from visionflow.answers.embedder import Embedder
from visionflow.datasets.store import DatasetStore
from visionflow.images.store import ImageStore
from visionflow.predictions.attempts import AttemptStore
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
    s3 = clients.s3()
    return CurateService(
        DatasetStore(settings().dataset_table, clients.dynamodb()),
        ImageStore(settings().datasets_bucket, s3),
        s3,
        Embedder(STARTER, settings().ort_threads),
    )


@lru_cache
def attempts() -> AttemptStore:
    return AttemptStore(settings().predictions_table, clients.dynamodb())


def handle_message(record: SQSRecord) -> set[str]:
    """Do what one message asks, and return the datasets whose images have changed. Whatever is
    raised sends this message back to SQS."""
    changed: set[str] = set()

    def work(how: Callable[[Arrival, datetime], str | None]) -> None:
        for arrival, request_id in arrivals(record.json_body, Arrival):
            follow(arrival.key, request_id)
            name = how(arrival, datetime.now(UTC))
            if name is not None:
                changed.add(name)
                metrics.add_metric("Curated", MetricUnit.Count, 1)

    def take() -> None:
        if "examine" in record.json_body:
            service().examine(record.json_body["examine"], record.json_body["wave"])
        else:
            work(service().take)

    def give_up() -> None:
        if "examine" not in record.json_body:
            work(lambda arrival, _: service().give_up(arrival))

    with following():
        try:
            attempt(record.raw_event, attempts, take=take, give_up=give_up)
        except Exception:
            # The batch processor keeps a failed message's exception to itself.
            logger.exception("back to the queue", extra={"message_id": record.message_id})
            raise
    return changed


def ask_to_examine(name: str) -> None:
    """Have the images of a dataset compared when no more arrive: the last who asks is heard."""
    wave = uuid.uuid4().hex
    service().store.due(name, wave)
    clients.sqs().send_message(
        QueueUrl=settings().curation_queue,
        MessageBody=json.dumps({"examine": name, "wave": wave}),
        DelaySeconds=QUIET_S,
    )


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
        changed.update(handle_message(record))

    answer = process_partial_response({"Records": messages}, take_in_time, processor, context)
    for name in sorted(changed):
        ask_to_examine(name)
    return answer
