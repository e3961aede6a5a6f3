"""What every form is read into."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Document:
    """A file that says what images show. ``rows``: those of a table with their line numbers, names
    of columns in lower case; the objects of a JSON list too. ``tree``: what a JSON file holds."""

    path: Path
    rows: Sequence[tuple[int, Mapping[str, Any]]] = ()
    tree: Any = None

    @property
    def columns(self) -> frozenset[str]:
        return frozenset(name for _, row in self.rows for name in row)


@dataclass(frozen=True)
class Entry:
    """What a document says of one image. ``reference``: where it is, as the document writes it;
    ``where``: the place in the document, for messages."""

    reference: str
    labels: tuple[str, ...]
    where: str
    part: str | None = None


@dataclass(frozen=True)
class Form:
    """``takes``: whether a document is of this form. ``exact``: references are paths relative to
    the document, and nothing else."""

    name: str
    takes: Callable[[Document], bool]
    entries: Callable[[Document], Iterator[Entry]]
    exact: bool = False


@dataclass(frozen=True)
class LabelledFile:
    """A file with what its folders or its row say of it: None where they say nothing."""

    file: Path
    label: str | None
    part: str | None


@dataclass(frozen=True)
class Reading:
    """``notes``: sentences about what was left out."""

    images: tuple[LabelledFile, ...]
    notes: tuple[str, ...] = ()


def cell(row: Mapping[str, Any], names: Sequence[str]) -> str:
    """The first of the columns ``names`` that says something, as text without blanks around."""
    found = next((row[name] for name in names if row.get(name) is not None), "")
    return str(found).strip()
