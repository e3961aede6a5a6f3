"""The most specific label or parent that is certain enough: "dog" is a better answer than the wrong
breed.

The confidence of a parent is the sum of those of the labels below it. Named is the deepest node
whose confidence reaches the threshold (Deng et al. 2012, "Hedging your bets", with the depth as the
measure of how much an answer says); of several of the same depth the most confident, and a label
before a parent.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from visionflow.models.label_tree import LabelTree

FloatArray = npt.NDArray[np.float32]
Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Named:
    """For each of N images: the index of what is named, and its confidence.

    ``nodes``: int64 [N]; below C a label, from C on a parent. ``confidences``: float32 [N]. Where
    one is under the threshold the image has no answer, and its node is the best label.
    """

    nodes: Int64Array
    confidences: FloatArray


class BackOff:
    """Names a label or a parent of one tree. Its nodes are numbered: labels first, then parents."""

    def __init__(self, tree: LabelTree) -> None:
        self.names = tuple(node.name for node in (*tree.labels, *tree.parents))
        self._covered = np.zeros((len(tree.labels), len(tree.parents)), np.float32)
        for place, parent in enumerate(tree.parents):
            self._covered[list(tree.leaves(parent.name)), place] = 1
        depths = np.array([tree.depth(parent.name) for parent in tree.parents])
        # Indices of the parents of one depth, from the bottom up.
        self._levels = [
            len(tree.labels) + np.flatnonzero(depths == depth)
            for depth in sorted(set(depths.tolist()), reverse=True)
        ]

    def confidences(self, probabilities: FloatArray) -> FloatArray:
        """float32 [N, C + P]: of every node, of probabilities [N, C]."""
        above = np.minimum(probabilities @ self._covered, np.float32(1))
        found: FloatArray = np.concatenate([probabilities, above], axis=1)
        return found

    def name(self, probabilities: FloatArray, threshold: float) -> Named:
        """What to call each of N images with probabilities [N, C]."""
        every = self.confidences(probabilities)
        rows = np.arange(len(every))
        nodes = probabilities.argmax(axis=1).astype(np.int64)
        for level in self._levels:
            doubtful = every[rows, nodes] < threshold
            best = level[every[:, level].argmax(axis=1)]
            nodes = np.where(doubtful & (every[rows, best] >= threshold), best, nodes)
        return Named(nodes, every[rows, nodes])
