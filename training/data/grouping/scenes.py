"""Shots of one scene, found by the likeness of their features.

Two images of a class belong to one scene when average linkage, cut at a cosine similarity, puts
them into one cluster. The cut is at least `LEAST_SIMILARITY`. In sets where everything looks alike
(digits, X-rays) it is higher: what is the same scene is more alike than nearly all pairs of
images of different classes.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from training.data.grouping.scene_features import Float32Array
from training.data.listing import Int64Array
from training.stop import check_stop

LEAST_SIMILARITY = 0.78
LEAST_IN_TIME = 0.88
"""For images that follow each other in name or time: a chain of them may be long, so each step must
be small. Numbered files of a class often show different things."""
STRANGERS = 0.99
"""Of pairs of different classes, this share is less alike than the cut."""
MOST_DEVIATIONS = 3
"""Scenes that hold several classes make such pairs too. So the cut is at most that much above the
median, in deviations of the lower half, which those pairs do not reach."""
_ONE_DEVIATION_BELOW = 0.1587
MOST_PAIRS = 200_000
LARGEST = 5_000
"""More images than this at once would take gigabytes: memory grows with their square."""

_STEP = 0.02
_ROWS = 512
_SEED = 1
_LAST_NUMBER = re.compile(r"(.*?)(\d+)(\D*)", re.DOTALL)


def unit_length(features: Float32Array) -> Float32Array:
    """``features`` [N, F] divided by their lengths, so that products are cosine similarities."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    scaled: Float32Array = features / np.maximum(lengths, np.finfo(np.float32).tiny)
    return scaled


def similarity_cut(features: Float32Array, targets: Int64Array) -> float:
    """From which cosine similarity on images of a class show the same scene."""
    count = min(MOST_PAIRS, len(targets) ** 2)
    drawn = np.random.default_rng(_SEED).integers(len(targets), size=(count, 2))
    strangers = drawn[targets[drawn[:, 0]] != targets[drawn[:, 1]]]
    if not len(strangers):
        return LEAST_SIMILARITY
    shares = (_ONE_DEVIATION_BELOW, 0.5, STRANGERS)
    below, median, most = np.quantile(similarities(features, strangers), shares)
    limit = median + MOST_DEVIATIONS * (median - below)
    return max(LEAST_SIMILARITY, float(min(most, limit)))


def similarities(features: Float32Array, pairs: Int64Array) -> Float32Array:
    """Cosine similarity of each of the ``pairs`` [M, 2] of ``features`` of length 1."""
    found = np.empty(len(pairs), np.float32)
    for start in range(0, len(pairs), _ROWS):
        first, second = pairs[start : start + _ROWS].T
        found[start : start + _ROWS] = np.einsum("ij,ij->i", features[first], features[second])
    return found


def scene_pairs(features: Float32Array, targets: Int64Array, cut: float) -> Int64Array:
    """Pairs [M, 2] that connect the images of each scene, inside each class."""
    found = [
        np.column_stack([np.full(len(scene) - 1, scene[0]), scene[1:]])
        for target in np.unique(targets)
        for scene in _scenes(features, np.flatnonzero(targets == target), cut)
    ]
    return np.concatenate(found)


def frame_pairs(files: Sequence[str]) -> Int64Array:
    """Pairs [M, 2] of files whose names differ only in their last number, and there by 1."""
    numbered: dict[tuple[str, int, str], list[int]] = {}
    for index, file in enumerate(files):
        if match := _LAST_NUMBER.fullmatch(file.rpartition(".")[0]):
            before, number, after = match.groups()
            numbered.setdefault((before, int(number), after), []).append(index)
    pairs = [
        (index, following)
        for (before, number, after), indices in numbered.items()
        for following in numbered.get((before, number + 1, after), ())
        for index in indices
    ]
    return np.array(pairs, np.int64).reshape(-1, 2)


def connected(pairs: Int64Array, count: int) -> Int64Array:
    """The component of each of ``count`` images that ``pairs`` [M, 2] connect, int64 [count];
    numbered in the order of their first images."""
    edges = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), (count, count))
    labels: Int64Array = connected_components(edges, directed=False)[1]
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    numbers: Int64Array = np.argsort(np.argsort(first))[inverse].astype(np.int64)
    return numbers


def _scenes(features: Float32Array, members: Int64Array, cut: float) -> Iterator[Int64Array]:
    """The scenes of ``members``, sorted indices of a class."""
    check_stop()
    if len(members) <= LARGEST:
        yield from _clusters(features, members, cut)
        return
    # A cluster never spans two of these parts: its images are as alike as the cut on average, so
    # at least one pair of any two halves is.
    components = _components(features[members], cut)
    for part in _by_number(members, components):
        if len(part) <= LARGEST:
            yield from _clusters(features, part, cut)
        else:
            yield from _scenes(features, part, cut + _STEP)


def _clusters(features: Float32Array, members: Int64Array, cut: float) -> Iterator[Int64Array]:
    if len(members) < 2:
        yield members
        return
    own = features[members]
    above = np.triu_indices(len(own), k=1)
    distances = np.maximum(1 - (own @ own.T)[above], 0)
    numbers = fcluster(linkage(distances, method="average"), 1 - cut, criterion="distance")
    yield from _by_number(members, numbers)


def _components(features: Float32Array, cut: float) -> Int64Array:
    """Which images are connected by pairs as alike as ``cut``, in blocks of rows."""
    count = len(features)
    numbers = np.arange(count)
    for start in range(0, count, _ROWS):
        check_stop()
        first, second = np.nonzero(features[start : start + _ROWS] @ features[start:].T >= cut)
        pairs = np.column_stack([numbers[first + start], numbers[second + start]])
        numbers = connected(pairs, count)[numbers]
    return numbers


def _by_number(members: Int64Array, numbers: npt.NDArray[np.integer]) -> Iterator[Int64Array]:
    """``members`` with the same number, in the order of their first."""
    order = np.argsort(numbers, kind="stable")
    borders = np.flatnonzero(np.diff(numbers[order])) + 1
    groups = [members[part] for part in np.split(order, borders)]
    yield from sorted(groups, key=lambda group: int(group[0]))
