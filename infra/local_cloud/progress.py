"""Progress lines with the seconds since the command began."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TextIO

from training.texts.terminal import printable


class Progress:
    """Prints to stderr, so that a command's answer on stdout stays clean for machines."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._began = time.monotonic()
        self._stream = stream or sys.stderr

    def say(self, text: str) -> None:
        elapsed = time.monotonic() - self._began
        print(f"[{elapsed:5.1f} s] {printable(text)}", file=self._stream, flush=True)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Print ``name`` and how long it took when the block has ended."""
        began = time.monotonic()
        yield
        self.say(f"{name} ({time.monotonic() - began:.1f} s)")


class TransferBar:
    """The progress of ``total`` bytes: a bar on a terminal, elsewhere a line at each tenth."""

    _CELLS = 30

    def __init__(self, total: int, what: str, stream: TextIO | None = None) -> None:
        stream = stream or sys.stderr
        self._total = max(total, 1)
        self._what = printable(what)
        self._done = 0
        self._stream = stream
        self._lines = None if stream.isatty() else Progress(stream)
        # Large files may go in parts, by several threads.
        self._lock = Lock()

    def add(self, count: int) -> None:
        """Count another ``count`` bytes."""
        with self._lock:
            before, self._done = self._done, min(self._done + count, self._total)
            if before == self._done:
                return
            if self._lines is None:
                self._draw()
            elif self._tenth(before) != self._tenth(self._done):
                share = f"{10 * self._tenth(self._done)} % of {self._total / 1e6:.1f} MB"
                self._lines.say(f"{share} {self._what}")

    def _draw(self) -> None:
        share = self._done / self._total
        cells = "#" * int(share * self._CELLS)
        end = "\n" if self._done == self._total else ""
        text = f"\r[{cells:<{self._CELLS}}] {share:4.0%} of {self._total / 1e6:.1f} MB {self._what}"
        self._stream.write(text + end)
        self._stream.flush()

    def _tenth(self, count: int) -> int:
        return 10 * count // self._total
