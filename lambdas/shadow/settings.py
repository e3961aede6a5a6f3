"""Environment of the shadow function."""

from dataclasses import dataclass

from visionflow.settings import EnvSettings


@dataclass(frozen=True)
class ShadowSettings(EnvSettings):
    """Names of the resources, and ONNX Runtime's threads."""

    images_bucket: str
    models_bucket: str
    predictions_table: str
    registry_table: str
    insights_table: str
    ort_threads: int
