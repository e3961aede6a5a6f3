from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from tests.images import textured
from training.data.grouping import duplicates
from training.data.grouping.duplicates import MOST_BITS, UInt64Array, near_pairs, perceptual_code
from visionflow.images.pipeline import UInt8Array

BITS = 64


def code(image: Image.Image) -> int:
    return perceptual_code(np.asarray(image.convert("L").resize((32, 32)), np.float32))


def thumbnail(image: Image.Image) -> UInt8Array:
    return np.asarray(image.resize((16, 16)))


def copies(count: int) -> UInt8Array:
    """Thumbnails that all agree, so that the codes alone decide."""
    return np.repeat(thumbnail(textured())[None], count, axis=0)


def components(pairs: list[list[int]], count: int) -> list[int]:
    """For each of ``count`` images the smallest one it is connected with."""
    smallest = list(range(count))
    for _ in range(count):
        for first, second in pairs:
            smallest[first] = smallest[second] = min(smallest[first], smallest[second])
    return smallest


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.resize((50, 40)),
        lambda x: ImageEnhance.Brightness(x).enhance(0.8),
        lambda x: ImageEnhance.Contrast(x).enhance(1.3),
    ],
    ids=["smaller", "darker", "more contrast"],
)
def test_the_code_hardly_changes_with_what_does_not_matter(
    change: Callable[[Image.Image], Image.Image],
) -> None:
    image = textured((200, 160), seed=3)
    assert (code(image) ^ code(change(image))).bit_count() <= MOST_BITS


def test_the_codes_of_different_images_are_far_apart() -> None:
    distances = [
        (code(textured(seed=i)) ^ code(textured(seed=i + 1))).bit_count() for i in range(40)
    ]
    assert min(distances) > MOST_BITS
    assert 28 < np.mean(distances) < 36


def test_a_copy_is_found_among_other_images() -> None:
    images = [textured((120, 100), seed=i) for i in range(60)]
    images.append(ImageEnhance.Brightness(images[17].resize((60, 50))).enhance(0.9))
    codes = np.array([code(x) for x in images], np.uint64)
    near = near_pairs(codes, np.stack([thumbnail(x) for x in images]))
    assert near.pairs.tolist() == [[17, 60]]
    assert near.differences[0] < 0.1


def test_images_with_the_same_code_that_look_different_are_no_duplicates() -> None:
    thumbnails = np.stack([thumbnail(textured(seed=i)) for i in (1, 2)])
    assert len(near_pairs(np.array([7, 7], np.uint64), thumbnails).pairs) == 0


def test_the_search_by_bands_finds_what_comparing_all_finds() -> None:
    generator = np.random.default_rng(5)
    codes = generator.integers(0, 1 << 63, 300, np.uint64)
    for i in range(100, 300):
        # A relative of an earlier one, with up to 12 bits turned.
        flips = generator.choice(BITS, generator.integers(0, 13), replace=False)
        codes[i] = codes[generator.integers(i)] ^ np.uint64(sum(1 << int(bit) for bit in flips))
    apart = np.bitwise_count(codes[:, None] ^ codes[None, :])
    close = np.argwhere(np.triu(apart <= MOST_BITS, k=1)).tolist()
    found = near_pairs(codes, copies(300)).pairs.tolist()
    assert components(found, 300) == components(close, 300)


@pytest.mark.parametrize(("bits", "found"), [(MOST_BITS, 1), (MOST_BITS + 1, 0)])
def test_bits_spread_over_all_bands_are_counted_exactly(bits: int, found: int) -> None:
    spread = sum(1 << (i * BITS // (MOST_BITS + 1)) for i in range(bits))
    codes: UInt64Array = np.array([0, spread], np.uint64)
    assert len(near_pairs(codes, copies(2)).pairs) == found


def test_a_series_is_told_by_the_pairs_that_connect_it() -> None:
    assert len(near_pairs(np.zeros(40, np.uint64), copies(40)).pairs) == 39


def test_all_are_connected_where_there_are_too_many_pairs_to_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(duplicates, "MOST_PAIRS", 10)
    monkeypatch.setattr(duplicates, "_PAIRS_AT_ONCE", 8)
    codes = np.repeat(np.array([0, (1 << 63) - 1, 0], np.uint64), 20)
    found = near_pairs(codes, copies(60)).pairs.tolist()
    assert components(found, 60) == [0] * 20 + [20] * 20 + [0] * 20
    assert len(found) == 58
