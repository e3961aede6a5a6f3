"""What the services of the api function are made of: its settings, AWS clients and stores."""

import os
import time
from functools import lru_cache

from lambdas import clients
from lambdas.api.settings import ApiSettings, DatasetSettings
from lambdas.api.trees import Trees
from visionflow.access.audit import AuditLog
from visionflow.access.keys import KeyStore
from visionflow.access.usage import UsageSettings
from visionflow.datasets.store import DatasetStore
from visionflow.images.store import ImageStore
from visionflow.insights.copies import DatasetCopies
from visionflow.insights.counters import CounterStore
from visionflow.insights.erasure import ErasedList, Erasure
from visionflow.insights.shadows import ShadowStore
from visionflow.models.registry import ModelRegistry
from visionflow.models.store import ModelStore
from visionflow.predictions.new_labels import NewLabels
from visionflow.predictions.reviews import ReviewStore
from visionflow.predictions.store import PredictionStore

# What the images of a version may be read for: writing it takes a quarter of that, and the API
# waits for 29 s.
FREEZING_S = 18.0


class Resources:
    """One of each, for every group of routes. ``started_at`` is on the monotonic clock."""

    def __init__(self, settings: ApiSettings, datasets: DatasetSettings) -> None:
        self.settings, self.instant_machine = settings, datasets.instant_machine
        self.curation_queue, self.datasets_table = datasets.curation_queue, datasets.datasets_table
        self.started_at = time.monotonic()
        self.s3, self.dynamodb = clients.s3(), clients.dynamodb()
        predictions, insights = settings.predictions_table, settings.insights_table
        self.usage = UsageSettings.from_env(os.environ).store(self.dynamodb)
        self.images = ImageStore(settings.images_bucket, self.s3)
        self.models = ModelStore(settings.models_bucket, self.s3)
        self.trees = Trees(self.models)
        self.predictions = PredictionStore(predictions, self.dynamodb)
        self.registry = ModelRegistry(settings.registry_table, self.dynamodb)
        self.counters = CounterStore(insights, self.dynamodb)
        self.new_labels = NewLabels(insights, self.dynamodb)
        self.reviews = ReviewStore(predictions, insights, self.dynamodb)
        self.keys = KeyStore(settings.keys_table, self.dynamodb)
        self.shadows = ShadowStore(insights, predictions, self.dynamodb, self.counters)
        self.audit = AuditLog(settings.audit_table, self.dynamodb)
        self.datasets = DatasetStore(datasets.datasets_table, self.dynamodb)
        self.dataset_content = ImageStore(datasets.datasets_bucket, self.s3)
        self.erasure = Erasure(
            self.images,
            self.predictions,
            self.reviews,
            self.shadows,
            self.counters,
            ErasedList(insights, self.dynamodb),
            DatasetCopies(self.datasets, self.dataset_content),
        )


@lru_cache
def resources() -> Resources:
    """Made by the first request."""
    return Resources(ApiSettings.from_env(os.environ), DatasetSettings.from_env(os.environ))
