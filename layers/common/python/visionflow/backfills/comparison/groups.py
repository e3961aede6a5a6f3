"""What images are grouped by, besides their labels."""

import hashlib
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from visionflow.backfills.comparison.view import By
from visionflow.backfills.request import Work

MEGAPIXELS: Final = (0.1, 0.5, 2.0, 8.0)
CONFIDENCES: Final = (0.5, 0.7, 0.9)


def folder_of(work: Work, key: str) -> str:
    """The folder of a key, one level below the source; of what a list names, its first two levels.
    Empty for what lies in the source itself."""
    _, prefix = work.place
    root = prefix[: prefix.rfind("/") + 1] if work.kind == "listing" else ""
    levels = 1 if work.kind == "listing" else 2
    return "/".join(key.removeprefix(root).split("/")[:-1][:levels])


def groups_of(folder: str, pixels: int, old_confidence: float) -> Iterator[tuple[By, str]]:
    yield "folder", folder
    yield "size", _range(pixels / 1e6, MEGAPIXELS, None)
    yield "confidence", _range(old_confidence, CONFIDENCES, 1.0)


def place_of(folder: str) -> int:
    """A number that is as random as a hash, and the same for the same folder."""
    return int.from_bytes(hashlib.sha256(folder.encode(errors="replace")).digest()[:8], "big")


def _range(value: float, edges: tuple[float, ...], end: float | None) -> str:
    """The range that a value is in, such as ``0.5-2``; at an edge it is in the upper one."""
    at = bisect_right(edges, value)
    if at == 0:
        return f"<{edges[0]:g}"
    if at == len(edges) and end is None:
        return f">{edges[-1]:g}"
    return f"{edges[at - 1]:g}-{(*edges, end)[at]:g}"
