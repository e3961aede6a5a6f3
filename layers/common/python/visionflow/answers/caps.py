"""What a version may take while it is opened and while it answers.

A graph can ask for any amount of memory and time: by a loop, by a shape that it computes, and for
one image only. So its code runs in a thread that is not waited for longer than it may take, and
under a limit of the process's address space, where an allocation that is too large fails and kills
nothing. https://man7.org/linux/man-pages/man2/setrlimit.2.html

A thread cannot be ended from outside. One that took too long is told to stop, which ONNX Runtime
does between two nodes of the graph, and the limit of memory holds for as long as it runs.
"""

import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")

# The functions that classify have this much; a test compares it with the stages.
FUNCTION_MB = 1_769
# Twice opening and twice an answer fit into the 29 seconds that a request may take.
OPEN_S = 8.0
ANSWER_S = 5.0
# Of what the process has left. The rest is for the version that answers in the other one's place.
_SHARE = 2 / 3
_STOP_S = 0.1

_MB = 1 << 20
_PAGE = resource.getpagesize()
_STATUS = Path("/proc/self/statm")


def within(
    seconds: float,
    work: Callable[[], T],
    *,
    memory_mb: int = FUNCTION_MB,
    stop: Callable[[], None] = lambda: None,
) -> T:
    """What ``work`` returns or raises, done within ``seconds`` and in a process of ``memory_mb``.

    Raises `TimeoutError` where it takes longer, after ``stop`` was called; whatever ``work`` makes
    of an allocation that fails, such as `MemoryError`, where it needs more.
    """
    task = _Task(work, memory_mb)
    task.join(seconds)
    if task.is_alive():
        stop()
        task.join(_STOP_S)
        raise TimeoutError(f"it took more than {seconds:g} seconds")
    return task.result()


class _Task(threading.Thread, Generic[T]):
    """Daemon, so that one which never ends does not keep the process."""

    def __init__(self, work: Callable[[], T], memory_mb: int) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._memory_mb = memory_mb
        self._result: list[T] = []
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            with _memory(self._memory_mb):
                self._result.append(self._work())
        except BaseException as error:
            self._error = error

    def result(self) -> T:
        if self._error is not None:
            raise self._error
        return self._result[0]


class _Limit:
    """How many are at work under the limit, and the limit that was there before the first."""

    lock = threading.Lock()
    holders = 0
    before = resource.RLIM_INFINITY


@contextmanager
def _memory(memory_mb: int) -> Iterator[None]:
    """Limit the address space such that the resident memory stays below ``memory_mb``."""
    with _Limit.lock:
        if _Limit.holders == 0:
            _Limit.before = resource.getrlimit(resource.RLIMIT_AS)[0]
        _Limit.holders += 1
        size, resident = _pages()
        # A process that has outgrown its memory is not one of Lambda, which would have ended it.
        left = max(memory_mb * _MB - resident * _PAGE, memory_mb * _MB // 4)
        _set_limit(size * _PAGE + int(left * _SHARE))
    try:
        yield
    finally:
        with _Limit.lock:
            _Limit.holders -= 1
            if _Limit.holders == 0:
                _set_limit(_Limit.before)


def _pages() -> tuple[int, int]:
    """Pages of the address space, and of the memory that is resident."""
    size, resident = _STATUS.read_bytes().split()[:2]
    return int(size), int(resident)


def _set_limit(soft: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard != resource.RLIM_INFINITY:
        soft = hard if soft == resource.RLIM_INFINITY else min(soft, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
