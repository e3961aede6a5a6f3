"""Texts on a terminal."""

import json
import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import TextIO

# Where results go while `result_alone_on_stdout`; elsewhere they go to stdout.
_results: list[TextIO] = []


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


def results() -> TextIO:
    """The stream of what a command was asked for."""
    return _results[-1] if _results else sys.stdout


@contextmanager
def result_alone_on_stdout() -> Iterator[None]:
    """In the block stdout gets what `say` and `say_json` print, and stderr all that libraries and
    child processes print to stdout, such as what they download."""
    stdout: TextIO | None = sys.stdout
    if stdout is None:  # closed by whoever started the command
        yield
        return
    is_own = stdout is sys.__stdout__
    out = _apart(stdout) if is_own else stdout
    _results.append(out)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _results.pop()
        # A reader that has gone was told of by what printed last.
        with suppress(BrokenPipeError):
            out.flush()
        if is_own:
            os.dup2(out.fileno(), stdout.fileno())
            with suppress(BrokenPipeError):
                out.close()


def _apart(stdout: TextIO) -> TextIO:
    """Another stream to where ``stdout`` leads, which leads to stderr from now on."""
    stdout.flush()
    out = os.fdopen(os.dup(stdout.fileno()), "w", encoding="utf-8", errors=stdout.errors)
    os.dup2(sys.stderr.fileno(), stdout.fileno())
    return out


def say_json(document: str, *, file: TextIO | None = None) -> None:
    """Print a JSON document with such characters escaped as JSON has it, which says the same."""
    text = "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in document)
    print(text, file=file or results(), flush=True)


def say(text: str = "", *, file: TextIO | None = None) -> None:
    """Print ``text``, `printable`: the way in which every command prints."""
    print(printable(text, keep="\n\t"), file=file or results(), flush=True)
