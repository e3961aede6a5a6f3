"""From which confidence and familiarity on an image gets an answer."""

from dataclasses import dataclass

import numpy as np

from training.evaluation.intervals import BoolArray, Float64Array
from visionflow.models.classifier import FloatArray
from visionflow.models.manifest import Manifest

# The same image in another batch, or on another processor, may differ by rounding. Where all images
# have the same value, as of a network that is sure of everything, that must not decide.
MARGIN = 1e-5


@dataclass(frozen=True, eq=False)
class Decisions:
    """Of N images. ``unfamiliar`` goes first: such an image is not called unsure too."""

    unsure: BoolArray
    unfamiliar: BoolArray

    @property
    def answered(self) -> BoolArray:
        return ~(self.unsure | self.unfamiliar)

    def changes(self, other: "Decisions") -> float:
        """The share of images that ``other`` decides differently."""
        differs = (self.unsure != other.unsure) | (self.unfamiliar != other.unfamiliar)
        return float(differs.mean())


@dataclass(frozen=True)
class Thresholds:
    """``familiarity``: None where it is not measured."""

    confidence: float
    familiarity: float | None

    @classmethod
    def of(cls, manifest: Manifest) -> "Thresholds":
        rule = manifest.familiarity
        return cls(manifest.unknown_threshold, rule.threshold if rule else None)

    def decide(self, confidence: FloatArray, familiarity: FloatArray | None) -> Decisions:
        """What the classifier does one by one, of [N] and [N]."""
        # As float64, as there: a threshold is not rounded to float32.
        unsure = confidence.astype(np.float64) < self.confidence
        unfamiliar = np.zeros(len(confidence), bool)
        if familiarity is not None and self.familiarity is not None:
            unfamiliar = familiarity.astype(np.float64) < self.familiarity
        return Decisions(unsure & ~unfamiliar, unfamiliar)


def choose_thresholds(
    confidence: FloatArray, familiarity: FloatArray | None, kept: float
) -> Thresholds:
    """The highest thresholds that give the share ``kept`` of images like these an answer.

    ``confidence`` and ``familiarity``: [N] of validation images. Each threshold has the same share
    of them below it, so that neither measure is preferred. Like in split conformal prediction, at
    most ``(N + 1) * (1 - kept)`` images, less one, get no answer (Vovk, Gammerman & Shafer 2005,
    proposition 2.2). Where N is too small for that, none of them does, and the thresholds lie as
    far below the least values as the median lies above. What is not a number counts as the lowest.
    """
    count = len(confidence)
    # A product like 20 * 0.05 may come out below its whole number.
    place = int((count + 1) * (1 - kept) + 1e-9)
    measures = [_numbers(values) for values in (confidence, familiarity) if values is not None]
    rising = [np.sort(values) for values in measures]
    # An image loses its answer once ``rank`` is as high as this: its value is under rising[rank].
    lost_from = np.min(
        [
            np.searchsorted(ordered, values, side="right")
            for ordered, values in zip(rising, measures, strict=True)
        ],
        axis=0,
    )
    allowed = min(max(place - 1, 0), count - 1)
    rank = int(np.sort(lost_from)[allowed]) - 1
    chosen = [_threshold(ordered, rank, spread=place == 0) for ordered in rising]
    return Thresholds(
        confidence=max(chosen[0], 0.0), familiarity=None if familiarity is None else chosen[1]
    )


def _threshold(ordered: Float64Array, rank: int, spread: bool) -> float:
    lowest = float(ordered[rank])
    if spread:
        lowest = float(2 * ordered[0] - np.median(ordered))
    return lowest - MARGIN


def _numbers(values: FloatArray) -> Float64Array:
    finite = np.isfinite(values)
    lowest = values[finite].min() if finite.any() else 0.0
    return np.where(finite, values, lowest).astype(np.float64)
