"""Lambda entry point of the shadow, called without waiting: ``{"call", "prediction_ids"}``.

``call`` names the call, however often Lambda tries it.
"""

import os
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from lambdas import clients
from lambdas.shadow.model import ShadowModel
from lambdas.shadow.service import ShadowService
from lambdas.shadow.settings import ShadowSettings
from lambdas.telemetry.invocation import LambdaContext
from lambdas.telemetry.log import logged, logger
from lambdas.telemetry.metrics import measured, metrics
from visionflow.errors import InputError
from visionflow.images.store import ImageStore
from visionflow.insights.counters import CounterStore
from visionflow.insights.shadows import ShadowStore
from visionflow.models.registry import ModelRegistry
from visionflow.models.store import ModelStore
from visionflow.predictions.store import PredictionStore


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


def look_at(prediction_ids: Sequence[str]) -> None:
    """Whatever is raised makes Lambda repeat the call; what was answered by then is kept.

    An image that fails holds back no other of the call. One that can never be answered is left
    out: the shadow has no answer to it, as another try would not have.
    """
    failed: Exception | None = None
    for prediction_id in prediction_ids:
        try:
            answer = service().look_at(prediction_id, datetime.now(UTC))
        except InputError:
            logger.exception("left out", extra={"prediction_id": prediction_id})
            continue
        except Exception as error:
            logger.exception("to be tried again", extra={"prediction_id": prediction_id})
            failed = error
            continue
        if answer:
            metrics.add("ShadowAnswers")
            metrics.add("Time.infer", answer.milliseconds, "Milliseconds")
    if failed:
        raise failed


@logged()
@measured
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """Every second try goes through the images backwards, so an image that ends the worker each
    time keeps none of the others from being answered before the call is a dead letter."""
    metrics.add("Calls")
    prediction_ids = [str(prediction_id) for prediction_id in event["prediction_ids"]]
    tries = service().shadows.begin(str(event["call"]), datetime.now(UTC))
    look_at(prediction_ids if tries % 2 else prediction_ids[::-1])
