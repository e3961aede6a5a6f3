"""Folds of images for cross-validation."""

import warnings

import numpy as np

from training.data.listing import Int64Array

Fold = tuple[Int64Array, Int64Array]
"""Indices of the images outside a fold, and of those in it."""

_SEED = 1


def divide_in_folds(targets: Int64Array, groups: Int64Array | None, most: int) -> list[Fold]:
    """Folds of the images with classes ``targets`` [N], each class spread over all of them.

    No group of ``groups`` [N] is in two folds; without groups the images are split one by one.
    There are ``most`` folds, or fewer where every class has fewer groups; none where every class
    has one. A fold may be empty, and hold all images of a class.
    """
    alone = np.arange(len(targets)) if groups is None else groups
    pairs = np.unique(np.stack([targets, alone]), axis=1)
    count = min(most, int(np.bincount(pairs[0]).max()))
    if count < 2:
        return []
    # Only a probe and a proof need it, and its import takes over a second.
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold  # noqa: PLC0415

    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    folds = kind(count, shuffle=True, random_state=_SEED)
    with warnings.catch_warnings():
        # It warns of classes with fewer images than folds; callers deal with them.
        warnings.simplefilter("ignore", UserWarning)
        return list(folds.split(np.zeros(len(targets)), targets, groups))
