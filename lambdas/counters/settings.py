"""Environment of the counters function."""

from dataclasses import dataclass

from visionflow.settings import EnvSettings


@dataclass(frozen=True)
class CountersSettings(EnvSettings):
    """Names of the resources."""

    models_bucket: str
    registry_table: str
    insights_table: str
    audit_table: str
    shadow_function: str
    uncounted_queue_url: str
    datasets_table: str
    curation_queue: str
