"""How work that takes long is asked to end: at points where nothing is half done.

Nothing is raised between two such points, so no file stays open and none is half written.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """The work was asked to end; not an error of the run. ``number``: of the signal that asked."""

    def __init__(self, reason: str, number: int = signal.SIGINT) -> None:
        super().__init__(reason)
        self.number = number


def exit_code(error: KeyboardInterrupt) -> int:
    """As a shell has it for a process that a signal ended: 130 of Ctrl-C, 143 of SIGTERM."""
    return 128 + (error.number if isinstance(error, Interrupted) else signal.SIGINT)


def end_on_signal(number: int, _frame: FrameType | None) -> None:
    """A handler that ends the work as Ctrl-C does, with the exit code of its signal."""
    raise Interrupted(signal.Signals(number).name, number)


class Stop:
    """A request to end, made by any thread or by a signal's handler.

    Without a lock: a handler that waits for one held by the thread it runs in would never return.
    """

    def __init__(self) -> None:
        self._reason: tuple[str, int] | None = None

    def request(self, reason: str, number: int = signal.SIGINT) -> None:
        """The first reason counts. ``number``: of the signal that it came by."""
        if self._reason is None:
            self._reason = reason, number

    def check(self) -> None:
        """Raise `Interrupted` with the reason once a stop was requested."""
        if self._reason is not None:
            raise Interrupted(*self._reason)

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Let every `check_stop` in the block, however deep, check this stop: a cancel scope, as
        trio has it.

        A context variable holds it, so another thread heeds it only in a copy of the context, as
        `in_threads` runs its work.
        """
        token = _heeded.set(self)
        try:
            yield
        finally:
            _heeded.reset(token)


_heeded: ContextVar[Stop | None] = ContextVar("_heeded", default=None)


def check_stop() -> None:
    """Called by long work wherever it can end: raises `Interrupted` once the stop that is heeded
    was requested."""
    stop = _heeded.get()
    if stop is not None:
        stop.check()


@contextmanager
def stop_on_signals(stop: Stop, reason: str, *, once: bool) -> Iterator[None]:
    """Let SIGINT and SIGTERM request ``stop``. With ``once`` a second one acts as it did before,
    for somebody who does not want to wait; without it, it does nothing more.

    A signal that is ignored, as a shell does for its background jobs, stays so.
    """
    before = {
        number: handler
        for number in STOP_SIGNALS
        if (handler := signal.getsignal(number)) is not signal.SIG_IGN
    }

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def request(number: int, _frame: FrameType | None) -> None:
        stop.request(reason, number)
        if once:
            restore()

    for number in before:
        signal.signal(number, request)
    try:
        yield
    finally:
        restore()


@contextmanager
def stop_signals_held() -> Iterator[None]:
    """Keep SIGINT and SIGTERM from processes that are started in the block, for all their life.

    A terminal and systemd send both to every process of a group. A worker has to ignore them from
    its first moment on: the process that started it decides when it ends.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
