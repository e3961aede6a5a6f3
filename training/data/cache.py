"""Decoded images in a file that is complete or absent, whatever happens while it is written."""

import errno
import fcntl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from training.errors import DatasetError
from visionflow.images.pipeline import UInt8Array
from visionflow.whole_file import whole_file


def cached_bytes(path: Path | None, produce: Callable[[], Iterable[UInt8Array]]) -> UInt8Array:
    """The arrays of ``produce``, one behind the other, as a flat uint8 array.

    With a ``path`` they lie in that file, which later calls read instead of producing it again; it
    is mapped into memory copy-on-write, so changing the array does not change the file. Without
    one they lie in memory.

    Raises `DatasetError` when the file cannot be written, say on a full disk.
    """
    if path is None:
        buffer = bytearray()
        for part in produce():
            buffer += part.tobytes()
        return np.frombuffer(buffer, np.uint8)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with alone(path.parent):
            if not path.exists():
                with whole_file(path) as partial, partial.open("wb") as file:
                    for part in produce():
                        file.write(part.tobytes())
        return np.memmap(path, np.uint8, mode="c")
    except OSError as error:
        raise not_writable(path.parent, error) from error


@contextmanager
def alone(folder: Path, name: str = ".lock") -> Iterator[None]:
    """Keep other processes out: one writes, the others wait. The kernel releases the lock when its
    holder dies. Inside, the same ``name`` in the same folder would wait for itself.
    """
    # To append nothing: a lock that is there stays as it is.
    with (folder / name).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def not_writable(folder: Path, error: OSError) -> DatasetError:
    """The error for a disk that images cannot be kept on."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DatasetError(
            f"{folder}: the disk is full, the images do not fit; free some space or choose "
            "another folder"
        )
    return DatasetError(f"{folder}: images cannot be kept here ({error})")
