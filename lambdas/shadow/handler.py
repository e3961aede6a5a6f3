"""Lambda entry point of the shadow's queue."""

import os
import tempfile
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
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
from lambdas.shadow.model import ShadowModel
from lambdas.shadow.service import ShadowService
from lambdas.shadow.settings import ShadowSettings
from lambdas.telemetry.trail import traced
from visionflow.errors import InputError
from visionflow.images.store import ImageStore
from visionflow.insights.counters import CounterStore
from visionflow.insights.shadows import ShadowStore
from visionflow.models.registry import ModelRegistry
from visionflow.models.store import ModelStore
from visionflow.predictions.store import PredictionStore

logger = Logger()
metrics = Metrics()
# A batch in which every message fails is still answered item by item: SQS counts each delivery.
processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


@lru_cache
def service() -> ShadowService:
    settings = ShadowSettings.from_env(os.environ)
    s3, dynamodb = clients.s3(), clients.dynamodb()
    insights = settings.insights_table
    return ShadowService(
        ShadowModel(
            ModelRegistry(settings.registry_table, dynamodb),
            ModelStore(settings.models_bucket, s3),
            cache=Path(tempfile.gettempdir()) / "models",
            threads=settings.ort_threads,
        ),
        ImageStore(settings.images_bucket, s3),
        PredictionStore(settings.predictions_table, dynamodb),
        ShadowStore(
            insights, settings.predictions_table, dynamodb, CounterStore(insights, dynamodb)
        ),
    )


def look_at(record: SQSRecord) -> None:
    """Whatever is raised sends this message back to SQS; what was answered by then is kept.

    An image that fails holds back no other of the message. One that can never be answered is left
    out: the shadow has no answer to it, as another try would not have. Every second delivery goes
    through the message backwards, so an image that ends the worker each time keeps none of the
    others from being answered, and is a dead letter alone.
    """
    failed: Exception | None = None
    prediction_ids = record.json_body["prediction_ids"]
    if int(record.attributes.approximate_receive_count) % 2 == 0:
        prediction_ids.reverse()
    for prediction_id in prediction_ids:
        try:
            answer = service().look_at(prediction_id, datetime.now(UTC))
        except InputError:
            logger.exception("left out", extra={"prediction_id": prediction_id})
            continue
        except Exception as error:
            # The batch processor keeps a failed message's exception to itself.
            logger.exception("back to the queue", extra={"prediction_id": prediction_id})
            failed = error
            continue
        if answer:
            metrics.add_metric("ShadowAnswers", MetricUnit.Count, 1)
            metrics.add_metric("Time.infer", MetricUnit.Milliseconds, answer.milliseconds)
    if failed:
        raise failed


@logger.inject_lambda_context
@traced
@metrics.log_metrics(capture_cold_start_metric=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    metrics.add_metric("Messages", MetricUnit.Count, len(event["Records"]))
    return process_partial_response(event, look_at, processor, context)
