"""Environment of the functions that classify."""

from dataclasses import dataclass
from typing import Final

from visionflow.settings import EnvSettings

MAX_RECEIVE_COUNT: Final = 5
"""Deliveries of a queue's message before it is in the dead-letter queue."""


@dataclass(frozen=True)
class DeadLetterSettings(EnvSettings):
    """The queue of dead letters, of a function that is fed by a queue."""

    dead_letter_queue: str


@dataclass(frozen=True)
class ClassificationSettings(EnvSettings):
    """Names of the resources, days that a record is kept, ONNX Runtime's threads, and whether
    requests carry a token (1) or need none (0), and callers see their own records alone (1)."""

    images_bucket: str
    models_bucket: str
    predictions_table: str
    registry_table: str
    retention_days: int
    ort_threads: int
    requires_sign_in: int
    own_records: int
