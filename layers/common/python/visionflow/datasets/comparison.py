"""Compare the images of a dataset by their embeddings: look-alikes, suspicious labels, outliers.

In NumPy alone, for a function of one vCPU. Memory for N images of F features: 2 N F bytes for their
embeddings, 4 N x `_DIMENSIONS` for what they are compared by, 4 N x `_ROWS` for a block of pairs,
and 4 F^2 for each fold.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from visionflow.answers.embedder import unpacked
from visionflow.datasets.health import Learned, health_of
from visionflow.datasets.images.curation import Mark
from visionflow.datasets.record import DatasetImage
from visionflow.datasets.run_store import RunStore
from visionflow.datasets.store import DatasetStore
from visionflow.datasets.versions import VersionStore

Float32Array = npt.NDArray[np.float32]
Int64Array = npt.NDArray[np.int64]

ALIKE: Final = 0.88
"""From this cosine similarity on two images are shots of the same thing, frames of a film say."""
FOLDS: Final = 5
"""Labels are checked by models that saw neither the image nor its look-alikes."""
SURE: Final = 0.3
"""A label is suspected where another one's score is higher by this. Scores of a right label are
about 1, of others 0."""
FAR: Final = 4.0
"""An outlier's best match in its class is so many deviations below the class's median."""
FEWEST: Final = 10
"""In a class of fewer images none is an outlier."""
MOST_COMPARED: Final = 50_000
"""The first of a dataset so many: for more, the function's time is too short."""
QUICK: Final = 2_000
"""So many images are compared in a second or two."""

_ROWS = 512
_DENSE = 0.01  # a share of pairs
_DIMENSIONS = 128
_REFERENCES = 4_000
_DEVIATIONS = 1.4826  # of a normal distribution in its median absolute deviations
_STRENGTH = 1.0


@dataclass(frozen=True)
class Compared:
    """By image: the position of its group's first image, whether it is an outlier, and the class
    that it is suspected to be of, -1 for none."""

    groups: Int64Array
    outliers: npt.NDArray[np.bool_]
    suspected: Int64Array


def last_learned(runs: RunStore, versions: VersionStore, name: str) -> Learned | None:
    """What the last finished training of a dataset learned from; None before the first."""
    last = runs.last_done(name)
    if last is None:
        return None
    images = versions.manifest(versions.version(name, last.version))
    return Learned(last.version, {image.sha256: image.label for image in images})


def examine(
    store: DatasetStore,
    name: str,
    trunk: str,
    token: str | None = None,
    learned: Learned | None = None,
) -> bool:
    """Compare the images of ``name`` whose embeddings are of ``trunk``, write what differs from
    what is known, and keep the dataset's health, which counts labels that are not ``learned``. Of
    more than `MOST_COMPARED`, the first are.

    The counts of more than `QUICK` images are kept before these are compared: a function that runs
    out of time on them has said how many there are, and how many were compared the last time.

    With a ``token`` of `DatasetStore.due`, gives up when it is no longer the last: False.
    """
    dataset = store.dataset(name)
    images = sorted(store.images.all(name), key=lambda image: (image.added_at, image.sha256))
    ready = [image for image in images if image.state == "ready" and not image.removed]
    if len(ready) > QUICK:
        before = store.health(name)
        compared_before = min(before.compared, len(ready)) if before else 0
        counts = replace(health_of(dataset.classes, images, learned), compared=compared_before)
        store.examined(name, counts, None)
    embeddings, found = _embeddings(store, name, ready[:MOST_COMPARED], trunk)
    known = [ready[position] for position in found]
    numbers = {known_class.name: i for i, known_class in enumerate(dataset.classes)}
    targets = np.array([numbers.get(image.label or "", -1) for image in known], np.int64)
    compared = compare(embeddings, targets)
    labels = [known_class.name for known_class in dataset.classes]
    marks = {
        image.sha256: Mark(
            sha256=image.sha256,
            group=known[group].sha256,
            suspected=labels[suspected] if suspected >= 0 else None,
            outlier=bool(outlier),
        )
        for image, group, suspected, outlier in zip(
            known, compared.groups, compared.suspected, compared.outliers, strict=True
        )
    }
    if token is not None and store.due_token(name) != token:
        return False
    store.curation.mark(
        name,
        [mark for image in known if _marked(image, mark := marks[image.sha256]) != image],
    )
    # Of what was read at first: a label of a later moment has another comparison of its own.
    marked = (_marked(image, marks.get(image.sha256)) for image in images)
    health = health_of(dataset.classes, marked, learned)
    store.examined(name, replace(health, compared=len(known)), token)
    return True


