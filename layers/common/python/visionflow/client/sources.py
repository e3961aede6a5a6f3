"""Where an image comes from: a path, bytes or an open file."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

# A `str` is a path.
Image = str | os.PathLike[str] | bytes | BinaryIO


@dataclass(frozen=True)
class Opened:
    """``filename``: the last part of its path, where it has one."""

    data: bytes
    filename: str | None


def opened(image: Image) -> Opened:
    """Raises `OSError` for a file that cannot be read."""
    if isinstance(image, bytes):
        return Opened(image, None)
    if isinstance(image, str | os.PathLike):
        path = Path(image)
        # Half of a surrogate pair, as of a name in another encoding, no request can carry.
        return Opened(path.read_bytes(), path.name.encode(errors="replace").decode())
    name = getattr(image, "name", None)
    return Opened(image.read(), Path(name).name if isinstance(name, str) else None)
