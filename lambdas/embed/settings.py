"""Environment of the embed function."""

from dataclasses import dataclass

from visionflow.settings import EnvSettings


@dataclass(frozen=True)
class EmbedSettings(EnvSettings):
    """Names of the resources."""

    datasets_table: str
    datasets_bucket: str
