"""What lies in a folder: images by their content, and whatever else, each named once.

Links to files and folders are followed; those that lead nowhere, or back to where they lie, are
reported. What systems leave behind (`visionflow.junk`) is counted and not looked into.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from training.errors import DatasetError
from visionflow.images.formats import begins_as_image
from visionflow.jobs.layout import is_image_name
from visionflow.junk import junk_kind
from visionflow.objects import HEAD_BYTES

_OWN = frozenset({".source.json", ".downloaded.json", ".lock"})
"""What VisionFlow leaves itself: hidden, and not worth a word."""


@dataclass
class Below:
    """``others``: files that are not images. ``broken``: links to nothing. ``loops``: links to a
    folder that they lie in. ``not_text``: names that are not UTF-8. ``junk``: how many files and
    folders of each kind."""

    images: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)
    broken: list[Path] = field(default_factory=list)
    loops: list[Path] = field(default_factory=list)
    not_text: list[Path] = field(default_factory=list)
    junk: Counter[str] = field(default_factory=Counter)


def below(folder: Path, *, deep: bool = True) -> Below:
    """Everything below ``folder``, sorted; without ``deep`` what lies directly in it.

    Raises `DatasetError` for a folder that cannot be read.
    """
    found = Below()
    _walk(folder, (folder.resolve(),), found, deep)
    for files in (found.images, found.others, found.broken, found.loops, found.not_text):
        files.sort()
    return found


def is_image(file: Path) -> bool:
    """Whether there is a file that its name, or else its first bytes, say to be an image."""
    if junk_kind(file.name) or not file.is_file():
        return False
    return is_image_name(file.name) or begins_as_image(_head(file))


def class_folders(folder: Path) -> list[Path]:
    """The folders in ``folder``, sorted, without what systems leave. Raises `DatasetError`."""
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder; expected one folder of images per class")
    return [entry for entry in _entries(folder) if entry.is_dir() and not _leads_back(entry)]


def image_folders(folder: Path) -> list[Path]:
    """The folders below ``folder`` that hold images themselves, or nothing at all, sorted by
    name."""
    found = list(_image_folders(folder, (folder.resolve(),)))
    return sorted(found, key=lambda path: (path.name, path))


def holds_images(folder: Path) -> bool:
    """Whether any image lies below ``folder``."""
    return bool(below(folder).images)


def as_text(path: Path) -> str:
    r"""A path with ``\xe4`` for each byte that is not UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _walk(folder: Path, chain: tuple[Path, ...], found: Below, deep: bool) -> None:
    for entry in _entries(folder, found.junk):
        if _is_not_text(entry.name):
            found.not_text.append(entry)
        if entry.is_dir():
            if _is_loop(entry, chain):
                found.loops.append(entry)
            elif deep:
                _walk(entry, (*chain, entry.resolve()), found, deep)
        elif is_image(entry):
            found.images.append(entry)
        elif entry.is_symlink() and not entry.exists():
            found.broken.append(entry)
        else:
            found.others.append(entry)


def _image_folders(folder: Path, chain: tuple[Path, ...]) -> Iterator[Path]:
    for entry in _entries(folder):
        if not entry.is_dir() or _is_loop(entry, chain):
            continue
        inside = _entries(entry)
        if not any(path.is_dir() for path in inside) or any(map(is_image, inside)):
            yield entry
        yield from _image_folders(entry, (*chain, entry.resolve()))


def _entries(folder: Path, junk: Counter[str] | None = None) -> list[Path]:
    """What lies in ``folder``, sorted, without junk, which is counted in ``junk``."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise DatasetError(f"{folder}: cannot be read ({error.strerror})") from error
    kept = []
    for entry in entries:
        kind = junk_kind(entry.name)
        if kind is None:
            kept.append(entry)
        elif junk is not None and entry.name not in _OWN:
            junk[kind] += 1
    return kept


def _is_loop(entry: Path, chain: tuple[Path, ...]) -> bool:
    return entry.is_symlink() and (entry.resolve() in chain or _leads_back(entry))


def _leads_back(entry: Path) -> bool:
    """Whether it is a link to a folder that it lies in."""
    return entry.is_symlink() and entry.parent.resolve().is_relative_to(entry.resolve())


def _is_not_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return True
    return False


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as content:
            return content.read(HEAD_BYTES)
    except OSError:
        return b""
