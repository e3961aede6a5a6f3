"""Classes put together, for figures that have no room for each of very many."""

from dataclasses import dataclass

import numpy as np

from training.data.listing import Int64Array
from training.results.report import Report
from visionflow.models.label_tree import LabelTree


@dataclass(frozen=True, eq=False)
class ClassGroups:
    """``of`` [C]: the place of each class in ``names``, -1 where it is left out. ``title`` says
    which they are."""

    names: tuple[str, ...]
    of: Int64Array
    title: str


def class_groups(report: Report, most: int) -> ClassGroups | None:
    """Each class by itself; of more than ``most`` their parents, at the lowest level with few
    enough names. None where there is no such level."""
    labels = report.data.labels
    if len(labels) <= most:
        return ClassGroups(labels, np.arange(len(labels)), "class")
    if not report.tree:
        return None
    tree = LabelTree(report.tree[: len(labels)], report.tree[len(labels) :])
    for level in range(max(tree.depth(label) for label in labels) - 1, -1, -1):
        above = [tree.at_level(label, level) for label in labels]
        names = tuple(dict.fromkeys(above))
        if len(names) <= most:
            place = {name: i for i, name in enumerate(names)}
            return ClassGroups(names, np.array([place[name] for name in above]), "parent")
    return None


def most_confused_classes(report: Report, most: int) -> ClassGroups:
    """The classes of the largest confusions, at most ``most``, in their order."""
    cells = report.test.confusion
    wrong = np.array(cells.truth) != np.array(cells.answer)
    kept: set[int] = set()
    for cell in np.argsort(-np.array(cells.images) * wrong, kind="stable")[: wrong.sum()]:
        pair = {cells.truth[cell], cells.answer[cell]}
        if len(kept | pair) > most:
            break
        kept |= pair
    # Without confusions the first classes are as good as others.
    shown = sorted(kept) or list(range(min(most, len(report.data.labels))))
    place = np.full(len(report.data.labels), -1)
    place[shown] = np.arange(len(shown))
    names = tuple(report.data.labels[i] for i in shown)
    return ClassGroups(names, place, f"class, the {len(shown)} of the largest confusions")
