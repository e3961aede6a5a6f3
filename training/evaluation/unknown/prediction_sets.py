"""What prediction sets are made from, and whether they hold the truth as often as they promise."""

from collections.abc import Sequence

import numpy as np

from training.data.listing import Int64Array
from training.evaluation.intervals import share_interval
from training.results.unknown import SetCoverage
from visionflow.answers.classifier import FloatArray
from visionflow.answers.prediction_sets import least_confidence
from visionflow.errors import InvalidParameterError

MOST_KEPT = 1_000
COVERAGES = (0.8, 0.9, 0.95, 0.99)
_STEPS = 1_000_000


def conformity(probabilities: FloatArray, targets: Int64Array) -> tuple[float, ...]:
    """The confidence of [N, C] in the true labels [N] of validation images, rising.

    Of more than `MOST_KEPT` images as many order statistics, such that no set becomes smaller:
    at every coverage the one that is read is at most the one that all images would give. Rounded
    down for the same reason. Empty where a confidence is not a number.
    """
    true = np.sort(_of_truth(probabilities, targets).astype(np.float64))
    if not np.isfinite(true).all():
        return ()
    kept = min(len(true), MOST_KEPT)
    # The k-th of those kept is read for every share of at least k / (kept + 1).
    places = (len(true) + 1) * np.arange(1, kept + 1) // (kept + 1) - 1
    return tuple(float(value) for value in np.floor(true[places] * _STEPS) / _STEPS)


def set_coverage(
    probabilities: FloatArray,
    targets: Int64Array,
    kept: Sequence[float],
    coverage: float,
    groups: Int64Array | None = None,
) -> SetCoverage | None:
    """Of the sets that ``kept``, made by `conformity` of other images, gives for [N, C].

    None where they were too few for this ``coverage``. ``groups``: as for `share_interval`.
    """
    try:
        least = least_confidence(kept, coverage)
    except InvalidParameterError:
        return None
    sizes = (probabilities.astype(np.float64) >= least).sum(axis=1)
    held = _of_truth(probabilities, targets).astype(np.float64) >= least
    return SetCoverage(
        coverage=coverage,
        measured=float(held.mean()),
        interval=share_interval(held, groups),
        mean_size=float(sizes.mean()),
        empty=float((sizes == 0).mean()),
    )


def set_coverages(
    probabilities: FloatArray,
    targets: Int64Array,
    kept: Sequence[float],
    groups: Int64Array | None = None,
) -> tuple[SetCoverage, ...]:
    """At those of `COVERAGES` that can be measured."""
    measured = (set_coverage(probabilities, targets, kept, each, groups) for each in COVERAGES)
    return tuple(each for each in measured if each is not None)


def _of_truth(probabilities: FloatArray, targets: Int64Array) -> FloatArray:
    picked: FloatArray = probabilities[np.arange(len(targets)), targets]
    return picked
