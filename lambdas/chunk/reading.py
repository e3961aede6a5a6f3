"""Images of a chunk, read some ahead of the one that is worked on."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from lambdas.chunk.again import again
from visionflow.backfills.chunks import Entry
from visionflow.errors import DeniedImageError, ImageError
from visionflow.images.store import ImageStore, StoredImage

READERS = 8
# Read and not yet worked on: so many images, or the first whatever its size.
_MOST_AHEAD, _MOST_BYTES = 16, 48_000_000
_TYPICAL_BYTES = 100_000
# What S3 says where a grant is missing: the object's alone, or the whole bucket's.
DENIED = ("AccessDenied", "403")
# Images behind one that is denied, which tell whether all are.
_PROBED = 16

Read = StoredImage | ImageError


class Reader:
    """``pool`` reads beside the caller."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool

    def read(
        self,
        store: ImageStore,
        entries: Sequence[Entry],
        *,
        ahead: bool = True,
        theirs: bool = False,
        some_read: bool = False,
    ) -> Iterator[Read]:
        """Each entry's image, in their order, or why it can never be read. Raises what is wrong
        with the platform. ``ahead``: read more than is asked for. ``theirs``: objects in this
        bucket may have owners who deny them; if others can be read, as ``some_read`` could before,
        such an image alone fails."""
        waiting: deque[tuple[int, Future[Read]]] = deque()
        at = 0
        size, coming = 0, iter(entries)
        following = next(coming, None)
        try:
            while True:
                while following is not None and (
                    not waiting or (ahead and len(waiting) < _MOST_AHEAD and size < _MOST_BYTES)
                ):
                    expected = following.size or _TYPICAL_BYTES
                    waiting.append((expected, self._pool.submit(_read, store, following, theirs)))
                    size += expected
                    following = next(coming, None)
                if not waiting:
                    return
                expected, future = waiting.popleft()
                size -= expected
                at += 1
                try:
                    found = future.result()
                except store.refusal as error:
                    if not theirs or code_of(error) not in DENIED:
                        raise
                    if not some_read:
                        some_read = _one_can_be_read(store, entries[at : at + _PROBED])
                    if not some_read:
                        raise
                    found = DeniedImageError("Its owner lets nobody else read this object.")
                some_read = some_read or not isinstance(found, ImageError)
                yield found
        finally:
            for _, left in waiting:
                left.cancel()


def _read(store: ImageStore, entry: Entry, theirs: bool) -> Read:
    try:
        return again(
            lambda: store.fetch(entry.key, entry.version, entry.etag),
            lasts=lambda error: theirs and code_of(error) in DENIED,
        )
    except ImageError as error:
        return error


def _one_can_be_read(store: ImageStore, entries: Sequence[Entry]) -> bool:
    """Whether the bucket lets any of these be read."""
    for entry in entries:
        with suppress(store.refusal, ImageError):
            store.fetch(entry.key, entry.version, entry.etag)
            return True
    return False


def code_of(error: Exception) -> str:
    """Of an answer of S3, as botocore has it."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))
