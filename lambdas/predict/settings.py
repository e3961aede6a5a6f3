"""Environment of the predict function."""

from dataclasses import dataclass

from lambdas.classification.settings import ClassificationSettings


@dataclass(frozen=True)
class PredictSettings(ClassificationSettings):
    """What every function that classifies needs, and nothing else."""
