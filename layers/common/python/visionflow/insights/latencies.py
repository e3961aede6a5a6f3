"""Milliseconds as a histogram that can be summed: percentiles of any time and any version."""

from collections.abc import Mapping
from math import floor, log

# Each bucket is a fifth wider than the one before, so a percentile is at most 10 % off.
_RATIO = 1.2
_SMALLEST_MS = 0.01


def bucket(milliseconds: float) -> int:
    """The bucket that a time falls into."""
    return floor(log(max(milliseconds, _SMALLEST_MS) / _SMALLEST_MS) / log(_RATIO))


def percentile(histogram: Mapping[int, int], share: float) -> float | None:
    """The milliseconds that ``share`` (0..1) of the times stay under; None for an empty one.

    The geometric middle of the bucket into which that time falls.
    """
    left = share * sum(histogram.values())
    for index in sorted(histogram):
        left -= histogram[index]
        if left <= 0 < histogram[index]:
            return round(_SMALLEST_MS * float(_RATIO ** (index + 0.5)), 3)
    return None
