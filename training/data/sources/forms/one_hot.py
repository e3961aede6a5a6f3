"""Roboflow's CSV for classification: ``_classes.csv`` with a column for each class, 1 where an
image shows it. It lies in each part's folder, beside the images."""

from collections.abc import Iterator

from training.data.sources.forms.entry import Document, Entry, Form, cell
from visionflow.part_names import part_of

FILE_NAME = "_classes.csv"
_FILE = "filename"
_MARKS = {"", "0", "1", "0.0", "1.0", "true", "false"}
_LEAST_CLASSES = 2


def takes(document: Document) -> bool:
    columns = document.columns - {_FILE}
    if _FILE not in document.columns or len(columns) < _LEAST_CLASSES:
        return False
    cells = (row.get(column, "") for _, row in document.rows for column in columns)
    return all(str(mark).strip().lower() in _MARKS for mark in cells)


def entries(document: Document) -> Iterator[Entry]:
    names = _columns(document)
    for line, row in document.rows:
        shown = [
            names.get(column, column)
            for column, mark in row.items()
            if column != _FILE and str(mark).strip().lower() in ("1", "1.0", "true")
        ]
        where = f"{document.path}, line {line}"
        yield Entry(cell(row, (_FILE,)), tuple(shown), where, part_of(document.path.parent.name))


def _columns(document: Document) -> dict[str, str]:
    """The classes as they are written, by the name in lower case."""
    with document.path.open(encoding="utf-8-sig", errors="replace") as lines:
        head = [name.strip().strip('"') for name in lines.readline().split(",")]
    return {name.lower(): name for name in head}


FORM = Form("Roboflow's _classes.csv", takes, entries)
