"""Environment of the ingest function."""

from dataclasses import dataclass

from lambdas.classification.settings import PredictSettings


@dataclass(frozen=True)
class IngestSettings(PredictSettings):
    """The same resources as for a direct call."""
