"""What the services of the api function are made of: its settings, AWS clients and stores."""

import os
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Self

from lambdas import clients
from lambdas.api.settings import ApiSettings
from visionflow.images.store import ImageStore
from visionflow.insights.counters import CounterStore
from visionflow.insights.shadows import ShadowStore
from visionflow.models.registry import ModelRegistry
from visionflow.models.store import ModelStore
from visionflow.predictions.reviews import ReviewStore
from visionflow.predictions.store import PredictionStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Resources:
    """One of each, for every group of routes. ``started_at`` is on the monotonic clock."""

    settings: ApiSettings
    started_at: float
    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    images: ImageStore
    models: ModelStore
    predictions: PredictionStore
    registry: ModelRegistry
    counters: CounterStore
    reviews: ReviewStore
    shadows: ShadowStore

    @classmethod
    def build(cls, settings: ApiSettings) -> Self:
        s3, dynamodb = clients.s3(), clients.dynamodb()
        counters = CounterStore(settings.insights_table, dynamodb)
        return cls(
            settings,
            time.monotonic(),
            s3,
            dynamodb,
            ImageStore(settings.images_bucket, s3),
            ModelStore(settings.models_bucket, s3),
            PredictionStore(settings.predictions_table, dynamodb),
            ModelRegistry(settings.registry_table, dynamodb),
            counters,
            ReviewStore(settings.predictions_table, settings.insights_table, dynamodb),
            ShadowStore(settings.insights_table, dynamodb, counters),
        )


@lru_cache
def resources() -> Resources:
    """Made by the first request."""
    return Resources.build(ApiSettings.from_env(os.environ))
