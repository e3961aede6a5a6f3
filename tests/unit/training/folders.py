"""Folders of runs, as other commands see them."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from training.run_folder import LOCK_FILE


@contextmanager
def held_by_another(out: Path) -> Iterator[None]:
    """As if another command were writing into ``out``: the kernel locks for an open file, of
    whichever process."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / LOCK_FILE).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def snapshot(out: Path) -> dict[str, tuple[bytes, int]]:
    """Content and time of each file, hidden ones too."""
    return {
        str(path.relative_to(out)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }
