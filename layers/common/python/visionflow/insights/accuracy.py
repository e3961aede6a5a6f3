"""How often answers were right, by what people said of them."""

from visionflow.insights.changes import NONE
from visionflow.insights.counters import Counted
from visionflow.insights.intervals import Share, share


def by_feedback(counted: Counted) -> Share:
    """Of images with feedback, by the label that people gave or that none of the labels is right;
    without those that people were asked about because they were uncertain."""
    none = of_kind(counted, NONE)
    given = sum(counted.under("given.").values()) + none.n
    right = sum(counted.under("right.").values()) + none.correct
    return share(min(right, given), given)


def of_kind(counted: Counted, kind: str) -> Share:
    """Of feedback without a row of a label: `NONE` or `QUEUE`."""
    # Without what is below zero: it was erased before it was counted.
    given, right = max(counted[f"{kind}.given"], 0), max(counted[f"{kind}.right"], 0)
    return share(min(right, given), given)
