"""Lambda entry point of the upload queue: S3 event notifications in SQS messages."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
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
from botocore.exceptions import BotoCoreError, ClientError

from lambdas import clients
from lambdas.classification import snapshot
from lambdas.classification.decoder import DEFAULT_DECODER_LIMITS
from lambdas.classification.settings import ClassificationSettings
from lambdas.ingest.pause import QueuePause
from lambdas.ingest.service import IngestService, Upload
from lambdas.ingest.settings import MAX_RECEIVE_COUNT
from lambdas.telemetry.measurements import measure
from lambdas.telemetry.trail import follow, following, traced
from visionflow.access.budget import BudgetSettings, BudgetTopic
from visionflow.access.quotas import UsageSettings
from visionflow.errors import PlatformError, QuotaExceededError
from visionflow.predictions.record import Prediction

# What its decoder may take until it counts as hung, and some seconds for the rest.
MOST_MS_OF_A_MESSAGE = 1000 * (DEFAULT_DECODER_LIMITS.wall_s + 5)

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


def deliveries(message: dict[str, Any]) -> int:
    return int(message["attributes"]["ApproximateReceiveCount"])


def in_order(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """First deliveries first: whatever a message does that was delivered before, it comes after
    them. Of the others those come last that a worker died with, the latest at the very end, so that
    each is the only one that an invocation can end with. Those that are given up need no work.
    """

    def rank(message: dict[str, Any]) -> tuple[int, str]:
        if deliveries(message) == 1:
            return 0, ""
        died_at = None
        with suppress(BotoCoreError, ClientError):  # the message itself will meet the fault
            died_at = service().predictions.attempts.unended(message["messageId"])
        if died_at is None:
            return 1, ""
        return (0 if deliveries(message) >= MAX_RECEIVE_COUNT else 2), died_at

    return sorted(messages, key=rank)


def handle_message(record: SQSRecord) -> None:
    """Ingest what one message announces. Whatever is raised sends this message back to SQS."""
    with following():
        try:
            if deliveries(record.raw_event) == 1:
                take(record, ingest)
            else:
                take_again(record)
        except QuotaExceededError as error:
            logger.warning("held back", extra={"code": error.code, "detail": str(error)})
            pause().ask()
            raise
        except Exception:
            # The batch processor keeps a failed message's exception to itself.
            logger.exception("back to the queue", extra={"message_id": record.message_id})
            raise


def take_again(record: SQSRecord) -> None:
    """Ingest what was delivered before, under a mark that stays only if this worker dies.

    On its last delivery a message whose worker died before is recorded as failed, and not tried.
    After a fault of the platform there is no mark, so it is tried, and may end as a dead letter.
    """
    attempts = service().predictions.attempts
    last = deliveries(record.raw_event) >= MAX_RECEIVE_COUNT
    if last and attempts.unended(record.message_id):
        take(record, give_up)
        return
    attempts.begin(record.message_id, datetime.now(UTC))
    try:
        take(record, ingest)
    except Exception:
        attempts.end(record.message_id, datetime.now(UTC))
        raise
    attempts.end(record.message_id, datetime.now(UTC))


def take(record: SQSRecord, how: Callable[[Upload], Prediction | None]) -> None:
    for upload, request_id in uploads(record.json_body):
        follow(upload.prediction_ids[0], request_id)
        prediction = how(upload)
        if prediction is None:
            known = {"key": upload.key, "version_id": upload.version_id}
            logger.info("already recorded", extra=known)
        else:
            measure(prediction, metrics)


def ingest(upload: Upload) -> Prediction | None:
    return service().ingest(upload, datetime.now(UTC))


def give_up(upload: Upload) -> Prediction | None:
    return service().give_up(upload, datetime.now(UTC))


@logger.inject_lambda_context
@traced
@metrics.log_metrics(capture_cold_start_metric=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    messages = in_order(event["Records"])
    metrics.add_metric("Messages", MetricUnit.Count, len(messages))
    started = False

    def take_in_time(record: SQSRecord, lambda_context: LambdaContext) -> None:
        nonlocal started
        if started and lambda_context.get_remaining_time_in_millis() < MOST_MS_OF_A_MESSAGE:
            # An invocation that runs out of time takes with it what it has done already.
            logger.warning("not begun, back to the queue", extra={"message_id": record.message_id})
            raise PlatformError("Too little time is left in this invocation.")
        started = True
        handle_message(record)

    return process_partial_response({"Records": messages}, take_in_time, processor, context)


snapshot.prepare(service)
