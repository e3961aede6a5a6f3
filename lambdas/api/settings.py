"""Environment of the api function."""

from dataclasses import dataclass

from visionflow.settings import EnvSettings


@dataclass(frozen=True)
class ApiSettings(EnvSettings):
    """Names of the resources."""

    images_bucket: str
    models_bucket: str
    predictions_table: str
    registry_table: str
