"""How right a model of labels with parents is at each level of their tree."""

from dataclasses import dataclass

from training.results.scores import Interval


@dataclass(frozen=True)
class LevelScores:
    """Of the most likely of ``names`` at one level: 0 is the top, the last one the labels.

    A label that has fewer parents counts at the deeper levels too. ``ece``: of the summed
    probabilities.
    """

    level: int
    names: int
    top1: float
    top1_interval: Interval
    ece: float


@dataclass(frozen=True)
class BackOffPoint:
    """What one threshold of confidence gives. ``leaf`` and ``parent``: the share of all images that
    is called a label, or a parent of labels. ``right``: of these, the share for which that is true;
    0 where there are none."""

    threshold: float
    leaf: float
    parent: float
    right: float


@dataclass(frozen=True)
class Levels:
    """Of test images. ``served``: at the manifest's threshold; ``curve``: at rising ones.
    Unfamiliar images have no answer at any of them."""

    levels: tuple[LevelScores, ...]
    served: BackOffPoint
    curve: tuple[BackOffPoint, ...]
