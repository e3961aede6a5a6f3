"""Texts on a terminal."""

import json
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO


def columns(text: str) -> int:
    """How many ``text`` takes: two for each Korean, Chinese or Japanese letter."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)


def printable(text: str, keep: str = "") -> str:
    r"""``text`` with an escape such as ``\x1b`` for each character that a terminal would obey, hide
    or turn round. Labels, names of files, reasons and logs come from others.

    ``keep``: characters to leave as they are.
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in keep else c.encode("unicode_escape").decode() for c in text
    )


def say_json(document: str) -> None:
    """Print a JSON document with such characters escaped as JSON has it, which says the same."""
    text = "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in document)
    print(text, flush=True)


_telling: ContextVar[bool] = ContextVar("_telling", default=False)


@contextmanager
def telling_steps() -> Iterator[None]:
    """Let every `tell` in the block, however deep, be read: somebody waits for the run."""
    token = _telling.set(True)
    try:
        yield
    finally:
        _telling.reset(token)


def tell(step: str) -> None:
    """Name a step of a run that has no progress bar, on stderr, where somebody waits for it."""
    if _telling.get():
        say(f"{step} ...", file=sys.stderr)


def say(text: str = "", *, file: TextIO | None = None) -> None:
    """Print ``text``, `printable`: the way in which every command prints."""
    print(printable(text, keep="\n\t"), file=file, flush=True)
