"""The training images that familiarity is measured against."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from training.data.listing import Int64Array, Listing
from training.evaluation.outputs import outputs_of
from visionflow.answers.classifier import Classifier, FloatArray
from visionflow.answers.familiarity import FamiliarImages
from visionflow.images.pipeline import UInt8Array
from visionflow.models.manifest import Manifest

FAMILIAR_FILE = "familiar.npz"
MOST_IMAGES = 2_000


def familiar_images(
    classifier: Classifier,
    train: Listing,
    read: Callable[[Int64Array], Iterator[UInt8Array]],
    seed: int,
    embeddings: FloatArray | None = None,
) -> FamiliarImages | None:
    """Of at most `MOST_IMAGES` of the images ``train``, as ``classifier`` serves them. ``read``:
    batches of those at given places.

    ``embeddings``: [N, F] of all of them, where they are known; else these images are read. None
    where the network's embeddings are not numbers.
    """
    drawn = drawn_evenly(train.targets, MOST_IMAGES, seed)
    if embeddings is None:
        answers = outputs_of(classifier, read(drawn))
        known = np.concatenate([embedding for _, embedding, _ in answers])
    else:
        known = embeddings[drawn]
    if not np.isfinite(known).all():
        return None
    return FamiliarImages.of(known, train.targets[drawn], len(train.labels))


def read_familiar(folder: Path, manifest: Manifest) -> FamiliarImages | None:
    """Those of the artifact in ``folder``, where it has any. Raises `ArtifactError`."""
    if manifest.familiarity is None:
        return None
    return FamiliarImages.open(folder / manifest.familiarity.file.path)


def drawn_evenly(targets: Int64Array, count: int, seed: int) -> Int64Array:
    """Indices of ``count`` images of [N], rising, of each class as many as of any other.

    A class that has too few leaves its places to the others. All, where there are no more.
    """
    order = np.random.default_rng(seed).permutation(len(targets))
    shuffled = targets[order]
    by_class = np.argsort(shuffled, kind="stable")
    counts = np.bincount(shuffled)
    first = np.cumsum(counts) - counts
    place = np.empty(len(order), np.int64)
    place[by_class] = np.arange(len(order)) - np.repeat(first, counts)
    drawn: Int64Array = np.sort(order[np.argsort(place, kind="stable")[:count]])
    return drawn
