"""Copies of predictions' images in datasets: they come once, and go when a prediction is erased."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from visionflow.datasets.names import COPIED, content_key, source_of
from visionflow.datasets.record import DatasetImage
from visionflow.datasets.store import DatasetStore
from visionflow.errors import MissingImageError
from visionflow.images.store import ImageStore
from visionflow.predictions.record import Prediction
from visionflow.timestamps import timestamp


@dataclass(frozen=True)
class DatasetCopies:
    """``content``: the bucket of datasets."""

    store: DatasetStore
    content: ImageStore

    def take(
        self, name: str, prediction: Prediction, find: Callable[[str], Prediction | None]
    ) -> bool:
        """Copy the bytes of an image that was announced in the dataset ``name`` by `copy_of`. False
        where they are gone, and then the row is too, unless another record stands behind it.

        ``find`` reads a record. Raises `ImageNeverSentError` for one without an image.
        """
        if not self.stands(name, prediction, find):
            return False
        image, sha256 = prediction.stored_image, str(prediction.image.sha256)
        try:
            self.content.take_copy(
                image.bucket, image.key, image.version_id, content_key(name, sha256)
            )
        except MissingImageError:
            # Erased, or expired, since its record was read.
            self.erase_in(name, sha256, source_of(prediction.id))
            return False
        return True

    def stands(
        self, name: str, prediction: Prediction, find: Callable[[str], Prediction | None]
    ) -> bool:
        """Whether a record whose image was announced in the dataset ``name`` is still there: an
        erasure that ended before the row was written has not seen it. Then it leaves the image."""
        if find(prediction.id) is not None:
            return True
        self.erase_in(name, str(prediction.image.sha256), source_of(prediction.id))
        return False

    def erase(self, prediction: Prediction) -> None:
        """Delete what was copied from ``prediction`` into any dataset: the bytes, then the rows, so
        that a call that was cut off is finished by the next one.

        A dataset that is being deleted counts too: its deletion may never be finished.

        The manifest of a version keeps the hash, and nothing of the image. An image that was copied
        from other records too goes with the last of them; one that also came another way has that
        way as its source, and stays.
        """
        sha256, source = prediction.image.sha256, source_of(prediction.id)
        if sha256 is None:
            return
        for dataset in self.store.datasets(deleting=True):
            self.erase_in(dataset.name, sha256, source)

    def erase_in(self, name: str, sha256: str, source: str) -> bool:
        """Delete an image of the dataset ``name`` that came from ``source`` and from no other
        record; False where there is none."""
        if not self.store.sources.leave(name, sha256, source):
            return False
        self.content.erase(content_key(name, sha256))
        self.store.sources.erase(name, sha256)
        # Of what came between the two, nobody would know any more. What comes later, by a signed
        # request that is still valid, the curation deletes as it has no row.
        self.content.erase(content_key(name, sha256))
        return True


def copy_of(prediction: Prediction, label: str | None, by: str, now: datetime) -> DatasetImage:
    """The row of a copy of ``prediction``'s image, which has bytes; they are still to come."""
    return DatasetImage(
        sha256=str(prediction.image.sha256),
        state="pending",
        added_at=timestamp(now),
        added_by=by,
        source=source_of(prediction.id),
        bytes=prediction.image.bytes or 0,
        # Of what somebody sent, the name is theirs: it stays with the record and goes with it.
        file_name=prediction.filename if prediction.owner is None else None,
        label=label,
        labelled_by=None if label is None else by,
    )


def is_brought(row: DatasetImage, source: str, *, has_bytes: bool) -> bool:
    """Whether the bytes of ``row``, which was announced as an upload and has none, come as a copy
    from ``source`` now. A copy stays one: of an image that is there, no bytes are sent, so whoever
    announces it again brings nothing that would be independent of the record."""
    return source.startswith(COPIED) and not (has_bytes or row.source.startswith(COPIED))
