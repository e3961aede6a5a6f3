"""Environment of the instant function."""

from dataclasses import dataclass

from visionflow.settings import EnvSettings


@dataclass(frozen=True)
class InstantSettings(EnvSettings):
    """Names of the resources. ``gate``: the stage's `GateLimits` as JSON."""

    datasets_table: str
    datasets_bucket: str
    models_bucket: str
    registry_table: str
    audit_table: str
    usage_table: str
    curation_queue: str
    gate: str
