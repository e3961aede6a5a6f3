"""Labelled images in the forms that people have them in: class folders, a zip, or a table.

A table is CSV or JSON Lines, a row for each image: ``file_name`` (also ``file``, ``path`` or
``image``; relative to the table), ``label`` (or ``class``) and, where images are divided, ``part``
(or ``split``), in upper or lower case. Files lie below the table's folder. Other columns are passed
over. Hugging Face's ``metadata.csv`` and what ``visionflow datasets export`` writes are such
tables.
"""

import csv
import hashlib
import json
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from training.data.sources.collect import LINEAGE_FILE
from training.data.sources.whole_folder import already_made, whole_folder
from training.data.table import cell_text
from training.errors import DatasetError
from visionflow.datasets.names import COPIED
from visionflow.jobs.layout import Layout, is_image_name
from visionflow.labels import PARTS, composed, label_problem

MANIFESTS = ("manifest.jsonl", "manifest.csv")
"""What an export of a dataset's version calls its tables."""

_FILE = ("file_name", "file", "path", "image")
_LABEL = ("label", "class")
_PART = ("part", "split")
_ZIP, _CSV, _LINES = ".zip", ".csv", ".jsonl"
_DAMAGED = (EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class LabelledFile:
    """A file with what its folders or its row say of it: None where they say nothing."""

    file: Path
    label: str | None
    part: str | None


@dataclass(frozen=True)
class Imported:
    """How many images are in the folder, and how many have no label and were left out; ``made``:
    whether they were written now, and not by an earlier call."""

    images: int
    unlabelled: int
    made: bool


def find_images(source: Path, unpacked: Path) -> list[LabelledFile]:
    """The images of ``source``, in the order of their paths or rows. ``unpacked``: an empty folder
    that a zip is unpacked into.

    Raises `DatasetError` for what is none of the forms, has no images, or labels that cannot be.
    """
    kind = source.suffix.lower()
    if source.is_dir():
        found = _in_folders(source)
    elif not source.is_file() or kind not in (_ZIP, _CSV, _LINES):
        raise DatasetError(
            f"{source}: not there, or not a form that can be read. Name a folder of class folders, "
            f"a {_ZIP} of one, or a table ({_CSV} or {_LINES}) with the columns file_name and label"
        )
    elif kind == _ZIP:
        _unpack(source, unpacked)
        found = _in_folders(_inner(unpacked))
    else:
        found = [_of_row(source, line, row) for line, row in _rows(source)]
    if not found:
        raise DatasetError(f"{source}: has no images; expected {source.name}/<class>/<image>")
    for label in {image.label: None for image in found if image.label is not None}:
        if problem := label_problem(label):
            raise DatasetError(f"{source}: the class {label!r:.80} {problem}; rename it")
    return found


def copies_in_table(table: Path) -> dict[str, str]:
    """The prediction that each image of an exported table is a copy of, by the image's SHA-256.
    Raises `DatasetError`."""
    cells = ((_cell(row, ("sha256",)), _cell(row, ("source",))) for _, row in _rows(table))
    return {
        sha256: source.removeprefix(COPIED)
        for sha256, source in cells
        if sha256 and source.startswith(COPIED)
    }


def place(name: str, layout: Layout) -> tuple[str | None, str | None]:
    """Label and part of the image ``name``, a path within a dataset of this layout."""
    path, part = PurePosixPath(name).parts, None
    if layout.train is not None:
        part = PARTS.get(path[0].lower())
        path = path[1:]
    label = composed(path[-2] if layout.nested else path[0]) if len(path) > 1 else None
    return label, part


def import_images(source: Path, out: Path) -> Imported:
    """Write the images of ``source`` as class folders, in parts where it has any.

    ``out`` is whole afterwards or not there. Raises `DatasetError`.
    """
    unpacked = out.with_name(f"{out.name}.unpacked")
    shutil.rmtree(unpacked, ignore_errors=True)
    try:
        found = find_images(source, unpacked)
        labelled = [image for image in found if image.label is not None]
        if not labelled:
            raise DatasetError(f"{source}: no image has a label")
        imported = Imported(len(labelled), len(found) - len(labelled), made=True)
        places = _places(labelled)
        lines = (f"{name}\0{image.file.stat().st_size}\n" for name, image in places.items())
        digest = hashlib.sha256("".join(lines).encode()).hexdigest()
        made_from = {"name": source.name, "images": len(places), "listing": digest}
        if already_made(out, made_from):
            return Imported(imported.images, imported.unlabelled, made=False)
        with whole_folder(out, made_from) as partial:
            for name, image in places.items():
                target = partial / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(image.file, target)
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
    return imported


def _in_folders(folder: Path) -> list[LabelledFile]:
    names = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if is_image_name(path.name) and path.is_file()
    )
    names = [name for name in names if not _is_junk(name)]
    layout = Layout.of(names, parents="auto", group_by="auto")
    return [LabelledFile(folder / name, *place(name, layout)) for name in names]