def compare(embeddings: npt.NDArray[np.float16], targets: Int64Array) -> Compared:
    """Compare images by ``embeddings`` [N, F] of length 1; ``targets`` [N], -1 for no label.

    Images come in the order in which they were added: a group is named by its first.
    """
    groups = look_alikes(embeddings)
    return Compared(
        groups=groups,
        outliers=_outliers(embeddings, targets, groups),
        suspected=_suspected(embeddings, targets, groups),
    )


def look_alikes(embeddings: npt.NDArray[np.float16]) -> Int64Array:
    """By image the first one that it is connected with by pairs of `ALIKE`.

    Pairs are looked for in the `_DIMENSIONS` directions in which images differ most. What lies
    outside of them adds at most the product of both lengths there (Cauchy and Schwarz), so only
    pairs that could reach `ALIKE` are multiplied in full, and none is missed.
    """
    count = len(embeddings)
    parents = np.arange(count)
    if not count:
        return parents
    inside, outside = _projected(embeddings)
    for start in range(0, count, _ROWS):
        rows = slice(start, start + _ROWS)
        for begin in range(start, count, 8 * _ROWS):
            columns = slice(begin, begin + 8 * _ROWS)
            bound = inside[rows] @ inside[columns].T
            bound += np.outer(outside[rows], outside[columns])
            near = bound >= ALIKE - 1e-3
            if near.mean() > _DENSE:
                # All pairs in one product take less time than these one by one.
                left, right = (embeddings[side].astype(np.float32) for side in (rows, columns))
                near = left @ right.T >= ALIKE
            first, second = np.nonzero(near)
            first, second = first + start, second + begin
            # Each pair once, and none with itself.
            upper = second > first
            first, second = first[upper], second[upper]
            for some in range(0, len(first), 100 * _ROWS):
                one, other = (side[some : some + 100 * _ROWS] for side in (first, second))
                apart = parents[one] != parents[other]
                one, other = one[apart], other[apart]
                alike = _cosines(embeddings, one, other) >= ALIKE
                _join(parents, one[alike], other[alike])
    return parents


def _cosines(
    embeddings: npt.NDArray[np.float16], first: Int64Array, second: Int64Array
) -> Float32Array:
    pairs = (embeddings[side].astype(np.float32) for side in (first, second))
    cosines: Float32Array = np.einsum("ij,ij->i", *pairs)
    return cosines


def _projected(embeddings: npt.NDArray[np.float16]) -> tuple[Float32Array, Float32Array]:
    """Coordinates [N, D] in the main directions, and the lengths [N] of what lies outside."""
    count, features = embeddings.shape
    if count <= 2 * features:  # finding the directions would take longer than they save
        return embeddings.astype(np.float32), np.zeros(count, np.float32)
    products = np.zeros((features, features), np.float32)
    for block in _blocks(embeddings):
        products += block.T @ block
    directions = np.linalg.eigh(products)[1][:, ::-1][:, :_DIMENSIONS].astype(np.float32)
    inside = np.concatenate([block @ directions for block in _blocks(embeddings)])
    lengths = np.concatenate([(block**2).sum(1) for block in _blocks(embeddings)])
    outside: Float32Array = np.sqrt(np.maximum(lengths - (inside**2).sum(1), 0))
    return inside, outside


