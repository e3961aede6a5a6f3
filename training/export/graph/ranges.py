"""From the distribution of an activation to the range that the 256 levels of uint8 cover."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

RangeRule = Literal["min-max", "percentile 99.999", "percentile 99.99", "entropy"]
RANGE_RULES: tuple[RangeRule, ...] = get_args(RangeRule)

Range = tuple[float, float]
"""Lowest and highest value."""

BINS = 2048
LEVELS = 256
SMALLEST = float(np.finfo(np.float32).tiny)
# Steps, in bins, in which a range is narrowed to find the one of least entropy.
ENTROPY_STEP = 32


@dataclass(frozen=True, eq=False)
class Histogram:
    """``counts`` [BINS] of an activation's values in equal bins from ``low`` to ``high``."""

    low: float
    high: float
    counts: npt.NDArray[np.int64]

    def edge(self, index: int) -> float:
        """Where bin ``index`` begins."""
        return self.low + (self.high - self.low) * index / BINS


def choose_range(histogram: Histogram, calibration: RangeRule) -> Range:
    """The range by a ``calibration`` that the extremes alone do not answer."""
    if calibration == "entropy":
        return entropy_range(histogram)
    return percentile_range(histogram, float(calibration.split()[1]))


def percentile_range(histogram: Histogram, percent: float) -> Range:
    """The range that holds ``percent`` of the values, as many cut off below as above."""
    shares = np.cumsum(histogram.counts) / histogram.counts.sum()
    cut = (1 - percent / 100) / 2
    first = int(np.searchsorted(shares, cut, side="right"))
    last = int(np.searchsorted(shares, 1 - cut))
    return histogram.edge(first), histogram.edge(min(last, BINS - 1) + 1)


def entropy_range(histogram: Histogram) -> Range:
    """The range whose quantized distribution is closest to the true one, by KL divergence.

    Migacz 2017 (8-bit inference with TensorRT), for ranges that are not symmetric: both ends move
    towards zero by the same factor. Zeros, which after a ReLU are most values and are exact in any
    range, count no more than their neighbours.
    """
    width = max(histogram.high - histogram.low, SMALLEST)
    zero = min(max(int(BINS * -histogram.low / width), 0), BINS - 1)
    counts = histogram.counts.astype(np.float64)
    beside = counts[[max(zero - 1, 1), min(zero + 1, BINS - 2)]]
    counts[zero] = min(counts[zero], beside.max())
    best, least = (histogram.low, histogram.high), np.inf
    for kept in range(LEVELS, BINS + 1, ENTROPY_STEP):
        first = round(zero * (1 - kept / BINS))
        divergence = _divergence(counts, first, first + kept)
        if divergence <= least:
            best, least = (histogram.edge(first), histogram.edge(first + kept)), divergence
    return best


def _divergence(counts: npt.NDArray[np.float64], first: int, last: int) -> float:
    """Of the bins ``first`` to ``last``, the rest added to the outermost, from their `LEVELS`."""
    inside = counts[first:last]
    true = inside.copy()
    true[0] += counts[:first].sum()
    true[-1] += counts[last:].sum()
    level = np.arange(len(inside)) * LEVELS // len(inside)
    filled = inside > 0
    mean = np.bincount(level, inside) / np.maximum(np.bincount(level, filled), 1)
    quantized = np.where(filled, mean[level], 0)
    # A bin that only clipped values are in must cost something finite.
    quantized = np.maximum(quantized / max(quantized.sum(), SMALLEST), 1e-9)
    true /= max(true.sum(), SMALLEST)
    return float((true[true > 0] * np.log(true[true > 0] / quantized[true > 0])).sum())
