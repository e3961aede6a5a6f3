"""The labels of a foreign model: names in the order of its logits, what is above them, and the
folders of their images."""

import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from training.errors import TrainingError
from visionflow.errors import ConfigError
from visionflow.labels import composed, label_problem, twins
from visionflow.models.label_tree import Label, LabelTree

_COLUMNS = ("label", "parent", "folder")


@dataclass(frozen=True)
class ForeignLabels:
    """``folders``: of each label of the ``tree``, the name of its class folder."""

    tree: LabelTree
    folders: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.tree.labels)


def read_labels(file: Path, parents: Path | None = None) -> ForeignLabels:
    """A text file with a label a line, or a CSV with the column ``label`` and, where they are
    wanted, ``parent`` and ``folder``, a row for each label in the order of the logits.

    A row whose label is the parent of another says what is above that parent, as a row of the CSV
    ``parents`` does, with the columns ``label`` and ``parent``. Without a folder it has the label's
    name. Raises `TrainingError`.
    """
    rows = _rows(file)
    above = _above(file, rows)
    if parents is not None:
        above |= _above(parents, _rows(parents, required=("label", "parent")))
    inner = set(above.values())
    for name in {*inner, *(row["label"] for row in rows)}:
        if problem := label_problem(name):
            raise TrainingError(f"{file}: the label {name!r:.80} {problem}; write another there.")
    leaves = [row for row in rows if row["label"] not in inner]
    if not leaves:
        raise TrainingError(f"{file}: holds no labels.")
    twice = [name for name, n in Counter(row["label"] for row in leaves).items() if n > 1]
    if twice:
        raise TrainingError(
            f"{file}: {', '.join(twice[:3])} stands there more than once. Each output needs a name "
            "of its own."
        )
    folders = tuple(row.get("folder") or row["label"] for row in leaves)
    if pair := twins(folders):
        raise TrainingError(
            f"{file}: {pair[1]} is the folder of several labels. Each label needs a folder of its "
            "own, whose name differs by more than upper and lower case."
        )
    names = [row["label"] for row in leaves]
    unknown = sorted(above.keys() - inner - set(names))
    if unknown:
        raise TrainingError(
            f"{parents or file}: {', '.join(unknown[:3])} has a parent and is neither a label nor "
            "a parent of one."
        )
    try:
        tree = LabelTree(
            tuple(Label(name, above.get(name)) for name in names),
            tuple(Label(name, above.get(name)) for name in sorted(inner)),
        )
    except ConfigError as error:
        raise TrainingError(f"{parents or file}: {error}.") from error
    return ForeignLabels(tree, folders)


def _above(file: Path, rows: list[dict[str, str]]) -> dict[str, str]:
    """The parent of each label or parent that has one."""
    above: dict[str, str] = {}
    for row in rows:
        parent = row.get("parent")
        if parent and above.setdefault(row["label"], parent) != parent:
            raise TrainingError(f"{file}: {row['label']} has two parents.")
    return above


def _rows(file: Path, required: tuple[str, ...] = ("label",)) -> list[dict[str, str]]:
    try:
        text = composed(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise TrainingError(f"{file}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise TrainingError(f"{file}: is not text in UTF-8.") from error
    if file.suffix.lower() != ".csv":
        return [{"label": line.strip()} for line in text.splitlines() if line.strip()]
    reader = csv.DictReader(io.StringIO(text))
    columns = set(reader.fieldnames or ())
    if not columns >= set(required) or columns - set(_COLUMNS):
        raise TrainingError(
            f"{file}: its columns are {', '.join(reader.fieldnames or ()) or 'missing'}; "
            f"{' and '.join(required)} must be there, and only {', '.join(_COLUMNS)} may be."
        )
    return [_stripped(row, file, reader.line_num) for row in reader]


def _stripped(row: Mapping[str, str | None], file: Path, line: int) -> dict[str, str]:
    found = {name: (value or "").strip() for name, value in row.items() if name in _COLUMNS}
    if not found["label"]:
        raise TrainingError(f"{file}: line {line} has no label.")
    return found
