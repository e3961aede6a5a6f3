"""Calibration of the confidence."""

import numpy as np

from training.data.listing import Int64Array
from training.evaluation.intervals import BoolArray, surplus_interval
from training.results.findings import Calibration, CoverageCurve, Reliability, ReliabilityBin
from training.results.scores import Interval
from visionflow.answers.classifier import FloatArray, softmax

CALIBRATION_BINS = 15
CURVE_POINTS = 100


def calibration_on(
    logits: FloatArray, targets: Int64Array, temperature: float, unknown_threshold: float
) -> Calibration:
    """The effect of ``temperature`` and of the threshold on ``logits`` [N, C]."""
    correct = logits.argmax(axis=1) == targets
    before = softmax(logits).max(axis=1)
    after = softmax(logits / np.float32(temperature)).max(axis=1)
    return Calibration(
        temperature=temperature,
        unknown_threshold=unknown_threshold,
        before=reliability(before, correct),
        after=reliability(after, correct),
        coverage=coverage_curve(after, correct),
    )


def reliability(confidence: FloatArray, correct: BoolArray) -> Reliability:
    """Both [N]; bins of equal width (Guo et al. 2017, arXiv:1706.04599, section 2)."""
    place = _bins(confidence)
    bins = []
    for index in np.unique(place):
        inside = place == index
        bins.append(
            ReliabilityBin(
                low=float(index / CALIBRATION_BINS),
                high=float((index + 1) / CALIBRATION_BINS),
                images=int(inside.sum()),
                confidence=float(confidence[inside].mean()),
                accuracy=float(correct[inside].mean()),
            )
        )
    return Reliability(expected_calibration_error(confidence, correct), tuple(bins))


def expected_calibration_error(confidence: FloatArray, correct: BoolArray) -> float:
    """Mean gap between confidence and accuracy over bins of equal width, weighted by their size.

    Guo et al. 2017, arXiv:1706.04599, equation 3.
    """
    # |sum of confidence - number correct| over a bin is its size times its gap.
    surplus = np.bincount(
        _bins(confidence), weights=confidence - correct, minlength=CALIBRATION_BINS
    )
    return float(np.abs(surplus).sum() / len(confidence))


def calibration_interval(
    confidence: FloatArray, correct: BoolArray, groups: Int64Array | None = None
) -> Interval:
    """Of `expected_calibration_error`. ``groups``: as for `surplus_interval`."""
    surplus = confidence.astype(np.float64) - correct
    return surplus_interval(surplus, _bins(confidence), CALIBRATION_BINS, groups)


def coverage_curve(confidence: FloatArray, correct: BoolArray) -> CoverageCurve:
    """Accuracy over coverage as the threshold rises (Geifman & El-Yaniv 2017, arXiv:1705.08500).

    Answers of equal confidence stay together; at most `CURVE_POINTS` points are kept.
    """
    order = np.argsort(confidence, kind="stable")
    # At each place: how many of the answers at least this confident are right.
    right = np.cumsum(correct[order][::-1])[::-1]
    thresholds = np.unique(confidence)
    if len(thresholds) > CURVE_POINTS:
        kept = np.linspace(0, len(thresholds) - 1, CURVE_POINTS).round().astype(int)
        thresholds = thresholds[kept]
    below = np.searchsorted(confidence[order], thresholds)
    answered = len(confidence) - below
    return CoverageCurve(
        threshold=tuple(float(t) for t in thresholds),
        coverage=tuple(float(n) for n in answered / len(confidence)),
        accuracy=tuple(float(a) for a in right[below] / answered),
    )


def _bins(confidence: FloatArray) -> Int64Array:
    return np.minimum((confidence * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
