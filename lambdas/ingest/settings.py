"""Environment of the ingest function."""

from dataclasses import dataclass

from lambdas.classification.settings import ClassificationSettings


@dataclass(frozen=True)
class IngestSettings(ClassificationSettings):
    """What every function that classifies needs, and nothing else."""