def _unpack(source: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(source) as archive:
            for entry in archive.infolist():
                name = PurePosixPath(entry.filename).name
                wanted = is_image_name(name) or name in (LINEAGE_FILE, *MANIFESTS)
                if wanted and not _is_junk(entry.filename):
                    # Takes ".." and the root out of the names.
                    archive.extract(entry, folder)
    except _DAMAGED as error:
        raise DatasetError(f"{source}: cannot be unpacked ({error})") from error
    except OSError as error:
        raise DatasetError(f"{folder}: cannot be written ({error.strerror})") from error


def _inner(folder: Path) -> Path:
    """Where the class folders lie: a zip of a folder has that one at its top."""
    while folder.is_dir():
        within = list(folder.iterdir())
        if len(within) != 1 or not any(path.is_dir() for path in within[0].glob("*")):
            break
        folder = within[0]
    return folder


def _is_junk(name: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def _rows(table: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Each row with its line number."""
    try:
        # Excel writes a byte order mark.
        with table.open(encoding="utf-8-sig", newline="") as lines:
            if table.suffix.lower() == _CSV:
                reader = csv.DictReader(lines)
                for cells in reader:
                    # A row that is too long has the rest under no name.
                    row = {
                        _column(key): cell_text(text or "")
                        for key, text in cells.items()
                        if isinstance(key, str)
                    }
                    if any(row.values()):
                        yield reader.line_num, row
                return
            for number, line in enumerate(lines, 1):
                if line.strip():
                    found = json.loads(line)
                    if not isinstance(found, dict):
                        raise DatasetError(f"{table}, line {number}: not an object")
                    yield number, {_column(key): value for key, value in found.items()}
    except (OSError, ValueError, csv.Error) as error:
        raise DatasetError(f"{table}: cannot be read as a table in UTF-8 ({error})") from error


def _column(name: str) -> str:
    return name.strip().lower()


def _of_row(table: Path, line: int, row: Mapping[str, Any]) -> LabelledFile:
    where = f"{table}, line {line}"
    name, label, part = (_cell(row, names) for names in (_FILE, _LABEL, _PART))
    if not name:
        raise DatasetError(f"{where}: names no file; a column {' or '.join(_FILE)} must")
    if not any(key in row for key in _LABEL):
        raise DatasetError(f"{where}: has no column {' or '.join(_LABEL)}")
    file = table.parent / name
    if not file.resolve().is_relative_to(table.parent.resolve()):
        raise DatasetError(
            f"{where}: the file {name!r:.80} lies outside of the table's folder; put it below "
            f"{table.parent}"
        )
    if not file.is_file():
        raise DatasetError(f"{where}: there is no file {file}")
    if part and part.lower() not in PARTS:
        raise DatasetError(f"{where}: part {part!r:.40} is not one of {', '.join(PARTS)}")
    return LabelledFile(file, composed(label) or None, PARTS.get(part.lower()))


def _cell(row: Mapping[str, Any], names: Sequence[str]) -> str:
    found = next((row[name] for name in names if row.get(name) is not None), "")
    return str(found).strip()


def _places(images: Sequence[LabelledFile]) -> dict[str, LabelledFile]:
    """Where each image goes; a name that is taken gets a number."""
    divided = any(image.part is not None for image in images)
    places: dict[str, LabelledFile] = {}
    for image in images:
        folder = f"{image.part or 'train'}/{image.label}" if divided else str(image.label)
        name, number = f"{folder}/{image.file.name}", 1
        while name in places:
            number += 1
            name = f"{folder}/{image.file.stem}-{number}{image.file.suffix}"
        places[name] = image
    return places
