"""Work on many images at once: Pillow releases the interpreter's lock while it decodes."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
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

    pending: deque[Future[list[Result]]] = deque()
    starts = iter(range(0, len(items), CHUNK))
    with (
        ThreadPoolExecutor(threads) as pool,
        Bar[Item](what=description, total=len(items), unit="images") as bar,
    ):
        try:
            while True:
                while len(pending) <= 2 * threads and (start := next(starts, None)) is not None:
                    pending.append(
                        pool.submit(copy_context().run, run, items[start : start + CHUNK])
                    )
                if not pending:
                    return
                results = pending.popleft().result()
                bar.add(len(results))
                yield from results
        finally:
            pool.shutdown(cancel_futures=True)
