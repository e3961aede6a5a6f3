"""The stored training images that familiarity is measured against: the only user of that store."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from training.data.image_set import decoded_batches
from training.data.listing import Int64Array, Listing
from training.stop import check_stop
from visionflow.models.classifier import Classifier, FloatArray
from visionflow.models.familiarity import FamiliarImages
from visionflow.models.manifest import Manifest

FAMILIAR_FILE = "familiar.npy"
NEIGHBOUR = 5
MOST_IMAGES = 2_000


@dataclass(frozen=True, eq=False)
class FamiliarSet:
    """Stored training images, and which of an image's nearest ones counts."""

    images: FamiliarImages
    neighbour: int

    @classmethod
    def of_training(cls, classifier: Classifier, train: Listing, seed: int) -> Self | None:
        """Of at most `MOST_IMAGES` of the images ``train``, as ``classifier`` serves them.

        None where the network's embeddings are not numbers.
        """
        listing = train.subset(drawn_evenly(train.targets, MOST_IMAGES, seed))
        embeddings = []
        for batch in decoded_batches(listing, classifier.manifest.input):
            check_stop()
            embeddings.append(classifier.run(batch)[1])
        found = np.concatenate(embeddings)
        return cls(FamiliarImages.of(found), NEIGHBOUR) if np.isfinite(found).all() else None

    @classmethod
    def of_artifact(cls, folder: Path, manifest: Manifest) -> Self | None:
        """The one in ``folder``; None where ``manifest`` names none. Raises `ArtifactError`."""
        rule = manifest.familiarity
        if rule is None:
            return None
        return cls(FamiliarImages.open(folder / rule.file.path), rule.neighbour)

    def familiarity(self, embeddings: FloatArray) -> FloatArray:
        """float32 [N], of [N, F]."""
        return self.images.similarity(embeddings, self.neighbour)


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
