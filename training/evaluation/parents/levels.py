"""Accuracy and calibration at each level of a tree of labels."""

import numpy as np

from training.data.listing import Int64Array
from training.evaluation.calibration import expected_calibration_error
from training.evaluation.intervals import BoolArray, share_interval
from training.evaluation.parents.naming import Naming
from training.results.levels import Levels, LevelScores
from visionflow.answers.classifier import FloatArray
from visionflow.models.label_tree import LabelTree

CURVE_POINTS = 51


def measure_levels(
    tree: LabelTree,
    probabilities: FloatArray,
    targets: Int64Array,
    threshold: float,
    familiar: BoolArray,
    groups: Int64Array | None = None,
) -> Levels | None:
    """Of images with calibrated ``probabilities`` [N, C] and labels ``targets`` [N].

    ``familiar`` [N]: which images are not unfamiliar. ``groups``: as for `share_interval`. None for
    labels without parents.
    """
    if not tree.parents:
        return None
    naming = Naming.of(tree, probabilities, targets)
    deepest = max(tree.depth(label.name) for label in tree.labels)
    return Levels(
        levels=tuple(
            _scores(tree, level, probabilities, targets, groups) for level in range(deepest + 1)
        ),
        served=naming.at(threshold, familiar),
        curve=tuple(
            naming.at(round(float(each), 4), familiar) for each in np.linspace(0, 1, CURVE_POINTS)
        ),
    )


def _scores(
    tree: LabelTree,
    level: int,
    probabilities: FloatArray,
    targets: Int64Array,
    groups: Int64Array | None,
) -> LevelScores:
    above = [tree.at_level(label.name, level) for label in tree.labels]
    names = list(dict.fromkeys(above))
    place = np.array([names.index(name) for name in above])
    summed = np.minimum(probabilities @ np.eye(len(names), dtype=np.float32)[place], 1)
    correct = summed.argmax(axis=1) == place[targets]
    return LevelScores(
        level=level,
        names=len(names),
        top1=float(correct.mean()),
        top1_interval=share_interval(correct, groups),
        ece=expected_calibration_error(summed.max(axis=1), correct),
    )
