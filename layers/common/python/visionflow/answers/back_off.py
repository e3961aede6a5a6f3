"""The most specific label or parent that is certain enough: "dog" is a better answer than the wrong
breed.

The confidence of a parent is the sum of those of the labels below it. Named is the deepest node
whose confidence reaches the threshold (Deng et al. 2012, "Hedging your bets", with the depth as the
measure of how much an answer says); of several of the same depth the most confident, and a label
before a parent. A parent of all labels is never named, since its confidence is always 1.
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


@dataclass(frozen=True, eq=False)
class Candidates:
    """What each of N images can be called, the most specific first: the best label, then the best
    parent of each of D depths. ``nodes``: int64 [N, 1 + D]; ``confidences``: float32 [N, 1 + D].
    """

    nodes: Int64Array
    confidences: FloatArray

    def named(self, threshold: float) -> Named:
        """The first whose confidence reaches ``threshold``, or the best label."""
        # What is not a number is under no threshold.
        chosen = (~(self.confidences < threshold)).argmax(axis=1)
        rows = np.arange(len(chosen))
        return Named(self.nodes[rows, chosen], self.confidences[rows, chosen])


class BackOff:
    """Names a label or a parent of one tree. Its nodes are numbered: labels first, then parents."""

    def __init__(self, tree: LabelTree) -> None:
        self.names = tuple(node.name for node in (*tree.labels, *tree.parents))
        self._covered = np.zeros((len(tree.labels), len(tree.parents)), np.float32)
        place = {parent.name: i for i, parent in enumerate(tree.parents)}
        for row, label in enumerate(tree.labels):
            self._covered[row, [place[name] for name in tree.ancestors(label.name)]] = 1
        depths = np.array([tree.depth(parent.name) for parent in tree.parents], np.int64)
        says_something = ~self._covered.all(axis=0)
        # Indices of the parents of one depth, from the bottom up.
        self._levels = [
            np.flatnonzero(says_something & (depths == depth))
            for depth in sorted(set(depths[says_something].tolist()), reverse=True)
        ]

    def candidates(self, probabilities: FloatArray) -> Candidates:
        """Of N images with probabilities [N, C]."""
        labels = probabilities.shape[1]
        above = np.minimum(probabilities @ self._covered, np.float32(1))
        nodes = [probabilities.argmax(axis=1)]
        confidences = [probabilities.max(axis=1)]
        for level in self._levels:
            nodes.append(labels + level[above[:, level].argmax(axis=1)])
            confidences.append(above[:, level].max(axis=1))
        return Candidates(np.stack(nodes, axis=1), np.stack(confidences, axis=1))

    def name(self, probabilities: FloatArray, threshold: float) -> Named:
        """What to call each of N images with probabilities [N, C]."""
        return self.candidates(probabilities).named(threshold)
