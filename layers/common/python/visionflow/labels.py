"""Which texts can be labels: names of folders on every system, that look like what they are.

A label is typed by strangers and written everywhere: into a terminal, a report and the name of a
folder. So it is refused where it enters (a folder, a table, a manifest, feedback), and what comes
later need not ask.
"""

import unicodedata
from collections.abc import Iterable

MAX_LABEL = 120
# What file systems take.
_MAX_BYTES = 255
# Windows takes none of these in a name, and a slash is a path everywhere.
_SEPARATORS = frozenset('/\\:*?"<>|')
# Printable for Python and still invisible, so two labels would look the same: joiners, fillers,
# variation selectors. https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point
_INVISIBLE = frozenset(
    map(
        chr,
        (
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
            *range(0x180B, 0x1810),
            *range(0xFE00, 0xFE10),
            *range(0xE0100, 0xE01F0),
        ),
    )
)
# Files of a dataset that lie beside its class folders, such as lineage.jsonl.
_FILES = (".csv", ".json", ".jsonl")
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_DEVICES = frozenset(
    {
        "con",
        "prn",
        "aux",
        "nul",
        *(f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³"),
    }
)


def composed(text: str) -> str:
    """A name in the one spelling that is kept (NFC): macOS takes letters such as 각 apart in the
    names of files, a keyboard does not."""
    return unicodedata.normalize("NFC", text)


def label_key(text: str) -> str:
    """Equal for names that one folder would have where upper and lower case are the same."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).casefold())


def label_problem(text: str) -> str | None:
    """Why ``text`` cannot be a label, as the end of a sentence that begins with it; None if it can.

    It must be `composed` already.
    """
    if not text.strip():
        return "is empty"
    # A thousand labels are a cold start's, so what almost all are is asked first.
    if not (text.isprintable() and _INVISIBLE.isdisjoint(text)):
        unseen = next(filter(invisible, text))
        return f"holds U+{ord(unseen):04X}, a character that cannot be seen"
    if text != composed(text):
        return "holds letters that are taken apart; write it in Unicode's form NFC"
    return _length_problem(text) or _folder_problem(text)


def invisible(character: str) -> bool:
    """Whether it cannot be seen, so that two labels would look the same."""
    return not character.isprintable() or character in _INVISIBLE


def twins(names: Iterable[str]) -> tuple[str, str] | None:
    """Two of ``names`` that differ by case or composition alone, or not at all; None if none do."""
    seen: dict[str, str] = {}
    for name in names:
        key = label_key(name)
        if key in seen:
            return seen[key], name
        seen[key] = name
    return None


def _length_problem(text: str) -> str | None:
    if len(text) > MAX_LABEL:
        return f"has {len(text)} characters; at most {MAX_LABEL} are allowed"
    if (size := len(text.encode())) > _MAX_BYTES:
        return f"has {size} bytes in UTF-8; the name of a folder has at most {_MAX_BYTES}"
    return None


def _folder_problem(text: str) -> str | None:
    """Each label becomes the name of a folder when images are collected."""
    if not _SEPARATORS.isdisjoint(text):
        return f"holds {min(_SEPARATORS & set(text))}, which the name of a folder cannot hold"
    if text.startswith((".", " ")) or text.endswith((".", " ")):
        return "begins or ends with a dot or a blank"
    folded = text.casefold()
    if folded.endswith(_FILES):
        return "is the name of a file"
    if folded.partition(".")[0].rstrip() in _DEVICES:
        return "is what Windows calls a device; add a word"
    return None
