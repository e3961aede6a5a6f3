"""Drift of the images of some days, by version, against the reference of each version."""

from collections.abc import Iterable

from visionflow.errors import ArtifactError, ConfigError
from visionflow.insights.counters import Counted, by_model
from visionflow.models.drift import Drift, Reference, measure_drift
from visionflow.models.ref import ModelRef
from visionflow.models.store import ModelStore


class DriftWatch:
    """Reads each version's reference once."""

    def __init__(self, models: ModelStore) -> None:
        self._models = models
        self._references: dict[ModelRef, Reference | None] = {}

    def by_model(self, parts: Iterable[Counted]) -> dict[ModelRef, Drift]:
        """For the versions that have answered something and were made with a reference; ``parts``
        are days and labels."""
        found = {}
        for model, counted in by_model(parts).items():
            reference = self._reference(model)
            if reference and counted.under("label."):
                found[model] = _drift(reference, counted)
        return found

    def _reference(self, model: ModelRef) -> Reference | None:
        if model not in self._references:
            try:
                manifest = self._models.manifest(model)
                self._references[model] = self._models.reference(manifest)
            except (ArtifactError, ConfigError):
                # A version without its files has raised an alarm when it was loaded to serve.
                return None
        return self._references[model]


def _drift(reference: Reference, counted: Counted) -> Drift:
    components = range(reference.embedding.components)
    return measure_drift(
        reference,
        counted.under("label."),
        counted["sketches"],
        [counted[f"sum.{index}"] for index in components],
        [counted[f"square.{index}"] for index in components],
    )
