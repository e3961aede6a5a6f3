"""The training images that familiarity is measured against."""

from pathlib import Path

import numpy as np

from training.data.image_set import decoded_batches
from training.data.listing import Int64Array, Listing
from training.stop import check_stop
from visionflow.answers.classifier import Classifier, FloatArray
from visionflow.answers.familiarity import FamiliarImages
from visionflow.models.manifest import Manifest

FAMILIAR_FILE = "familiar.npz"
MOST_IMAGES = 2_000


def familiar_images(
    classifier: Classifier, train: Listing, seed: int, embeddings: FloatArray | None = None
) -> FamiliarImages | None:
    """Of at most `MOST_IMAGES` of the images ``train``, as ``classifier`` serves them.

    ``embeddings``: [N, F] of all of them, where they are known; else these images are read. None
    where the network's embeddings are not numbers.
    """
    drawn = drawn_evenly(train.targets, MOST_IMAGES, seed)
    listing = train.subset(drawn)
    known = _embedded(classifier, listing) if embeddings is None else embeddings[drawn]
    if not np.isfinite(known).all():
        return None
    return FamiliarImages.of(known, listing.targets, len(listing.labels))


def _embedded(classifier: Classifier, listing: Listing) -> FloatArray:
    batches = []
    for batch in decoded_batches(listing, classifier.manifest.input):
        check_stop()
        batches.append(classifier.run(batch)[1])
    return np.concatenate(batches)


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
