"""Work on many images at once: Pillow releases the interpreter's lock while it decodes."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from itertools import islice
from typing import TypeVar

from training.stop import check_stop
from training.texts.progress import Bar

Item = TypeVar("Item")
Result = TypeVar("Result")

CHUNK = 16
"""Images per task: a task for each small one would cost more than its decoding."""


def in_threads(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    description: str,
    threads: int = os.cpu_count() or 1,
) -> Iterator[Result]:
    """``work`` of each item, in order, behind a progress bar.

    Only a few chunks are computed ahead of the consumer. The first error ends it, and so does a
    stop, which is heeded before each item.
    """

    def checked(item: Item) -> Result:
        check_stop()
        return work(item)

    def run(chunk: Sequence[Item]) -> list[Result]:
        return [checked(item) for item in chunk]

    chunks = (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))
    with Bar[Item](what=description, total=len(items), unit="images") as bar:
        for results in in_order(run, chunks, threads):
            bar.add(len(results))
            yield from results


def in_order(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Iterator[Result]:
    """``work`` of each item, in order, by ``threads``, a few ahead of the consumer. The first error
    ends it."""
    pending: deque[Future[Result]] = deque()
    waiting = iter(items)
    with ThreadPoolExecutor(threads) as pool:
        try:
            while True:
                for item in islice(waiting, max(0, 2 * threads + 1 - len(pending))):
                    pending.append(pool.submit(copy_context().run, work, item))
                if not pending:
                    return
                yield pending.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
