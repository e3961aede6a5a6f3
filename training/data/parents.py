"""The parents of a dataset's labels: from nested folders, from a table, or of the model that this
one grows from."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from training.data.folders.walk import image_folders
from training.data.table import read_table
from training.errors import DatasetError
from visionflow.errors import ConfigError
from visionflow.jobs.layout import are_nested
from visionflow.labels import composed, label_problem
from visionflow.models.label_tree import Label, LabelTree

Parents = Mapping[str, str]
"""What is directly above each label, and each parent, that has a parent."""

_COLUMNS = ("label", "parent")
NONE = "set data.parents = none to read the top folders as the classes"


def nested_parents(folder: Path) -> Parents | None:
    """Those of the class folders in ``folder`` where these are nested, such as ``animals/cat``.

    None where they are not, by `are_nested`. Raises `DatasetError` where a folder's name has two
    meanings.
    """
    paths = [_names_below(folder, path) for path in image_folders(folder)]
    names = [path[-1] for path in paths]
    if not are_nested(paths):
        return None
    tops = {path[0] for path in paths}
    above: dict[str, str] = {}
    for path in paths:
        for parent, name in pairwise(path):
            if above.setdefault(name, parent) != parent or name in tops:
                raise DatasetError(
                    f"{folder}: several folders are called {name}, at different places; give each "
                    f"parent and each class a name of its own, or {NONE}"
                )
    _require_apart(names, above, folder, f"move its images into a folder of their own, or {NONE}")
    return above


def require_same_nesting(folder: Path, above: Parents, labels: Collection[str] = ()) -> None:
    """Raise `DatasetError` where a class folder in ``folder`` lies elsewhere than ``above`` says.

    Those of ``labels`` that are not in it lie at the top; any other class is left to `list_images`.
    """
    for path in image_folders(folder):
        *parents, name = _names_below(folder, path)
        expected = _path(name, above)
        if (name in above or name in labels) and parents != expected:
            raise DatasetError(
                f"{path}: the training images have this class in {'/'.join((*expected, name))}; "
                "nest the folders of all parts in the same way"
            )


def read_parents(table: Path, labels: Iterable[str]) -> Parents:
    """A CSV file with the columns label and parent: a row for each label of ``labels``, and for
    each parent, that has a parent.

    Raises `DatasetError` where it is something else, or says something of a label that is not in
    ``labels``.
    """
    above: dict[str, str] = {}
    for line, label, parent in read_table(table, _COLUMNS):
        if label and parent and above.setdefault(label, parent) != parent:
            raise DatasetError(f"{table}, line {line}: {label} has two parents; leave one")
    if unknown := sorted(set(above) - {*labels, *above.values()}):
        raise DatasetError(
            f"{table}: {', '.join(unknown[:5])} is neither a class nor a parent of one; correct "
            "the name or remove the row"
        )
    return above


def label_tree(labels: Sequence[str], above: Parents, where: Path) -> LabelTree:
    """Of ``labels``, in this order. What is in ``above`` and above none of them is left out.

    ``where``: what to name in an error. Raises `DatasetError` for a label that is a parent too, and
    for a name that is above itself.
    """
    _require_apart(labels, above, where, "rename one of the two")
    kept: dict[str, str] = {}
    for label in labels:
        name = label
        while name in above and name not in kept:
            name = kept.setdefault(name, above[name])
    parents = sorted({*kept.values()})
    for name in parents:
        if problem := label_problem(name):
            raise DatasetError(f"{where}: the parent {name!r:.80} {problem}; rename it")
    try:
        return LabelTree(
            tuple(Label(name, kept.get(name)) for name in labels),
            tuple(Label(name, kept.get(name)) for name in parents),
        )
    except ConfigError as error:
        raise DatasetError(f"{where}: {str(error).partition(': ')[2]}") from error


def parents_of(tree: LabelTree) -> Parents:
    """The inverse of `label_tree`."""
    nodes = (*tree.labels, *tree.parents)
    return {node.name: node.parent for node in nodes if node.parent is not None}


def tree_summary(tree: LabelTree, rule: str) -> str:
    """A sentence for who trains: how the dataset was read by ``data.parents``."""
    tops = [parent.name for parent in tree.parents if parent.parent is None]
    more = f" and {len(tops) - 5:,} more" if len(tops) > 5 else ""
    depth = 1 + max(tree.depth(label.name) for label in tree.labels)
    return (
        f"Parents (data.parents = {rule}): {len(tree.labels):,} labels below {len(tree.parents):,} "
        f"parents, {depth} levels, at the top {', '.join(tops[:5])}{more}. An uncertain answer may "
        f"be a parent; {NONE}."
    )


def unread_folders(labels: Sequence[str], files: Iterable[str]) -> str | None:
    """A sentence for who trains where ``files``, each in the folder of its class, lie in folders
    below that were not read as classes; else None."""
    if all(file.count("/") < 2 for file in files):
        return None
    shown = ", ".join(labels[:5]) + (f" and {len(labels) - 5:,} more" if len(labels) > 5 else "")
    return (
        f"The top folders are the classes ({shown}); folders in them are not. To read those as "
        "classes with parents, put all images below top folders, into folders with distinct names."
    )


def _names_below(folder: Path, path: Path) -> tuple[str, ...]:
    return tuple(map(composed, path.relative_to(folder).parts))


def _require_apart(labels: Iterable[str], above: Parents, where: Path, remedy: str) -> None:
    if both := sorted({*labels} & {*above.values()}):
        raise DatasetError(
            f"{where}: {', '.join(both)} is a class and a parent of classes; {remedy}"
        )


def _path(name: str, above: Parents) -> list[str]:
    path: list[str] = []
    while name in above:
        name = above[name]
        path.insert(0, name)
    return path
