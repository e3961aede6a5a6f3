"""A slice of adding up the parts of a comparison, until its time is over.

A hundred million images have 200,000 parts. They are read some at once and added one after the
other, in the order of the chunks' rows, which name the parts that count. How far it is and what was
added up so far are one object: a repeated slice begins where that says and finds the same.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from typing import Final

from visionflow.backfills.comparison.files import ComparisonFiles, Merged
from visionflow.backfills.store import SHARDS, BackfillStore

READERS: Final = 8
# Chunks between two looks at the clock, whose parts are in memory: 260 kB each where most differ.
_AT_ONCE: Final = 64


def merge_slice(
    store: BackfillStore,
    files: ComparisonFiles,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
    wanted: Callable[[], bool] = lambda: True,
) -> Merged:
    """What is added up after about so many ``seconds``, or when it is not ``wanted`` any more; all
    where its shard is `SHARDS`."""
    end = clock() + seconds
    merged = files.merged()
    with ThreadPoolExecutor(READERS, "parts") as pool:
        for chunks in _batches(store, files.id, merged):
            names = list(chain.from_iterable(parts for _, _, parts in chunks))
            for part in pool.map(files.part, names):
                merged.part.merge(part)
            shard, after, _ = chunks[-1]
            merged = Merged(shard, after, merged.part)
            if clock() >= end or not wanted():
                files.put_merged(merged)
                return merged
    merged = Merged(SHARDS, "", merged.part)
    files.put_merged(merged)
    return merged


_Chunk = tuple[int, str, tuple[str, ...]]


def _batches(
    store: BackfillStore, backfill_id: str, merged: Merged
) -> Iterator[tuple[_Chunk, ...]]:
    """The chunks that are left, some at a time: shard, sort key and names of parts."""
    left = (
        (shard, sort_key, parts)
        for shard in range(merged.shard, SHARDS)
        for sort_key, parts in store.parts(
            backfill_id, shard, merged.after if shard == merged.shard else ""
        )
    )
    return iter(lambda: tuple(islice(left, _AT_ONCE)), ())
