"""Environment of the publish function."""

from dataclasses import dataclass

from visionflow.settings import EnvSettings


@dataclass(frozen=True)
class PublishSettings(EnvSettings):
    """Names of the resources. ``gate``: the stage's `GateLimits` as JSON."""

    jobs_table: str
    jobs_bucket: str
    models_bucket: str
    registry_table: str
    audit_table: str
    gate: str
    datasets_bucket: str
    datasets_table: str
