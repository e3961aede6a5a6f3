"""A CSV or JSON Lines table, a row for each image.

``file_name`` (also ``file``, ``path``, ``image`` or ``filename``; relative to the table), ``label``
(or ``class``) and, where images are divided, ``part`` (or ``split``). Other columns are passed
over. Hugging Face's ``metadata.csv`` and what ``visionflow datasets export`` writes are such
tables.
"""

from collections.abc import Iterator

from training.data.sources.forms.entry import Document, Entry, Form, cell
from training.errors import DatasetError
from visionflow.part_names import part_of

FILE = ("file_name", "file", "path", "image", "filename")
LABEL = ("label", "class")
PART = ("part", "split")


def takes(document: Document) -> bool:
    return bool(document.rows) or document.path.suffix.lower() != ".json"


def entries(document: Document) -> Iterator[Entry]:
    for line, row in document.rows:
        where = f"{document.path}, line {line}"
        name, label, part = (cell(row, names) for names in (FILE, LABEL, PART))
        if not name:
            raise DatasetError(f"{where}: names no file; a column {' or '.join(FILE)} must")
        if not any(key in row for key in LABEL):
            raise DatasetError(f"{where}: has no column {' or '.join(LABEL)}")
        if part and part_of(part) is None:
            raise DatasetError(
                f"{where}: part {part!r:.40} is not one of train, validation and test"
            )
        yield Entry(name, (label,) if label else (), where, part_of(part))


FORM = Form("a table with the columns file_name and label", takes, entries, exact=True)
