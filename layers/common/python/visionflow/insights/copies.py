"""Copies of predictions' images in datasets: they go when the prediction is erased."""

from dataclasses import dataclass

from visionflow.datasets.names import content_key, source_of
from visionflow.datasets.store import DatasetStore
from visionflow.images.store import ImageStore
from visionflow.predictions.record import Prediction


@dataclass(frozen=True)
class DatasetCopies:
    """``content``: the bucket of datasets."""

    store: DatasetStore
    content: ImageStore

    def erase(self, prediction: Prediction) -> None:
        """Delete what was copied from ``prediction`` into any dataset: the bytes, then the rows, so
        that a call that was cut off is finished by the next one.

        A dataset that is being deleted counts too: its deletion may never be finished.

        The manifest of a version keeps the hash, and nothing of the image. An image that also came
        another way has that way as its source, and stays.
        """
        sha256, source = prediction.image.sha256, source_of(prediction.id)
        if sha256 is None:
            return
        for dataset in self.store.datasets(deleting=True):
            self.erase_in(dataset.name, sha256, source)

    def erase_in(self, name: str, sha256: str, source: str) -> bool:
        """Delete an image of the dataset ``name`` that came from ``source``; False where there is
        none."""
        if self.store.images.source(name, sha256) != source:
            return False
        self.content.erase(content_key(name, sha256))
        self.store.images.erase(name, sha256)
        # Of what came between the two, nobody would know any more. What comes later, by a signed
        # request that is still valid, the curation deletes as it has no row.
        self.content.erase(content_key(name, sha256))
        return True
