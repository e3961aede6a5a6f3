"""Environment of the curation function."""

from dataclasses import dataclass
from typing import Final

from visionflow.settings import EnvSettings

QUIET_S: Final = 3
"""Images of a dataset are compared when none has arrived for so many seconds."""


@dataclass(frozen=True)
class CurateSettings(EnvSettings):
    """Names of the resources, and ONNX Runtime's threads.

    ``predictions_table`` keeps the marks of messages that are worked on, for all queues.
    """

    datasets_bucket: str
    dataset_table: str
    curation_queue: str
    predictions_table: str
    ort_threads: int
