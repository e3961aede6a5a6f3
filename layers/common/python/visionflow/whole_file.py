"""Files that are complete or absent, whatever happens while they are written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a path beside ``path`` to write to; it replaces ``path`` once the block is through.

    Makes the folder. After an error, an interruption included, ``path`` is as it was and nothing
    is left beside it; a killed process leaves the partial file, which the next writer replaces.
    Two writers of one path must keep each other out.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    try:
        yield partial
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
