"""A file of answers that grows image by image: CSV, or JSON Lines. What it has is not asked anew.

Each row is written when its image is answered, so a command that is cut off loses nothing; a last
row that was cut off is written anew.
"""

import csv
import io
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from infra.errors import CommandError

SUFFIXES = (".csv", ".jsonl")
DEFAULT_TOP_K = 5
_COLUMNS = (
    *("file", "status", "label", "confidence", "unknown_reason", "model", "id", "heatmap"),
    *("error_code", "error"),
)
# Texts that a spreadsheet would run as a formula, in Japanese ones also by wide signs, as the page
# escapes them: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile("[=+\\-@\t\r\n＝＋－＠]")  # noqa: RUF001
_ESCAPED = re.compile(f"'(?={_FORMULA.pattern})")
_MARK = "\ufeff"  # so that spreadsheets read it as UTF-8


class Results:
    """Owns the file. ``top_k``: the labels in a row of CSV."""

    def __init__(self, path: Path, top_k: int | None, *, sets: bool) -> None:
        if path.suffix.lower() not in SUFFIXES:
            raise CommandError(f"{path} must end in {' or '.join(SUFFIXES)}.")
        self._path = path
        self._is_csv = path.suffix.lower() == ".csv"
        self._top_k = top_k or DEFAULT_TOP_K
        ranks = range(1, self._top_k + 1)
        scores = (f"{name}_{rank}" for rank in ranks for name in ("label", "confidence"))
        self._columns = (*_COLUMNS, *scores, *(("labels",) if sets else ()))

    @contextmanager
    def open(self) -> "Iterator[Rows]":
        """Raises `CommandError` for a file that is not one of these, or has other columns."""
        done, kept = self._known()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside = self._path.with_name(f"{self._path.name}.part")
            beside.write_text(kept, encoding="utf-8", newline="")
            os.replace(beside, self._path)  # noqa: PTH105
            with self._path.open("a", encoding="utf-8", newline="") as file:
                yield Rows(file, done, self._line)
        except OSError as error:
            raise CommandError(f"{self._path} cannot be written ({error.strerror}).") from error

    def _known(self) -> tuple[set[str], str]:
        """The images in the file, and its whole rows as text."""
        header = _csv_line(self._columns) if self._is_csv else ""
        try:
            text = self._path.read_bytes().decode("utf-8", errors="replace")
        except FileNotFoundError:
            return set(), _MARK + header if self._is_csv else ""
        except OSError as error:
            raise CommandError(f"{self._path} cannot be read ({error.strerror}).") from error
        return self._rows_of_csv(text) if self._is_csv else self._rows_of_json(text)

    def _rows_of_csv(self, text: str) -> tuple[set[str], str]:
        rows = list(csv.reader(io.StringIO(text.removeprefix(_MARK), newline="")))
        if rows and tuple(rows[0]) != self._columns:
            raise self._other("has other columns")
        whole = text.endswith("\n")
        kept = [row for row in rows[1:] if len(row) == len(self._columns)]
        if kept and not whole and kept[-1] == rows[-1]:
            kept.pop()  # its last cell may be cut
        done = {_ESCAPED.sub("", row[0], count=1) for row in kept}
        lines = [_csv_line(self._columns), *(_csv_line(row, escape=False) for row in kept)]
        return done, _MARK + "".join(lines)

    def _rows_of_json(self, text: str) -> tuple[set[str], str]:
        # The last is empty, or was cut off.
        lines = text.split("\n")[:-1]
        try:
            done = {str(json.loads(line)["file"]) for line in lines}
            return done, "".join(f"{line}\n" for line in lines)
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
    """``done``: the images whose rows are in the file."""

    def __init__(self, file: TextIO, done: set[str], line: Any) -> None:
        self.done = done
        self._file = file
        self._line = line

    def add(self, name: str, answer: Mapping[str, Any]) -> None:
        """Write the row of an answer, or of an image that has an ``error`` in its place."""
        self._file.write(self._line(name, answer))
        self._file.flush()
        self.done.add(name)


def _csv_line(cells: Sequence[Any], *, escape: bool = True) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(
        f"'{cell}" if escape and isinstance(cell, str) and _FORMULA.match(cell) else cell
        for cell in cells
    )
    return line.getvalue()
