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
    """Each class by itself; of more than ``most`` their parents, the largest ones taken apart while
    there is room. None where there are no parents, or too many of them at the top."""
    labels = report.data.labels
    if len(labels) <= most:
        return ClassGroups(labels, np.arange(len(labels)), "class")
    if not report.tree:
        return None
    below: dict[str | None, list[str]] = {}
    for node in report.tree:
        below.setdefault(node.parent, []).append(node.name)
    tree = LabelTree(report.tree[: len(labels)], report.tree[len(labels) :])
    leaves = {parent.name: tree.leaves(parent.name) for parent in tree.parents}
    names, whole = below[None], set[str]()
    if len(names) > most:
        return None
    while opened := [name for name in names if name in leaves and name not in whole]:
        largest = max(len(leaves[name]) for name in opened)
        # Parents of one size are taken apart together, so that equal ones look alike.
        parted = {name for name in opened if len(leaves[name]) == largest}
        apart = [part for name in names for part in (below[name] if name in parted else [name])]
        if len(apart) <= most:
            names = apart
        else:
            whole |= parted
    of = np.zeros(len(labels), np.int64)
    for place, name in enumerate(names):
        of[list(leaves[name]) if name in leaves else labels.index(name)] = place
    return ClassGroups(tuple(names), of, "parent")


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
