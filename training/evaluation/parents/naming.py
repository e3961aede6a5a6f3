"""What images are called at a threshold of confidence, and whether it is true."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from training.data.listing import Int64Array
from training.evaluation.intervals import BoolArray
from training.results.levels import BackOffPoint
from visionflow.answers.back_off import BackOff
from visionflow.answers.classifier import FloatArray
from visionflow.models.label_tree import LabelTree

# Of the confidences at which the answers change, as many are tried as thresholds.
_TRIED = 500


@dataclass(frozen=True, eq=False)
class Naming:
    """Of N images, what each can be called, the most specific first: ``confidences`` and whether it
    is ``right``, both [N, 1 + D]. The first is a label, the others are parents."""

    confidences: FloatArray
    right: BoolArray

    @classmethod
    def of(cls, tree: LabelTree, probabilities: FloatArray, targets: Int64Array) -> Self:
        """``probabilities``: [N, C]; ``targets``: int64 [N], the true labels."""
        back_off = BackOff(tree)
        candidates = back_off.candidates(probabilities)
        covers = np.zeros((len(back_off.names), len(tree.labels)), bool)
        for node, name in enumerate(back_off.names):
            covers[node, list(tree.leaves(name))] = True
        return cls(candidates.confidences, covers[candidates.nodes, targets[:, None]])

    def at(self, threshold: float, familiar: BoolArray | None = None) -> BackOffPoint:
        """With ``threshold``. Images that are not ``familiar`` [N] have no answer."""
        reaches = self.confidences >= threshold
        answered = reaches.any(axis=1)
        if familiar is not None:
            answered &= familiar
        chosen = reaches.argmax(axis=1)
        right = self.right[np.arange(len(chosen)), chosen]
        return BackOffPoint(
            threshold=threshold,
            leaf=float((answered & (chosen == 0)).mean()),
            parent=float((answered & (chosen > 0)).mean()),
            right=float(right[answered].mean()) if answered.any() else 0.0,
        )

    def least_threshold(self, least: float, right: float, margin: float) -> float:
        """``least``, or the lowest threshold above it, whose answers are right for a share
        ``right``; where there is none, the one whose answers are right most often.

        A threshold lies ``margin`` below the confidence of an image, see `thresholds.MARGIN`.
        """
        values = np.unique(self.confidences[self.confidences > least + margin])
        kept = np.linspace(0, len(values) - 1, min(len(values), _TRIED)).round().astype(int)
        tried = [self.at(each) for each in (least, *(values[kept].astype(float) - margin))]
        enough = [point for point in tried if point.right >= right]
        best = min(enough, key=lambda point: point.threshold, default=None)
        return float((best or max(tried, key=lambda point: point.right)).threshold)
