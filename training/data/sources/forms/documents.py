"""Tables and JSON files as `Document`, whatever program wrote them."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from training.data.sources.forms.entry import Document
from training.data.table import cell_text
from training.errors import DatasetError

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".manifest", ".json")
MOST_BYTES = 2**30

# Excel saves CSV with a byte order mark, in UTF-16, or on a Korean Windows in CP949.
_ENCODINGS = ("utf-8-sig", "cp949")
_DELIMITERS = ",;\t"


def read_document(path: Path) -> Document:
    """Raises `DatasetError` where it is neither a table nor JSON."""
    try:
        text = _text(path)
        if path.suffix.lower() in (".csv", ".tsv"):
            return Document(path, tuple(_csv_rows(text)))
        return _json(path, text)
    except (OSError, ValueError, csv.Error, RecursionError) as error:
        raise DatasetError(f"{path}: cannot be read as a table in UTF-8 ({error})") from error


def _text(path: Path) -> str:
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES:,} bytes")
    data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    # With the place where UTF-8 ends.
    return data.decode("utf-8")


def _json(path: Path, text: str) -> Document:
    try:
        tree = json.loads(text)
    except ValueError:
        return Document(path, tuple(_json_lines(path, text)))
    if path.suffix.lower() != ".json" and isinstance(tree, dict):
        return Document(path, ((1, _lowered(tree)),))
    if isinstance(tree, list):
        rows = [(n, _lowered(row)) for n, row in enumerate(tree, 1) if isinstance(row, dict)]
        if len(rows) == len(tree):
            return Document(path, tuple(rows), tree)
        if path.suffix.lower() != ".json":
            raise DatasetError(f"{path}, line 1: not an object")
    return Document(path, (), tree)


def _json_lines(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    # Not splitlines, which also ends a line where JSON has a letter of Unicode that looks like one.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            found = json.loads(line)
            if not isinstance(found, dict):
                raise DatasetError(f"{path}, line {number}: not an object")
            yield number, _lowered(found)


def _csv_rows(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    head = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=head.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    for cells in reader:
        # A row that is too long has the rest under no name.
        row = {
            key.strip().lower(): cell_text(text or "")
            for key, text in cells.items()
            if isinstance(key, str)
        }
        if any(row.values()):
            yield reader.line_num, row


def _lowered(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {str(key).strip().lower(): value for key, value in row.items()}
