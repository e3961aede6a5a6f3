"""Which files a dataset's folder holds, also where training would refuse it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from training.data.folders.classes import Problem, classes_in
from training.data.folders.left_out import LeftOut
from training.data.folders.parts import around, dataset_root, find_parts, hint
from training.data.folders.walk import class_folders, image_folders, is_image
from training.data.parents import nested_parents, require_same_nesting
from training.errors import DatasetError
from visionflow.part_names import parts_of

UNDIVIDED = "all"
"""The one part of a folder that training will divide by itself."""
PART_ORDER = (UNDIVIDED, "train", "validation", "test")


@dataclass(frozen=True)
class FoundFile:
    """An image: ``name`` is relative to the dataset's folder, with slashes."""

    name: str
    label: str
    part: str


@dataclass(frozen=True)
class FoundFiles:
    """``root``: the dataset's folder, which may lie in the one that was given. ``folders``: the
    classes that each part has a folder for. ``left_out``: what is not used.
    ``complaint``: why training would refuse how the folder is divided, or None. ``problems``: why
    it would refuse the names of folders or files."""

    root: Path
    files: tuple[FoundFile, ...]
    folders: dict[str, tuple[str, ...]]
    left_out: LeftOut
    complaint: str | None
    problems: tuple[Problem, ...]


def find_files(folder: Path, *, may_nest: bool = True) -> FoundFiles:
    """Walk ``folder``, which holds class folders, or parts (train, test, ...) that hold them.

    ``may_nest``: whether class folders may be nested below their parents, as training reads them.
    Raises `DatasetError` where there is no image in any class folder.
    """
    root = dataset_root(folder)
    parts, complaint = _parts(root)
    above = None
    try:
        if may_nest and (above := nested_parents(next(iter(parts.values())))):
            for path in [*parts.values()][1:]:
                require_same_nesting(path, above)
    except DatasetError as error:
        complaint = complaint or str(error)
    files: list[FoundFile] = []
    folders: dict[str, tuple[str, ...]] = {}
    left_out = around(folder, parts.values())
    problems: dict[Problem, None] = {}
    for name, path in parts.items():
        found = classes_in(path, image_folders(path) if above else None)
        part = name.partition(":")[0]
        folders[part] = tuple(sorted({*folders.get(part, ()), *found.files}))
        files += [
            FoundFile(image.relative_to(root).as_posix(), label, part)
            for label, images in sorted(found.files.items())
            for image in images
        ]
        left_out += found.left_out
        problems |= dict.fromkeys(found.problems)
    if not files:
        raise DatasetError(
            f"{folder}: nothing to inspect: no images in folders of classes; "
            f"expected {folder.name}/<class>/<image>{hint(folder)}"
        )
    return FoundFiles(root, tuple(files), folders, left_out, complaint, tuple(problems))


def _parts(root: Path) -> tuple[Mapping[str, Path], str | None]:
    """The path of each folder of class folders by its part, and why training would refuse them.
    Where two are for one part, all but the first have a colon and their name behind it."""
    entries = class_folders(root)
    named: dict[str, Path] = {}
    by_name = parts_of(entry.name for entry in entries)
    for entry in sorted(
        (entry for entry in entries if entry.name in by_name),
        key=lambda entry: PART_ORDER.index(by_name[entry.name]),
    ):
        part = by_name[entry.name]
        named[f"{part}:{entry.name}" if part in named else part] = entry
    try:
        parts = find_parts(root)
    except DatasetError as error:
        return named or {UNDIVIDED: root}, str(error)
    if list(parts.values()) != [root]:
        return {name: parts[name] for name in PART_ORDER if name in parts}, None
    if len(named) > 1 and all(map(_holds_classes, named.values())):
        names = ", ".join(entry.name for entry in named.values())
        return named, (
            f"{root}: training takes {names} for classes; move images that lie in them "
            "directly into class folders"
        )
    return {UNDIVIDED: root}, None


def _holds_classes(folder: Path) -> bool:
    return any(any(map(is_image, entry.iterdir())) for entry in class_folders(folder))
