"""How the commands that take long are ended."""

from collections.abc import Iterator
from contextlib import contextmanager

from training.stop import Stop, stop_on_signals
from training.texts.progress import naming_steps


@contextmanager
def stoppable() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end a command where nothing is half done; a second one ends it at
    once. Steps are named while they take their time."""
    stop = Stop()
    with stop.heeded(), stop_on_signals(stop, "interrupted", once=True), naming_steps():
        yield
