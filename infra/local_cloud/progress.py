"""What a command says on stderr while it brings something up."""

import sys
import time
from contextlib import AbstractContextManager
from typing import TextIO

from training.texts import progress
from training.texts.terminal import printable


class Progress:
    """Sentences to stderr with the seconds since the command began, and its steps."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._began = time.monotonic()
        self._stream = stream

    def say(self, text: str) -> None:
        """Print what the user should know, whoever watches."""
        elapsed = time.monotonic() - self._began
        stream = self._stream or sys.stderr
        print(f"[{elapsed:5.1f} s] {printable(text)}", file=stream, flush=True)

    def step(self, name: str) -> AbstractContextManager[None]:
        """Around a step, whose ``name`` and time are progress."""
        return progress.step(name)
