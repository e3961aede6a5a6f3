"""What a version may take while it is opened and while it answers.

A graph can ask for any amount of memory and time: by a loop, by a shape that it computes, and for
one image only. So its code runs in a thread that is not waited for longer than it may take, and
under a limit of the process's address space, where an allocation that is too large fails and kills
nothing. https://man7.org/linux/man-pages/man2/setrlimit.2.html

A thread cannot be ended from outside. One that took too long is told to stop, which ONNX Runtime
does between two nodes of the graph, and the limit of memory holds for as long as it runs.
"""

import os
import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar, cast

T = TypeVar("T")

# The functions that classify have this much; a test compares it with the stages.
FUNCTION_MB = 1_769
# Twice opening and twice an answer fit into the 29 seconds that a request may take.
OPEN_S = 8.0
ANSWER_S = 5.0
# Of what the process has left. The rest is for the version that answers in the other one's place.
_SHARE = 2 / 3

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
    try:
        worker = _idle.pop()
    except IndexError:
        worker = _Worker()
    worker.works.put(partial(_under_limit, work, memory_mb))
    try:
        result, error = worker.results.get(timeout=seconds)
    except BaseException as error:
        # Whatever it still finds is for nobody.
        stop()
        worker.works.put(None)
        if not isinstance(error, Empty):
            raise
        raise TimeoutError(f"it took more than {seconds:g} seconds") from None
    _idle.append(worker)
    if error is not None:
        raise error
    return cast(T, result)


class _Worker(threading.Thread):
    """Does one of ``works`` after another, until None; starting a thread for each would cost a
    tenth of a small model's answer. Daemon, so that what never ends does not keep the process."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.works = SimpleQueue[Callable[[], object] | None]()
        self.results = SimpleQueue[tuple[object, BaseException | None]]()
        self.start()

    def run(self) -> None:
        while work := self.works.get():
            try:
                self.results.put((work(), None))
            except BaseException as error:
                self.results.put((None, error))


_idle: list[_Worker] = []
# A child has none of its parent's threads.
os.register_at_fork(after_in_child=_idle.clear)


class _Limit:
    """How many are at work under the limit, and the limit that was there before the first."""

    lock = threading.Lock()
    holders = 0
    before = resource.RLIM_INFINITY


def _under_limit(work: Callable[[], T], memory_mb: int) -> T:
    with _memory(memory_mb):
        return work()


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
