"""What cross-validation says about a dataset's labels, as data of `report.json`."""

from dataclasses import dataclass

from training.results.scores import Interval


@dataclass(frozen=True)
class FoldScores:
    """Top-1 of a linear model on features of a frozen network, each image answered by a model that
    was trained without its fold.

    ``grouped``: no group of images is in two folds. ``random``: split by file, so shots of one
    scene are in several folds, and the accuracy is too high.
    """

    folds: int
    images: int
    grouped_top1: float
    grouped_interval: Interval
    random_top1: float
    random_interval: Interval


@dataclass(frozen=True)
class SuspectLabel:
    """An image whose label is more likely wrong than right.

    ``confidence``: out-of-fold probability of ``label``, 0..1; ``suggested_confidence``: that of
    ``suggested``, the most likely one. ``image``: a JPEG as data URL; None where there is none.
    """

    file: str
    label: str
    suggested: str
    confidence: float
    suggested_confidence: float
    image: str | None


@dataclass(frozen=True)
class LabelCheck:
    """``suspects``: the most suspicious labels first, at most 100 of ``suspect_count``.

    ``skipped``: why there is no check; ``scores`` is None then.
    """

    skipped: str | None
    scores: FoldScores | None
    suspects: tuple[SuspectLabel, ...]
    suspect_count: int
