"""A file of answers that grows image by image: CSV, or JSON Lines. What it has is not asked anew:
an image by its name and its bytes.

Each row is written when its image is answered, so a command that is cut off loses nothing; a last
row that was cut off is written anew.
"""

import csv
import hashlib
import io
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from infra.cli.classify.inputs import Input
from infra.errors import CommandError

SUFFIXES = (".csv", ".jsonl")
DEFAULT_TOP_K = 5
_COLUMNS = (
    *("file", "status", "label", "confidence", "unknown_reason", "model", "id", "image_sha256"),
    *("heatmap", "error_code", "error"),
)
# Texts that a spreadsheet would run as a formula, in Japanese ones also by wide signs, as the page
# escapes them: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile("[=+\\-@\t\r\n＝＋－＠]")  # noqa: RUF001
_ESCAPED = re.compile(f"^'(?={_FORMULA.pattern})")
_MARK = "\ufeff"  # so that spreadsheets read it as UTF-8
_FAILED = "failed"

# Of each row: the image's name, its SHA-256, and whether it failed.
Known = list[tuple[str, str, bool]]


class Results:
    """Owns the file. ``top_k``: the labels in a row of CSV."""

    def __init__(self, path: Path, top_k: int | None) -> None:
        if path.suffix.lower() not in SUFFIXES:
            raise CommandError(f"{path} must end in {' or '.join(SUFFIXES)}.")
        self._path = path
        self._is_csv = path.suffix.lower() == ".csv"
        self._top_k = top_k or DEFAULT_TOP_K
        ranks = range(1, self._top_k + 1)
        scores = (f"{name}_{rank}" for rank in ranks for name in ("label", "confidence"))
        self._columns = (*_COLUMNS, *scores, "labels")

    @contextmanager
    def open(self) -> "Iterator[Rows]":
        """Raises `CommandError` for a file that is not one of these, or has other columns."""
        known, kept = self._known()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside = self._path.with_name(f"{self._path.name}.part")
            beside.write_text(kept, encoding="utf-8", newline="")
            os.replace(beside, self._path)  # noqa: PTH105
            with self._path.open("a", encoding="utf-8", newline="") as file:
                yield Rows(file, known, self._line)
        except OSError as error:
            raise CommandError(f"{self._path} cannot be written ({error.strerror}).") from error

    def _known(self) -> tuple[Known, str]:
        """The images in the file, and its whole rows as text."""
        header = _csv_line(self._columns) if self._is_csv else ""
        try:
            text = self._path.read_bytes().decode("utf-8", errors="replace")
        except FileNotFoundError:
            return [], _MARK + header if self._is_csv else ""
        except OSError as error:
            raise CommandError(f"{self._path} cannot be read ({error.strerror}).") from error
        return self._rows_of_csv(text) if self._is_csv else self._rows_of_json(text)

    def _rows_of_csv(self, text: str) -> tuple[Known, str]:
        rows = list(csv.reader(io.StringIO(text.removeprefix(_MARK), newline="")))
        if rows and tuple(rows[0]) != self._columns:
            raise self._other("has other columns")
        whole = text.endswith("\n")
        kept = [row for row in rows[1:] if len(row) == len(self._columns)]
        if kept and not whole and kept[-1] == rows[-1]:
            kept.pop()  # its last cell may be cut
        name, sha256, status = map(self._columns.index, ("file", "image_sha256", "status"))
        known = [(_plain(row[name]), row[sha256], row[status] == _FAILED) for row in kept]
        lines = [_csv_line(self._columns), *(_csv_line(row, escape=False) for row in kept)]
        return known, _MARK + "".join(lines)

    def _rows_of_json(self, text: str) -> tuple[Known, str]:
        # The last is empty, or was cut off.
        lines = text.split("\n")[:-1]
        try:
            rows = [json.loads(line) for line in lines]
            known = [
                (_plain(row["file"]), str(row["image_sha256"]), row["status"] == _FAILED)
                for row in rows
            ]
            return known, "".join(f"{line}\n" for line in lines)
        except (ValueError, LookupError, TypeError) as error:
            raise self._other("has lines that are not answers") from error

    def _other(self, why: str) -> CommandError:
        return CommandError(f"{self._path} {why}; name another file, or delete this one.")

    def _line(self, name: str, answer: Mapping[str, Any]) -> str:
        if not self._is_csv:
            return json.dumps({"file": name, **answer}, ensure_ascii=False) + "\n"
        error, model = answer.get("error") or {}, answer.get("model")
        cells: dict[str, Any] = {
            **{column: answer.get(column) for column in _COLUMNS},
            "file": name,
            "model": f"{model['name']}/{model['version']}" if model else None,
            "error_code": error.get("code"),
            "error": error.get("message"),
            "labels": "; ".join((answer.get("prediction_set") or {}).get("labels", ())),
        }
        for rank, score in enumerate(answer.get("top_k", ()), start=1):
            cells |= {f"label_{rank}": score["label"], f"confidence_{rank}": score["confidence"]}
        return _csv_line([cells.get(column) for column in self._columns])


class Rows:
    """Of several rows of one name that of the file's present bytes counts, else the last."""

    def __init__(self, file: TextIO, known: Known, line: Any) -> None:
        self._file = file
        self._line = line
        self._known = {(name, sha256): is_failed for name, sha256, is_failed in known}
        self._failed = {name: is_failed for name, _, is_failed in known}

    @property
    def failed(self) -> list[str]:
        """The names of the images that could not be answered, of this command or before."""
        return [name for name, is_failed in self._failed.items() if is_failed]

    def hold(self, image: Input) -> bool:
        """Whether the image was answered, or refused for good, as it is now. Never one that came
        through stdin, whose name says nothing."""
        name = _plain(image.shown)
        if image.data is not None or name not in self._failed:
            return False
        try:
            row = name, hashlib.sha256(image.read()).hexdigest()
        except OSError:
            return False
        if row in self._known:
            self._failed[name] = self._known[row]
        return row in self._known

    def add(self, image: Input, answer: Mapping[str, Any]) -> None:
        """Write the row of an answer, or of an image that has an ``error`` in its place."""
        self._file.write(self._line(image.shown, answer))
        self._file.flush()
        self._failed[_plain(image.shown)] = answer["status"] == _FAILED


def _plain(name: str) -> str:
    """A name as it was before it was escaped."""
    return _ESCAPED.sub("", name)


def _csv_line(cells: Sequence[Any], *, escape: bool = True) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(
        f"'{cell}" if escape and isinstance(cell, str) and _FORMULA.match(cell) else cell
        for cell in cells
    )
    return line.getvalue()
