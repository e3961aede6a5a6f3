"""Chunks of images, names that cannot be images, and samples."""

import random
from collections import Counter
from dataclasses import replace

import pytest

from visionflow.backfills.chunk_row import ChunkRow
from visionflow.backfills.chunks import (
    LEAST_IMAGES,
    MOST_BYTES,
    MOST_IMAGES,
    Chunk,
    Chunker,
    Entry,
    may_be_image,
    sampled,
)
from visionflow.backfills.price import chunks_of


def cut(sizes: list[int]) -> list[Chunk]:
    chunker = Chunker("images")
    entries = [Entry(f"{number}.jpg", size=size) for number, size in enumerate(sizes)]
    found: list[Chunk] = []
    for start in range(0, len(entries), 1000):  # page by page
        found += chunker.add(entries[start : start + 1000])
    return [*found, *chunker.rest()]


@pytest.mark.parametrize("count", [0, 1, 25, 26, 500, 3_000, 30_000])
def test_chunks_hold_all_and_grow_with_what_came_before(count: int) -> None:
    chunks = cut([1_000] * count)
    assert sum(len(chunk.entries) for chunk in chunks) == count
    sizes = [len(chunk.entries) for chunk in chunks[:-1]]
    assert sizes == sorted(sizes)
    assert all(LEAST_IMAGES <= size <= MOST_IMAGES for size in sizes)
    # What the estimate takes for granted.
    assert max(1, len(chunks)) == pytest.approx(chunks_of(count), rel=0.1, abs=1)


def test_large_images_make_small_chunks() -> None:
    chunks = cut([MOST_BYTES // 10] * 40)
    assert all(chunk.bytes <= MOST_BYTES for chunk in chunks)
    assert len(chunks) == chunks_of(40, 4 * MOST_BYTES)
    assert [len(chunk.entries) for chunk in cut([2 * MOST_BYTES] * 2)] == [1, 1]


@pytest.mark.parametrize(
    ("key", "may"),
    [
        ("uploads/a.jpg", True),
        ("uploads/A.JPEG", True),
        ("uploads/no-suffix", True),
        ("uploads/folder/", False),
        ("uploads/notes.txt", False),
        ("uploads/film.mp4", False),
        ("uploads/.DS_Store", False),
        ("uploads/__MACOSX/a.jpg", False),
        ("uploads/Thumbs.db", False),
    ],
)
def test_names_say_what_cannot_be_an_image(key: str, may: bool) -> None:
    assert may_be_image(key) is may


def test_a_sample_is_the_same_in_any_order_and_in_slices() -> None:
    entries = [Entry(f"{number}.jpg") for number in range(2_000)]
    once = sampled("images", entries, 100)
    shuffled = random.Random(1).sample(entries, len(entries))
    taken: list[Entry] = []
    for start in range(0, len(shuffled), 300):
        taken = sampled("images", [*taken, *shuffled[start : start + 300]], 100)
    assert taken == once
    assert len(sampled("images", entries[:30], 100)) == 30


def test_a_sample_prefers_no_key() -> None:
    """Of the four classes, which follow each other as folders do, each has its share."""
    entries = [Entry(f"{'abcd'[n // 5_000]}/{n}.jpg") for n in range(20_000)]
    counts = Counter(entry.key[0] for entry in sampled("images", entries, 4_000))
    assert all(900 < count < 1_100 for count in counts.values()), counts


def test_an_image_is_given_up_when_two_workers_have_died_at_it() -> None:
    row = ChunkRow().begun("1")  # the first worker
    row = row.begun("2")  # it died, and nobody knows where
    assert row.careful and row.deaths == {}
    for deaths in (1, 2):
        assert not row.ends_workers(7)
        row = replace(row, at=7).begun("3")
        assert row.deaths == {"7": deaths}
    assert row.ends_workers(7)
    assert not row.ends_workers(8)
    assert row.began_at == "1"


def test_a_worker_that_ended_in_order_leaves_no_suspicion() -> None:
    row = replace(ChunkRow().begun("1"), open=False).begun("2")
    assert not row.careful
