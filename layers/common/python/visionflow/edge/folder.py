"""Files that are finished, in a folder that others write to.

The folder is polled: events of the kernel are lost when too many come at once, and network shares
have none. A folder is listed again only when its own time of change says that names came or went.
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


@dataclass(frozen=True)
class Found:
    """A file as it was found; ``name``: its path below the folder, with slashes."""

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

    def finished(self) -> Iterator[Found]:
        """Files that are finished in folders that changed since they were last listed. The caller
        knows which of them are new."""
        yield from self._of_growing()
        yield from self._below(str(self._root), "")

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
        return Found(Path(path), name, state.st_size, state.st_mtime_ns)


def is_image_name(name: str) -> bool:
    return Path(name).suffix.lower() in IMAGE_SUFFIXES


def listed(given: list[Path]) -> Iterator[Found]:
    """The files that are ``given``, and the images in folders that are, in their order. Raises
    `EdgeError` for one that is not there."""
    for path in given:
        if path.is_dir():
            for folder, folders, files in os.walk(path):
                folders[:] = sorted(name for name in folders if not junk_kind(name))
                for name in sorted(files):
                    if is_image_name(name) and not junk_kind(name):
                        yield _as_given(Path(folder) / name)
        else:
            yield _as_given(path)


def _as_given(path: Path) -> Found:
    try:
        state = path.stat()
    except OSError as error:
        raise EdgeError(f"{path}: {error.strerror or error}.", "file") from error
    return Found(path, path.as_posix(), state.st_size, state.st_mtime_ns)
