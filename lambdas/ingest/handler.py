"""Lambda entry point of the upload queue: S3 event notifications in SQS messages."""

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from lambdas import clients
from lambdas.classification import snapshot
from lambdas.classification.announcements import (
    Announced,
    UnknownEnvelopeError,
    Watched,
    announced,
    read_message,
)
from lambdas.classification.dead_letters import DeadLetters
from lambdas.classification.deliveries import Message, Patience, attempt, each, in_order
from lambdas.classification.settings import ClassificationSettings, DeadLetterSettings
from lambdas.classification.uploads import Upload
from lambdas.ingest.pause import QueuePause
from lambdas.ingest.service import IngestService
from lambdas.telemetry.invocation import LambdaContext
from lambdas.telemetry.log import logged, logger
from lambdas.telemetry.measurements import measure
from lambdas.telemetry.metrics import measured, metrics
from lambdas.telemetry.trail import follow, following
from visionflow.access.budget import BudgetSettings, BudgetTopic
from visionflow.access.usage import UsageSettings
from visionflow.errors import PlatformError, QuotaExceededError
from visionflow.images.uploads import UPLOAD_PREFIX
from visionflow.predictions.record import Prediction

# With the ids of the requests that brought them.
Uploads = Sequence[tuple[Upload, str | None]]


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


@lru_cache
def dead_letters() -> DeadLetters:
    return DeadLetters(DeadLetterSettings.from_env(os.environ).dead_letter_queue, clients.sqs())


def handle_message(record: Message) -> None:
    """Ingest what one message announces. Whatever is raised sends this message back to SQS."""
    with following():
        try:
            found = uploads_in(record)
            attempt(
                record.raw_event,
                lambda: service().predictions.attempts,
                take=lambda: take(found.arrivals, ingest),
                give_up=lambda: take(found.arrivals, give_up),
            )
            found.check()
        except UnknownEnvelopeError as error:
            dead_letters().bury(record, error)
        except QuotaExceededError as error:
            logger.warning("held back", extra={"code": error.code, "detail": str(error)})
            pause().ask()
            raise
        except Exception:
            # The batch processor keeps a failed message's exception to itself.
            logger.exception("back to the queue", extra={"message_id": record.id})
            raise


def uploads_in(record: Message) -> Announced[Upload]:
    """Raises `UnknownEnvelopeError` for what is not JSON."""
    bucket = ClassificationSettings.from_env(os.environ).images_bucket
    return announced(read_message(record.body), Upload, Watched(bucket, (UPLOAD_PREFIX,)))


def take(uploads: Uploads, how: Callable[[Upload], Prediction | None]) -> None:
    for upload, request_id in uploads:
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


@logged()
@measured
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    messages = in_order(event["Records"], lambda: service().predictions.attempts)
    metrics.add("Messages", len(messages))
    patience = Patience()

    def take_in_time(record: Message) -> None:
        try:
            patience.begin(context)
        except PlatformError:
            logger.warning("not begun, back to the queue", extra={"message_id": record.id})
            raise
        handle_message(record)

    return each(messages, take_in_time)


snapshot.prepare(service)
