"""The images that a command is given: files, folders, patterns, or what comes through stdin."""

import codecs
import glob
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import BinaryIO

from infra.errors import CommandError
from training.data.folders.walk import as_text
from visionflow.images.formats import begins_as_image
from visionflow.junk import junk_kind

STDIN = "-"
# No path has one.
_CONTROL = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f]")
# Enough for the signature of every format.
_HEAD = 4_096


@dataclass(frozen=True)
class Input:
    """An image to classify.

    Attributes:
        name: its path as it was given or found.
        inside: its path within the folder that was given, or its file name.
        data: its bytes where they came through stdin.
    """

    name: str
    inside: PurePath
    data: bytes | None = None

    @property
    def shown(self) -> str:
        """Its name in every output, which may hold no bytes but UTF-8."""
        return as_text(Path(self.name))

    def read(self) -> bytes:
        """Raises `OSError`."""
        return Path(self.name).read_bytes() if self.data is None else self.data


@dataclass
class Inputs:
    """``images`` in the order of the arguments, each once; ``left_out`` files of folders, by why;
    ``unreadable`` what cannot be opened; ``unmatched`` patterns that name nothing."""

    images: list[Input] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)

    def leave_out(self, why: str, name: str) -> None:
        self.left_out.setdefault(why, []).append(name)


def find(arguments: Sequence[str], stdin: Callable[[], BinaryIO] | None = None) -> Inputs:
    """What the ``arguments`` name. A file that is named itself is taken whatever it holds; of a
    folder, at any depth, the files that begin like an image.

    Raises `CommandError` where what comes through stdin is neither an image nor a list of paths.
    """
    found, seen = Inputs(), set[str]()
    for argument in arguments:
        for image in _of(argument, found, stdin or (lambda: sys.stdin.buffer)):
            place = image.name if image.data is not None else os.path.realpath(image.name)
            if place not in seen:
                seen.add(place)
                found.images.append(image)
    return found


def _of(argument: str, found: Inputs, stdin: Callable[[], BinaryIO]) -> Iterator[Input]:
    path = Path(argument)
    if argument == STDIN:
        yield from _through(stdin().read(), found)
    elif path.is_dir():
        yield from _in_folder(path, found)
    elif path.exists() or path.is_symlink() or not glob.has_magic(argument):
        yield Input(argument, PurePath(path.name))
    else:
        # A pattern that the shell has not expanded: it was quoted, or the shell is Windows's.
        matches = sorted(glob.glob(argument, recursive=True))  # noqa: PTH207  any folder
        if not matches:
            found.unmatched.append(argument)
        for match in matches:
            if any(map(junk_kind, set(Path(match).parts) - set(path.parts))):
                found.leave_out("of the system", match)
                continue
            yield from (
                _of(match, found, stdin)
                if Path(match).is_dir()
                else (Input(match, PurePath(Path(match).name)),)
            )


def _through(data: bytes, found: Inputs) -> Iterator[Input]:
    """An image, or paths: one a line, or as ``find -print0`` writes them."""
    if not data.strip():
        raise CommandError("Nothing came through stdin; it takes an image, or a list of paths.")
    if begins_as_image(data):
        yield Input("stdin", PurePath("stdin"), data)
        return
    text = _decoded(data)
    if _CONTROL.search(text):
        raise CommandError("What came through stdin is neither an image nor paths.")
    for line in text.split("\0" if "\0" in text else "\n"):
        if name := line.rstrip("\r\n"):
            path = Path(name)
            if path.is_dir():
                yield from _in_folder(path, found)
            else:
                yield Input(name, PurePath(path.name))


def _decoded(data: bytes) -> str:
    """Paths as text, as the file system has them: a line in another encoding costs no other."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        # What PowerShell writes.
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return data.removeprefix(mark).decode(encoding, "surrogateescape")
    return os.fsdecode(data)


def _in_folder(top: Path, found: Inputs) -> Iterator[Input]:
    """Links are followed, each folder once."""
    seen = set[str]()

    def refuse(error: OSError) -> None:
        found.unreadable.append(str(error.filename))

    for folder, folders, files in os.walk(top, onerror=refuse, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        for name in [name for name in folders if junk_kind(name)]:
            found.leave_out("of the system", os.path.join(folder, name))  # noqa: PTH118
            folders.remove(name)
        folders.sort()
        for name in sorted(files):
            path = Path(folder, name)
            if junk_kind(name):
                found.leave_out("of the system", str(path))
                continue
            try:
                with path.open("rb") as file:
                    is_image = begins_as_image(file.read(_HEAD))
            except OSError:
                found.unreadable.append(str(path))
                continue
            if is_image:
                yield Input(str(path), path.relative_to(top))
            else:
                found.leave_out("not an image", str(path))