def _suspected(
    embeddings: npt.NDArray[np.float16], targets: Int64Array, groups: Int64Array
) -> Int64Array:
    """By image the class that a ridge regression on the other folds gives it rather than its own.

    Folds keep groups together, so that images with the same mistake do not vouch for each other.
    """
    suspected = np.full(len(targets), -1, np.int64)
    labelled = np.flatnonzero(targets >= 0)
    present, answers = np.unique(targets[labelled], return_inverse=True)
    if len(present) < 2:
        return suspected
    # A group's number says nothing of its fold, and always the same.
    folds = np.random.default_rng(0).integers(FOLDS, size=len(targets))[groups[labelled]]
    features, classes = embeddings.shape[1] + 1, len(present)
    squares = np.zeros((FOLDS, features, features), np.float32)
    sums = np.zeros((FOLDS, features, classes), np.float32)
    for fold in range(FOLDS):
        inside = np.flatnonzero(folds == fold)
        for start in range(0, len(inside), 8 * _ROWS):
            some = inside[start : start + 8 * _ROWS]
            block = _with_one(embeddings[labelled[some]])
            squares[fold] += block.T @ block
            sums[fold] += block.T @ np.eye(classes, dtype=np.float32)[answers[some]]
    for fold in range(FOLDS):
        inside = np.flatnonzero(folds == fold)
        seen = sums.sum(0) - sums[fold]
        left = squares.sum(0) - squares[fold]
        left.flat[:: features + 1] += _STRENGTH * max(1, len(labelled)) / features
        weights = np.linalg.solve(left, seen)
        for start in range(0, len(inside), 8 * _ROWS):
            some = inside[start : start + 8 * _ROWS]
            scores = _with_one(embeddings[labelled[some]]) @ weights
            best = scores.argmax(1)
            ahead = scores.max(1) - scores[np.arange(len(some)), answers[some]]
            doubted = (ahead > SURE) & (best != answers[some])
            suspected[labelled[some[doubted]]] = present[best[doubted]]
    return suspected


def _outliers(
    embeddings: npt.NDArray[np.float16], targets: Int64Array, groups: Int64Array
) -> npt.NDArray[np.bool_]:
    """Whether an image's best match of another group in its class is far below what is usual."""
    outliers = np.zeros(len(targets), np.bool_)
    for target in np.unique(targets[targets >= 0]):
        members = np.flatnonzero(targets == target)
        if len(members) < FEWEST:
            continue
        # Of a large class, images spread over it stand for all.
        others = members[:: -(-len(members) // _REFERENCES)]
        references = embeddings[others].astype(np.float32)
        best = np.empty(len(members), np.float32)
        for start in range(0, len(members), _ROWS):
            rows = members[start : start + _ROWS]
            cosines = embeddings[rows].astype(np.float32) @ references.T
            cosines[groups[rows, np.newaxis] == groups[others]] = -1
            best[start : start + _ROWS] = cosines.max(1)
        compared = best > -1
        if compared.sum() < FEWEST:
            continue
        middle = np.median(best[compared])
        spread = _DEVIATIONS * np.median(np.abs(best[compared] - middle))
        outliers[members] = compared & (best < middle - FAR * max(float(spread), 0.01))
    return outliers


def _embeddings(
    store: DatasetStore, name: str, images: Sequence[DatasetImage], trunk: str
) -> tuple[npt.NDArray[np.float16], list[int]]:
    """The mean of both views, [N, F] of length 1, of those ``images`` that have one of ``trunk``,
    and their positions."""
    positions = {image.sha256: position for position, image in enumerate(images)}
    found: dict[int, npt.NDArray[np.float16]] = {}
    for sha256, content in store.curation.contents(name, list(positions)):
        if content.trunk == trunk:
            mean = unpacked(content.embedding).mean(0)
            length = max(float(np.linalg.norm(mean)), float(np.finfo(np.float32).tiny))
            found[positions[sha256]] = (mean / length).astype(np.float16)
    order = sorted(found)
    if not order:
        return np.empty((0, 0), np.float16), order
    return np.stack([found.pop(position) for position in order]), order


def _marked(image: DatasetImage, mark: Mark | None) -> DatasetImage:
    if mark is None:
        return image
    return replace(image, group=mark.group, suspected=mark.suspected, outlier=mark.outlier)


def _blocks(embeddings: npt.NDArray[np.float16]) -> Iterator[Float32Array]:
    for start in range(0, len(embeddings), 8 * _ROWS):
        yield embeddings[start : start + 8 * _ROWS].astype(np.float32)


def _with_one(embeddings: npt.NDArray[np.float16]) -> Float32Array:
    """float32 with a feature that is always 1."""
    one = np.ones((len(embeddings), 1), np.float32)
    return np.concatenate([embeddings.astype(np.float32), one], axis=1)


def _join(parents: Int64Array, first: Int64Array, second: Int64Array) -> None:
    """Connect each of ``first`` with its ``second``: ``parents`` names the first image of each
    group, before and after."""
    while (apart := parents[first] != parents[second]).any():
        first, second = first[apart], second[apart]
        one, other = parents[first], parents[second]
        np.minimum.at(parents, np.maximum(one, other), np.minimum(one, other))
        while (parents[parents] != parents).any():
            parents[:] = parents[parents]
