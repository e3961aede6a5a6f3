"""Images of a chunk, read some ahead of the one that is worked on."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from lambdas.chunk.again import again
from visionflow.backfills.chunks import Entry
from visionflow.errors import ImageError
from visionflow.images.store import ImageStore, StoredImage

READERS = 8
# Read and not yet worked on: so many images, or the first whatever its size.
_MOST_AHEAD, _MOST_BYTES = 16, 48_000_000
_TYPICAL_BYTES = 100_000

Read = StoredImage | ImageError


class Reader:
    """``pool`` reads beside the caller."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool

    def read(
        self, store: ImageStore, entries: Sequence[Entry], *, ahead: bool = True
    ) -> Iterator[Read]:
        """Each entry's image, in their order, or why it can never be read. Raises what is wrong
        with the platform. ``ahead``: read more than is asked for."""
        waiting: deque[tuple[int, Future[Read]]] = deque()
        size, coming = 0, iter(entries)
        following = next(coming, None)
        try:
            while True:
                while following is not None and (
                    not waiting or (ahead and len(waiting) < _MOST_AHEAD and size < _MOST_BYTES)
                ):
                    expected = following.size or _TYPICAL_BYTES
                    waiting.append((expected, self._pool.submit(_read, store, following)))
                    size += expected
                    following = next(coming, None)
                if not waiting:
                    return
                expected, future = waiting.popleft()
                size -= expected
                yield future.result()
        finally:
            for _, left in waiting:
                left.cancel()


def _read(store: ImageStore, entry: Entry) -> Read:
    try:
        return again(lambda: store.fetch(entry.key, entry.version, entry.etag))
    except ImageError as error:
        return error
