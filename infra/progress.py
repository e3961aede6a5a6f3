"""Progress lines with the seconds since the command began."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class Progress:
    """Prints to stderr, so that a command's answer on stdout stays clean for machines."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._began = time.monotonic()
        self._stream = stream

    @property
    def elapsed(self) -> float:
        """Seconds since the command began."""
        return time.monotonic() - self._began

    def say(self, text: str) -> None:
        print(f"[{self.elapsed:5.1f} s] {text}", file=self._stream, flush=True)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Say ``name`` and how long it took once the block is through."""
        began = time.monotonic()
        yield
        self.say(f"{name} ({time.monotonic() - began:.1f} s)")
