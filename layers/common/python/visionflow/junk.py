"""What systems leave in folders by themselves: never an image, never a class.

One rule for folders, archives, prefixes of S3 and the page, by the names on a path alone.
"""

import re
from pathlib import PurePosixPath
from typing import Any

from visionflow.labels import label_key

HIDDEN = "hidden"

NAMES = (
    # macOS
    *("__MACOSX", "Icon\r", "Network Trash Folder", "Temporary Items"),
    # Windows
    *("Thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "$RECYCLE.BIN"),
    "System Volume Information",
    # Linux
    "lost+found",
    # Synology, QNAP and other network storage
    *("@eaDir", "#recycle", "#snapshot", "@Recycle", "@Recently-Snapshot", "@tmp", "@sharebin"),
    # Programs for photos, and Python
    *("Picasa.ini", "ZbThumbnail.info", "__pycache__"),
)
"""Files and folders, in upper or lower case."""

PREFIXES = ("SYNOFILE_THUMB", "SYNOPHOTO_THUMB", "SYNOINDEX_")
"""Thumbnails of a Synology, where its folder of them was taken apart."""

_BY_KEY = {label_key(name): name for name in NAMES}
_PREFIX = re.compile("|".join(PREFIXES), re.IGNORECASE)


def document() -> dict[str, Any]:
    """The rule as the page reads it: names in lower case, and what names begin with."""
    return {"names": [name.lower() for name in NAMES], "prefixes": [p.lower() for p in PREFIXES]}


def junk_kind(name: str) -> str | None:
    """What a file or folder called ``name`` is of what systems leave behind: the usual name,
    `HIDDEN`, or None for what somebody made."""
    if name.startswith("."):
        return HIDDEN
    if found := _PREFIX.match(name):
        return found[0].upper()
    return _BY_KEY.get(label_key(name))


def junk_on(path: str) -> str | None:
    """The `junk_kind` of the first name on a relative path that is junk; None where none is."""
    kinds = (junk_kind(name) for name in PurePosixPath(path).parts)
    return next((kind for kind in kinds if kind), None)
