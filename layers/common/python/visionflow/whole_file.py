"""Files that are complete or absent, whatever happens while they are written."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path, *, shared: bool = False) -> Iterator[Path]:
    """Yield a path beside ``path`` to write to; it replaces ``path`` once the block is through.

    Makes the folder. After an error, an interruption included, ``path`` is as it was and nothing
    is left beside it. A killed process leaves the partial file, which the next writer replaces.
    Two writers of one path must keep each other out, unless both say that it is ``shared``: then
    each has a partial file of its own, and the last to finish wins.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_of(path, f".{secrets.token_hex(4)}" if shared else "")
    try:
        yield partial
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def partial_of(path: Path, own: str = "") -> Path:
    """Where `whole_file` writes before it replaces ``path``."""
    return path.with_name(f"{path.name}{own}.partial")
