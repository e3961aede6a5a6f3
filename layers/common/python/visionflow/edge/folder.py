"""Files that are finished, in a folder that others write to.

The folder is polled: events of the kernel are lost when too many come at once, and network shares
have none. A folder is listed again when its own time of change says that names came or went, and
all of them now and then, because a file that is written over in place leaves no such trace.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from visionflow.edge.errors import EdgeError
from visionflow.images.formats import IMAGE_SUFFIXES
from visionflow.junk import junk_kind

POLL_S = 0.5
# A file is finished when nothing of it has changed for so long, by its own time or by ours.
_QUIET_S = 1.0
# File systems keep times in steps of up to two seconds: what changed just now may change again
# without a trace.
_STEP_S = 2.5
# How long a writer may pause in the middle of a file.
_PATIENCE_S = 30.0
# All folders are listed again after this time, or after so many times what it took: that bounds its
# share of a small machine, however many files there are.
_ALL_S, _ALL_SHARE = 5.0, 20


@dataclass(frozen=True)
class Found:
    """A file as it was found; ``name``: its path below the folder, with slashes, as text."""

    path: Path
    name: str
    size: int
    mtime_ns: int


@dataclass
class _Growing:
    """A file that may be written to; ``since``: when its size or time was last seen to change.
    ``quiet``: seconds without a change after which it is finished."""

    size: int
    mtime_ns: int
    since: float
    quiet: float = _QUIET_S


@dataclass
class _Listed:
    """A folder as it was last listed; ``changed`` is None where it may change without a trace."""

    changed: int | None
    folders: tuple[tuple[str, str], ...]


class WatchedFolder:
    """Finds images below ``folder``: files whose name is that of an image, with all folders below,
    without what systems leave behind. Links to folders are not followed."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """Raises `EdgeError` where there is no such folder."""
        if not folder.is_dir():
            raise EdgeError(f"{folder}: no such folder; make it, then start again.", "file")
        self._root = folder
        self._clock = clock
        self._listed: dict[str, _Listed] = {}
        self._growing: dict[str, _Growing] = {}
        self._all_at = clock() + _ALL_S

    def finished(self) -> Iterator[Found]:
        """Files that are finished, in folders that changed since they were last listed, and now and
        then in all. The caller knows which of them are new."""
        began = self._clock()
        if all_again := began >= self._all_at:
            self._listed.clear()
        yield from self._of_growing()
        yield from self._below(str(self._root), "")
        if all_again:
            now = self._clock()
            self._all_at = now + max(_ALL_S, _ALL_SHARE * (now - began))

    def again(self, found: Found) -> bool:
        """Whether a file whose end is missing may still get it: then it is found again, once it has
        changed or a longer time is over. A writer may pause."""
        if time.time() - found.mtime_ns / 1e9 > _PATIENCE_S:
            return False
        self._growing[str(found.path)] = _Growing(
            found.size, found.mtime_ns, self._clock(), _PATIENCE_S
        )
        return True

    def _of_growing(self) -> Iterator[Found]:
        for path, known in tuple(self._growing.items()):
            try:
                state = Path(path).stat()
            except OSError:
                # Taken away, or renamed: then it is found under its new name.
                del self._growing[path]
                continue
            if (state.st_size, state.st_mtime_ns) != (known.size, known.mtime_ns):
                now = self._clock()
                self._growing[path] = _Growing(state.st_size, state.st_mtime_ns, now)
            elif self._clock() - known.since >= known.quiet:
                del self._growing[path]
                yield self._found(path, state)

    def _below(self, folder: str, prefix: str) -> Iterator[Found]:
        known = self._listed.get(folder)
        try:
            changed = os.stat(folder).st_mtime_ns  # noqa: PTH116  a tenth of a Path's time
            if known is None or known.changed != changed:
                folders = []
                for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
                    if junk_kind(entry.name):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append((entry.path, f"{prefix}{entry.name}/"))
                    elif is_image_name(entry.name) and entry.path not in self._growing:
                        yield from self._begun(entry)
                young = time.time() - changed / 1e9 <= _STEP_S
                self._listed[folder] = _Listed(None if young else changed, tuple(folders))
        except OSError:
            # Taken away, or not readable now.
            self._listed.pop(folder, None)
            return
        for path, name in self._listed[folder].folders:
            yield from self._below(path, name)

    def _begun(self, entry: "os.DirEntry[str]") -> Iterator[Found]:
        try:
            if not entry.is_file():
                return
            state = entry.stat()
        except OSError:
            return
        age = time.time() - state.st_mtime
        if age > _STEP_S:
            yield self._found(entry.path, state)
        else:
            now = self._clock()
            self._growing[entry.path] = _Growing(state.st_size, state.st_mtime_ns, now)

    def _found(self, path: str, state: os.stat_result) -> Found:
        name = Path(path).relative_to(self._root).as_posix()
        return Found(Path(path), _as_text(name), state.st_size, state.st_mtime_ns)


def is_image_name(name: str) -> bool:
    return Path(name).suffix.lower() in IMAGE_SUFFIXES


def listed(given: list[Path]) -> Iterator[Found]:
    """The files that are ``given``, and the images in folders that are, in their order. Raises
    `EdgeError` for one that is not there, before any is found."""
    for path in given:
        try:
            path.stat()
        except OSError as error:
            raise EdgeError(f"{path}: {error.strerror or error}.", "file") from error
    return _listed_in(given)


def _listed_in(given: list[Path]) -> Iterator[Found]:
    for path in given:
        if path.is_dir():
            for folder, folders, files in os.walk(path):
                folders[:] = sorted(name for name in folders if not junk_kind(name))
                for name in sorted(files):
                    file = Path(folder) / name
                    # Not links that lead nowhere, nor pipes, which would be waited for.
                    if is_image_name(name) and not junk_kind(name) and file.is_file():
                        yield _as_given(file)
        else:
            yield _as_given(path)


def _as_given(path: Path) -> Found:
    try:
        state = path.stat()
        size, mtime_ns = state.st_size, state.st_mtime_ns
    except OSError:
        size = mtime_ns = 0  # taken away since: whoever reads it says so
    return Found(path, _as_text(path.as_posix()), size, mtime_ns)


def _as_text(name: str) -> str:
    """A name as text. Bytes in it that are no UTF-8 are written as ``%FF``: Linux allows them, JSON
    and SQLite do not."""
    if name.isascii():
        return name
    return "".join(f"%{ord(c) - 0xDC00:02X}" if "\udc80" <= c <= "\udcff" else c for c in name)
