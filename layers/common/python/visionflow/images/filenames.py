"""What an image was called where it came from: personal data, so it is kept in its record alone.

A name is shown, exported and searched, and never part of a key, a URL, a log line or a metric. A
file that is dropped into a bucket has no other name than its key, which says it everywhere.
"""

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

# What file systems take. A longer name keeps its beginning and its end.
MAX_FILENAME_BYTES = 255
# Separators of lines and paragraphs, control and format characters (those that turn the direction
# of what follows are among these), and halves of surrogate pairs.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Emoji and several scripts are written with these two.
_JOINERS = "\u200c\u200d"
_LONGEST_END = 24
_ELLIPSIS = "…"


def clean_filename(name: str | None) -> str | None:
    """The last part of any system's path, in Unicode's composed form (NFC), in one line, without
    invisible characters; None where nothing is left."""
    if name is None:
        return None
    last = PureWindowsPath(PurePosixPath(name).name).name
    seen = (c if c in _JOINERS or unicodedata.category(c) not in _INVISIBLE else " " for c in last)
    text = " ".join(unicodedata.normalize("NFC", "".join(seen)).split())
    if not text.strip("." + _JOINERS):
        return None
    return _shortened(text)


def _shortened(text: str) -> str:
    if len(text.encode()) <= MAX_FILENAME_BYTES:
        return text
    end = _cut(text[::-1], _LONGEST_END)[::-1]
    room = MAX_FILENAME_BYTES - len(f"{_ELLIPSIS}{end}".encode())
    return f"{_cut(text, room)}{_ELLIPSIS}{end}"


def _cut(text: str, most: int) -> str:
    """The beginning of a text in at most so many bytes."""
    while len(text.encode()) > most:
        text = text[: max(1, len(text) - max(1, (len(text.encode()) - most) // 4))]
    return text
