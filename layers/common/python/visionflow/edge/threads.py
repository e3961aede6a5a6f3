"""Work in as many threads as there are cores, answered in order, with a bound on what waits.

Decoding and inference both leave Python's lock, so threads of one process use all cores and share
one model; processes would each hold their own.
"""

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, Self, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# Beyond these the memory of a small machine is spent before its cores are.
_MOST = 4
_AHEAD = 2


def cores() -> int:
    """What this process may use, `_MOST` at most."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(_MOST, count or 1))


class InOrder(Generic[Item, Result]):
    """``work`` on items in threads. At most `_AHEAD` items a thread are begun or wait."""

    def __init__(self, work: Callable[[Item], Result], threads: int | None = None) -> None:
        self._work = work
        count = threads or cores()
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="edge")
        self._most = _AHEAD * count
        self._begun: deque[Future[Result]] = deque()

    def add(self, item: Item) -> list[Result]:
        """Begin an item; returns results that are ready, after waiting for room."""
        ready = [self._begun.popleft().result()] if len(self._begun) >= self._most else []
        self._begun.append(self._pool.submit(self._work, item))
        while self._begun and self._begun[0].done():
            ready.append(self._begun.popleft().result())
        return ready

    def rest(self) -> list[Result]:
        """Wait for what was begun."""
        found = [future.result() for future in self._begun]
        self._begun.clear()
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
