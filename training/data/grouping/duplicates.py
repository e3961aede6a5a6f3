"""Duplicates in a dataset: the same bytes, or the same image saved again.

Two images are candidates for near duplicates when their perceptual hashes differ in few bits, and
are reported when their thumbnails agree too. Nearly all copies that were scaled, recompressed or
brightened are found, most that were trimmed by 2 % on each side, a part of greyscale ones, no
mirrored ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from training.data.listing import Int64Array
from training.texts.progress import Bar
from visionflow.images.pipeline import UInt8Array

Float32Array = npt.NDArray[np.float32]
UInt64Array = npt.NDArray[np.uint64]

THUMBNAIL_SIDE = 16
MOST_BITS = 8
MOST_DIFFERENCE = 0.25
MOST_PAIRS = 100_000

_BANDS = MOST_BITS + 1
_BAND_BITS = 64 // _BANDS
_BLOCK = 1 << 22
_PAIRS_AT_ONCE = 1 << 12

# In 8-bit steps, over the cells of the thumbnail: JPEG noise is below, visible content above.
_CONTRAST = 2.0

_LOWEST = 8
_SIDE = 32
# DCT-II, the 8 lowest frequencies of 32 samples.
_COSINES = np.cos(
    np.pi / _SIDE * np.arange(_LOWEST)[:, None] * (np.arange(_SIDE)[None, :] + 0.5)
).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Look:
    """What an image is compared by. ``code``: its 64-bit perceptual hash; ``thumbnail``: uint8 RGB
    [16, 16, 3]. ``one_colour``: it has no structure and would match everything."""

    code: int
    thumbnail: UInt8Array
    one_colour: bool


@dataclass(frozen=True, eq=False)
class NearPairs:
    """``pairs``: int64 [M, 2], indices of the images, the smaller one first; ``differences``:
    float32 [M], 0 for the same thumbnail."""

    pairs: Int64Array
    differences: Float32Array


def look_of(image: Image.Image) -> Look:
    """The look of an upright RGB image of any size."""
    small = image.resize((_SIDE, _SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    thumbnail = np.asarray(small.reduce(_SIDE // THUMBNAIL_SIDE))
    contrast = thumbnail.reshape(-1, 3).std(axis=0).max()
    code = perceptual_code(np.asarray(small.convert("L"), np.float32))
    return Look(code, thumbnail, bool(contrast < _CONTRAST))


def perceptual_code(grey: Float32Array) -> int:
    """64-bit hash of an image's coarse structure, from its luminance [32, 32].

    Each bit says whether one of the 8 x 8 lowest frequencies of the cosine transform is above their
    median: pHash in Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions"
    (2010), section 3.2.1.
    """
    frequencies = (_COSINES @ grey @ _COSINES.T).ravel()
    # The first one is the mean brightness, not structure.
    bits = frequencies > np.median(frequencies[1:])
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def near_pairs(codes: UInt64Array, thumbnails: UInt8Array) -> NearPairs:
    """The near duplicates among images with ``codes`` [N] and RGB ``thumbnails`` [N, 16, 16, 3].

    Of several images near each other, only pairs that connect them are returned: at most N - 1 in
    all, and the closest ones unless there are more than `MOST_PAIRS` to choose from.
    """
    flat = thumbnails.reshape(len(thumbnails), -1)
    held = NearPairs(np.empty((0, 2), np.int64), np.empty(0, np.float32))
    found = [held]
    # What is connected already, once there are too many pairs to hold.
    components = np.arange(len(codes))
    for candidates in _candidates(codes):
        for start in range(0, len(candidates), _PAIRS_AT_ONCE):
            pairs = candidates[start : start + _PAIRS_AT_ONCE]
            pairs = pairs[components[pairs[:, 0]] != components[pairs[:, 1]]]
            difference = _difference(flat[pairs[:, 0]], flat[pairs[:, 1]])
            close = difference <= MOST_DIFFERENCE
            found.append(NearPairs(pairs[close], difference[close]))
            if sum(len(part.pairs) for part in found) > len(held.pairs) + MOST_PAIRS:
                held = _spanning_forest(found, len(codes))
                found = [held]
                components = _components(held.pairs, len(codes))
    return _spanning_forest(found, len(codes))


def _candidates(codes: UInt64Array) -> Iterator[Int64Array]:
    """Pairs [M, 2] whose codes differ in at most `MOST_BITS` bits, each pair once.

    The codes are cut into one band more than bits may differ, so every pair agrees in at least one
    band, and only images that share a band are compared (Norouzi, Punjani & Fleet 2012,
    arXiv:1307.2982).
    """
    shifts = np.arange(_BANDS, dtype=np.uint64) * np.uint64(_BAND_BITS)
    bands = (codes[:, None] >> shifts) & np.uint64((1 << _BAND_BITS) - 1)
    for band in Bar(range(_BANDS), what="compare", unit="bands"):
        order = np.argsort(bands[:, band], kind="stable")
        borders = np.flatnonzero(np.diff(bands[order, band])) + 1
        for bucket in np.split(order, borders):
            for pairs in _close_codes(codes, bucket):
                earlier = bands[pairs[:, 0], :band] == bands[pairs[:, 1], :band]
                yield pairs[~earlier.any(axis=1)]


def _close_codes(codes: UInt64Array, bucket: Int64Array) -> Iterator[Int64Array]:
    rows = max(1, _BLOCK // len(bucket))
    for start in range(0, len(bucket) - 1, rows):
        block, rest = bucket[start : start + rows], bucket[start:]
        bits = np.bitwise_count(codes[block][:, None] ^ codes[rest][None, :])
        first, second = np.nonzero(np.triu(bits <= MOST_BITS, k=1))
        yield np.sort(np.column_stack([block[first], rest[second]]), axis=1)


def _difference(first: UInt8Array, second: UInt8Array) -> Float32Array:
    """Mean absolute difference of thumbnails [M, D] that have been given mean 0 and contrast 1."""
    difference: Float32Array = np.abs(_normalised(first) - _normalised(second)).mean(axis=1)
    return difference


def _normalised(thumbnails: UInt8Array) -> Float32Array:
    values = thumbnails.astype(np.float32)
    values -= values.mean(axis=1, keepdims=True)
    values /= np.maximum(np.abs(values).mean(axis=1, keepdims=True), 1)
    return values


def _spanning_forest(found: Sequence[NearPairs], count: int) -> NearPairs:
    """The closest pairs that connect what all pairs of ``count`` images connect."""
    pairs = np.concatenate([part.pairs for part in found])
    differences = np.concatenate([part.differences for part in found])
    # A pair without a difference would be none in a sparse matrix.
    graph = coo_array((1 + differences.astype(np.float64), pairs.T), (count, count))
    forest = minimum_spanning_tree(graph).tocoo()
    kept = np.column_stack([forest.row, forest.col]).astype(np.int64)
    return NearPairs(kept, (forest.data - 1).astype(np.float32))


def _components(pairs: Int64Array, count: int) -> Int64Array:
    graph = coo_array((np.ones(len(pairs), np.int8), pairs.T), (count, count))
    numbers: Int64Array = connected_components(graph, directed=False)[1]
    return numbers
