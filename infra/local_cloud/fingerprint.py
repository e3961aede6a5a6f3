"""Whether something was built from exactly these sources and need not be built again."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

# What tools write beside sources.
_SKIPPED = {"node_modules", "dist", "coverage", "__pycache__", "cdk.out"}


def fingerprint(sources: Iterable[Path], *salt: str) -> str:
    """SHA-256 over the names and contents of files and folders, and over ``salt``.

    A folder counts with everything below it, except what tools write there.
    """
    digest = hashlib.sha256("\0".join(salt).encode())
    for source in sources:
        for file in _files(source):
            digest.update(f"\0{file.relative_to(source.parent).as_posix()}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def is_current(stamp: Path, expected: str) -> bool:
    """Whether the fingerprint in ``stamp`` is ``expected``."""
    return stamp.is_file() and stamp.read_text() == expected


def _files(source: Path) -> Iterator[Path]:
    if source.is_file():
        yield source
        return
    for folder, folders, names in os.walk(source):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        for name in sorted(names):
            yield Path(folder) / name
