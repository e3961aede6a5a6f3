"""Datasets as the API offers them: what there is, their classes, versions and trainings."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from lambdas import clients
from lambdas.api.datasets.bodies import (
    MOST_DIFFERENCES,
    ClassRequest,
    DatasetDeleted,
    DatasetDetails,
    DatasetList,
    DiffCounts,
    NewDataset,
    Relabelled,
    VersionDetails,
    VersionDiff,
    VersionList,
)
from lambdas.api.datasets.images import DatasetImages
from lambdas.api.datasets.training import DatasetTraining
from lambdas.api.resources import Resources
from visionflow.access.caller import Caller
from visionflow.datasets.record import Dataset, DatasetClass, DatasetVersion
from visionflow.datasets.store import ClassChange, DatasetStore
from visionflow.datasets.versions import VersionStore
from visionflow.errors import InvalidParameterError
from visionflow.images.store import ImageStore
from visionflow.models.registry import ModelRegistry
from visionflow.timestamps import timestamp

