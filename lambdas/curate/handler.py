"""Lambda entry point of the curation queue: S3 event notifications, records that the rule of a
dataset is to look at, and datasets whose images are to be compared."""

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from lambdas import clients
from lambdas.classification.announcements import (
    Announced,
    Arrival,
    UnknownEnvelopeError,
    Watched,
    announced,
    read_message,
)
from lambdas.classification.dead_letters import DeadLetters
from lambdas.classification.deliveries import Message, Patience, attempt, each, in_order
from lambdas.classification.settings import DeadLetterSettings
from lambdas.curate.service import CurateService
from lambdas.curate.settings import CurateSettings
from lambdas.telemetry.invocation import LambdaContext
from lambdas.telemetry.log import logged, logger
from lambdas.telemetry.metrics import measured, metrics
from lambdas.telemetry.trail import follow, following
from visionflow.access.audit import AuditLog
from visionflow.access.budget import StageStop
from visionflow.answers.embedder import Embedder
from visionflow.datasets.names import CONTENT_PREFIX, DROP_PREFIX
from visionflow.datasets.run_store import RunStore
from visionflow.datasets.store import DatasetStore
from visionflow.datasets.versions import VersionStore
from visionflow.images.store import ImageStore
from visionflow.insights.copies import DatasetCopies
from visionflow.loop.curation_queue import CurationQueue, ExamineOrder, Order, order_in
from visionflow.loop.flowing import Flowing
from visionflow.loop.training import InstantTraining, RuleTraining
from visionflow.predictions.attempts import AttemptStore
from visionflow.predictions.store import PredictionStore
from visionflow_starter import STARTER

# With the ids of the requests that brought them.
Arrivals = Sequence[tuple[Arrival, str | None]]


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


@lru_cache
def dead_letters() -> DeadLetters:
    return DeadLetters(DeadLetterSettings.from_env(os.environ).dead_letter_queue, clients.sqs())


def handle_message(record: Message, changed: set[str]) -> None:
    """Do what one message asks, and add the datasets whose images it changes to ``changed``.
    Whatever is raised sends this message back to SQS."""

    def work(how: Callable[[Arrival, datetime], str | None], found: Arrivals) -> None:
        for arrival, request_id in found:
            follow(arrival.key, request_id)
            name = how(arrival, datetime.now(UTC))
            if name is not None:
                changed.add(name)
                metrics.add("Curated")

    with following():
        try:
            message = read_message(record.body)
            order = order_in(message)
            found = Announced[Arrival]((), None) if order else arrivals_in(message)

            def take() -> None:
                if order:
                    obey(order, changed, datetime.now(UTC))
                work(service().take, found.arrivals)

            def give_up() -> None:
                work(lambda arrival, _: service().give_up(arrival), found.arrivals)

            attempt(record.raw_event, attempts, take=take, give_up=give_up)
            found.check()
        except UnknownEnvelopeError as error:
            dead_letters().bury(record, error)
        except Exception:
            # The batch processor keeps a failed message's exception to itself.
            logger.exception("back to the queue", extra={"message_id": record.id})
            raise


def arrivals_in(message: Any) -> Announced[Arrival]:
    watched = Watched(settings().datasets_bucket, (CONTENT_PREFIX, DROP_PREFIX))
    return announced(message, Arrival, watched)


def obey(order: Order, changed: set[str], now: datetime) -> None:
    """Do what an order asks, and add the dataset to ``changed`` where its images have other labels
    by that."""
    if isinstance(order, ExamineOrder):
        service().examine(order.examine, order.wave, now)
    else:
        service().take_records(order.dataset, order.prediction_ids, changed, now)


@logged()
@measured
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    messages = in_order(event["Records"], attempts)
    metrics.add("Messages", len(messages))
    patience = Patience()
    changed: set[str] = set()

    def take_in_time(record: Message) -> None:
        patience.begin(context)
        handle_message(record, changed)

    answer = each(messages, take_in_time)
    for name in sorted(changed):
        queue().renew_when_quiet(name)
    return answer
