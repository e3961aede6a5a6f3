"""Lambda entry point of the upload queue: S3 event notifications in SQS messages."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes import S3Event
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas import clients
from lambdas.classification import snapshot
from lambdas.classification.settings import ClassificationSettings
from lambdas.ingest.pause import QueuePause
from lambdas.ingest.service import IngestService, Upload
from lambdas.telemetry.measurements import measure
from lambdas.telemetry.trail import follow, following, traced
from visionflow.access.budget import BudgetSettings, BudgetTopic
from visionflow.access.quotas import UsageSettings
from visionflow.errors import QuotaExceededError

logger = Logger()
metrics = Metrics()
# A batch in which every message fails is still answered item by item: SQS counts each delivery.
processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


@lru_cache
def service() -> IngestService:
    return IngestService.build(
        ClassificationSettings.from_env(os.environ),
        UsageSettings.from_env(os.environ),
        snapshot.versions(),
    )


@lru_cache
def pause() -> QueuePause:
    return QueuePause(BudgetTopic(BudgetSettings.from_env(os.environ).budget_topic, clients.sns()))


def uploads(message: dict[str, Any]) -> Iterator[tuple[Upload, str | None]]:
    """The object versions that an S3 notification announces, each with its request's id.

    The test event that S3 sends when the notification is set up announces none, and neither do the
    empty objects that the console makes to show a folder.
    """
    if message.get("Event") == "s3:TestEvent":
        return
    for record in S3Event(message).records:
        obj = record.s3.get_object
        key = unquote_plus(obj.key)  # notifications carry keys URL-encoded
        if key.endswith("/") and obj.size == 0:
            continue
        # An object that was written while versioning was off has no version of its own.
        version_id = None if obj.version_id == "null" else obj.version_id
        request_id = (record.get("responseElements") or {}).get("x-amz-request-id")
        yield Upload(record.s3.bucket.name, key, version_id, obj.etag, obj.size), request_id


def handle_message(record: SQSRecord) -> None:
    """Ingest what one message announces. Whatever is raised sends this message back to SQS."""
    with following():
        try:
            for upload, request_id in uploads(record.json_body):
                follow(upload.prediction_ids[0], request_id)
                ingest(upload)
        except QuotaExceededError as error:
            logger.warning("held back", extra={"code": error.code, "detail": str(error)})
            pause().ask()
            raise
        except Exception:
            # The batch processor keeps a failed message's exception to itself.
            logger.exception("back to the queue", extra={"message_id": record.message_id})
            raise


def ingest(upload: Upload) -> None:
    prediction = service().ingest(upload, datetime.now(UTC))
    if prediction is None:
        logger.info("already recorded", extra={"key": upload.key, "version_id": upload.version_id})
        return
    measure(prediction, metrics)


@logger.inject_lambda_context
@traced
@metrics.log_metrics(capture_cold_start_metric=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    metrics.add_metric("Messages", MetricUnit.Count, len(event["Records"]))
    return process_partial_response(event, handle_message, processor, context)


snapshot.prepare(service)
