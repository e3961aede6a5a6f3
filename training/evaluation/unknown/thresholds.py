"""From which confidence, familiarity and detail on an image gets an answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from training.data.image_set import in_batches
from training.evaluation.intervals import BoolArray, Float64Array
from visionflow.answers.answer import UnknownReason
from visionflow.answers.classifier import FloatArray, unknown_reasons
from visionflow.answers.familiarity import finest_detail
from visionflow.images.pipeline import UInt8Array
from visionflow.models.manifest import Manifest

# The share of all lost images that each of these may lose; familiarity, which lets the fewest
# strangers through at the same cost, gets what they leave.
OF_CONFIDENCE = OF_DETAIL = 0.1
# The same image in another batch, or on another processor, may differ by rounding. Where all images
# have the same value, as of a network that is sure of everything, that must not decide.
MARGIN = 1e-5


@dataclass(frozen=True, eq=False)
class Decisions:
    """Of N images: which get no answer, and why."""

    unsure: BoolArray
    unfamiliar: BoolArray

    @classmethod
    def of(cls, reasons: Sequence[UnknownReason | None]) -> Self:
        return cls(
            np.array([reason == "unsure" for reason in reasons], bool),
            np.array([reason == "unfamiliar" for reason in reasons], bool),
        )

    @property
    def answered(self) -> BoolArray:
        return ~(self.unsure | self.unfamiliar)

    def changes(self, other: "Decisions") -> float:
        """The share of images that ``other`` decides differently."""
        differs = (self.unsure != other.unsure) | (self.unfamiliar != other.unfamiliar)
        return float(differs.mean())


@dataclass(frozen=True)
class Thresholds:
    """``familiarity`` and ``detail``: None where familiarity is not measured."""

    confidence: float
    familiarity: float | None
    detail: float | None


def decide(
    manifest: Manifest,
    probabilities: FloatArray,
    familiarity: FloatArray | None,
    images: UInt8Array,
) -> Decisions:
    """As the classifier decides, for more ``images`` [N, H, W, 3] than it takes at a time."""
    reasons: list[UnknownReason | None] = []
    for batch in in_batches(images):
        part = slice(len(reasons), len(reasons) + len(batch))
        familiar = None if familiarity is None else familiarity[part]
        reasons += unknown_reasons(manifest, probabilities[part], familiar, batch)
    return Decisions.of(reasons)


def details(images: UInt8Array) -> FloatArray:
    """`finest_detail` of [N, H, W, 3]: [N]."""
    found: FloatArray = np.concatenate([finest_detail(batch) for batch in in_batches(images)])
    return found


def choose_thresholds(
    confidence: FloatArray, familiarity: FloatArray | None, detail: FloatArray, kept: float
) -> Thresholds:
    """The highest thresholds that give the share ``kept`` of images like these an answer.

    All [N], of validation images. As in split conformal prediction, a threshold that loses one
    image less than ``(N + 1) * share`` of them loses this share of new ones (Vovk, Gammerman &
    Shafer 2005, proposition 2.2): `OF_CONFIDENCE` of ``1 - kept`` for their confidence, `OF_DETAIL`
    for their detail, and what these leave for their familiarity. Where N is too small for one of
    these shares, no image is lost to it, and its threshold lies as far below the least value as the
    median lies above. What is not a number counts as the lowest.
    """
    lost = 1 - kept
    sure = _numbers(confidence)
    if familiarity is None:
        return Thresholds(max(_threshold(sure, _place(sure, lost)), 0.0), None, None)
    fine, familiar = _numbers(detail), _numbers(familiarity)
    of_confidence, of_detail = _place(sure, OF_CONFIDENCE * lost), _place(fine, OF_DETAIL * lost)
    least_confidence = max(_threshold(sure, of_confidence), 0.0)
    least_detail = _threshold(fine, of_detail)
    left = (sure >= least_confidence) & (fine >= least_detail)
    place = _place(familiar, lost)
    if place > 0:
        # Each of the other thresholds loses one new image more than it loses here. At least one:
        # with this place none of those that are left is lost.
        spent = int((~left).sum()) + (of_confidence > 0) + (of_detail > 0)
        place = max(place - spent, 1)
    return Thresholds(least_confidence, _threshold(familiar[left], place), least_detail)


def _place(values: Float64Array, share: float) -> int:
    if np.ptp(values) <= MARGIN:
        # No threshold could lose some of them.
        return 0
    # A product like 20 * 0.05 may come out below its whole number.
    return int((len(values) + 1) * share + 1e-9)


def _threshold(values: Float64Array, place: int) -> float:
    """The value at this place from below, counted from 1; see `choose_thresholds` for 0."""
    if place == 0:
        return float(2 * values.min() - np.median(values)) - MARGIN
    return float(np.sort(values)[min(place, len(values)) - 1]) - MARGIN


def _numbers(values: FloatArray) -> Float64Array:
    finite = np.isfinite(values)
    lowest = values[finite].min() if finite.any() else 0.0
    return np.where(finite, values, lowest).astype(np.float64)
