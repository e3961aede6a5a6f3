"""Which files a dataset's folder holds, also where training would refuse it."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import filterfalse
from pathlib import Path

from training.data.listing import class_folders, is_image
from training.data.parents import image_folders, nested_parents, require_same_nesting
from training.data.split import find_parts
from training.errors import DatasetError
from visionflow.jobs.layout import PARTS

UNDIVIDED = "all"
"""The one part of a folder that training will divide by itself."""
PART_ORDER = (UNDIVIDED, "train", "validation", "test")


@dataclass(frozen=True)
class FoundFile:
    """An image by its name: ``name`` is relative to the dataset's folder, with slashes."""

    name: str
    label: str
    part: str


@dataclass(frozen=True)
class FoundFiles:
    """``folders``: the classes that each part has a folder for. ``outside_classes``: images that
    lie in no class folder; ``other_files``: files in class folders whose names are not those of
    images. ``complaint``: why training would refuse how the folder is divided, or None."""

    files: tuple[FoundFile, ...]
    folders: dict[str, tuple[str, ...]]
    outside_classes: tuple[str, ...]
    other_files: tuple[str, ...]
    complaint: str | None


def find_files(folder: Path, *, may_nest: bool = True) -> FoundFiles:
    """Walk ``folder``, which holds class folders, or parts (train, test, ...) that hold them.

    ``may_nest``: whether class folders may be nested below their parents, as training reads them.
    Raises `DatasetError` where there is no image in any class folder.
    """
    parts, complaint = _parts(folder)
    parts.sort(key=lambda entry: PART_ORDER.index(entry[0]))
    above = None
    try:
        if may_nest and (above := nested_parents(parts[0][1])):
            for _, path in parts[1:]:
                require_same_nesting(path, above)
    except DatasetError as error:
        complaint = complaint or str(error)
    files: list[FoundFile] = []
    folders: dict[str, list[str]] = {}
    outside: list[str] = []
    other: list[str] = []
    for part, path in parts:
        outside += _names(folder, filter(is_image, path.iterdir()))
        labels = folders.setdefault(part, [])
        for entry in image_folders(path) if above else class_folders(path):
            labels.append(entry.name)
            inside = [file for file in entry.rglob("*") if file.is_file()]
            images = _names(folder, filter(is_image, inside))
            files += [FoundFile(name, entry.name, part) for name in images]
            other += _names(folder, filterfalse(_is_image_or_hidden, inside))
    if not files:
        raise DatasetError(
            f"{folder}: nothing to inspect: no images in folders of classes; "
            f"expected {folder.name}/<class>/<image>"
        )
    unique = {part: tuple(sorted(set(labels))) for part, labels in folders.items()}
    return FoundFiles(tuple(files), unique, tuple(outside), tuple(other), complaint)


def _parts(folder: Path) -> tuple[list[tuple[str, Path]], str | None]:
    """Part and path of each folder of class folders, and why training would refuse them."""
    entries = [entry for entry in class_folders(folder) if entry.name.lower() in PARTS]
    named = [(PARTS[entry.name.lower()], entry) for entry in entries]
    try:
        parts = find_parts(folder)
    except DatasetError as error:
        return named, str(error)
    if list(parts.values()) != [folder]:
        return list(parts.items()), None
    if len(named) > 1 and all(map(_holds_classes, entries)):
        names = ", ".join(entry.name for entry in entries)
        return named, (
            f"{folder}: training takes {names} for classes; move images that lie in them "
            "directly into class folders"
        )
    return [(UNDIVIDED, folder)], None


def _holds_classes(folder: Path) -> bool:
    return any(any(map(is_image, entry.iterdir())) for entry in class_folders(folder))


def _is_image_or_hidden(file: Path) -> bool:
    return is_image(file) or file.name.startswith(".")


def _names(root: Path, files: Iterable[Path]) -> list[str]:
    return sorted(file.relative_to(root).as_posix() for file in files)
