"""Environment of the curation function."""

from dataclasses import dataclass

from visionflow.settings import EnvSettings


@dataclass(frozen=True)
class CurateSettings(EnvSettings):
    """Names of the resources, the ARN of the state machine that trains, and ONNX Runtime's threads.

    ``predictions_table`` also keeps the marks of messages that are worked on, for all queues.
    """

    datasets_bucket: str
    datasets_table: str
    curation_queue: str
    predictions_table: str
    audit_table: str
    usage_table: str
    instant_machine: str
    ort_threads: int
