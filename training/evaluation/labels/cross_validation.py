"""Answers to every image by a model that did not see it, nor another image of its group."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.data.listing import Int64Array
from training.evaluation.intervals import share_interval
from training.evaluation.labels.linear_head import Float32Array, logits_of_others
from training.fit.linear.folds import divide_in_folds
from training.results.labels import FoldScores
from training.texts.progress import Bar

FOLDS = 5

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """``logits``: float32 [N, C]. ``measured``: bool [N], False where the images of the class are
    all in the image's own fold, so that no model could know the class."""

    logits: Float32Array
    measured: BoolArray
    folds: int


def out_of_fold(
    features: Float32Array, targets: Int64Array, groups: Int64Array | None
) -> OutOfFold:
    """Cross-validate a linear model on ``features`` [N, F] with classes ``targets`` [N].

    No group of ``groups`` [N] is in two folds; without groups the images are split one by one. The
    folds are `FOLDS`, or fewer where every class has fewer groups.
    """
    classes = int(targets.max()) + 1
    folds = divide_in_folds(targets, groups, FOLDS)
    logits = np.zeros((len(targets), classes), np.float32)
    measured = np.zeros(len(targets), np.bool_)
    for rest, fold in Bar(folds, what="cross-validate", unit="folds"):
        if len(rest) and len(fold):
            logits[fold] = logits_of_others(features[rest], targets[rest], classes, features[fold])
            measured[fold] = np.isin(targets[fold], targets[rest])
    return OutOfFold(logits, measured, len(folds))


def fold_scores(
    grouped: OutOfFold, random: OutOfFold, targets: Int64Array, groups: Int64Array
) -> FoldScores:
    """Both on the images that both measured, of which there is at least one."""
    both = grouped.measured & random.measured
    right = [(x.logits.argmax(axis=1) == targets)[both] for x in (grouped, random)]
    return FoldScores(
        folds=grouped.folds,
        images=int(both.sum()),
        grouped_top1=float(right[0].mean()),
        grouped_interval=share_interval(right[0], groups[both]),
        random_top1=float(right[1].mean()),
        random_interval=share_interval(right[1]),
    )
