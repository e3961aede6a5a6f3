"""A dropped or posted image, and its one record: what `ingest` and `chunk` share."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from lambdas.classification.announcements import Arrival
from visionflow.images.store import StoredImage
from visionflow.images.uploads import name_in_key, posted_id
from visionflow.predictions.record import Prediction, s3_object_id
from visionflow.predictions.store import PredictionStore


@dataclass(frozen=True)
class Upload(Arrival):
    """A dropped image."""

    @property
    def own_id(self) -> str:
        """The same for every delivery of this version's event, and for no other version's."""
        return s3_object_id(self.bucket, self.key, self.version_id or self.etag)

    @property
    def prediction_ids(self) -> tuple[str, ...]:
        """Under which ids the record may stand, in the order in which they are tried.

        The key of a posted upload carries an id that its sender waits for. A form can be posted
        twice, and then the version that is recorded first takes that id.
        """
        posted = posted_id(self.key) if self.version_id else None
        return (self.own_id,) if posted is None else (posted, self.own_id)

    def owner(self, image: StoredImage) -> str | None:
        """Who sent it. A file that was dropped has none, whatever its metadata says."""
        return None if posted_id(self.key) is None else image.owner

    def filename(self, image: StoredImage | None) -> str | None:
        """What it was called: a dropped file by its key, a posted one by its signed metadata."""
        said = image.filename if image and posted_id(self.key) else None
        return said or name_in_key(self.key)


def free_id(predictions: PredictionStore, upload: Upload) -> str | None:
    """The id for this version's record; None when there is a record of it already, or was until it
    was erased."""
    for prediction_id in upload.prediction_ids:
        holder = predictions.holder(prediction_id)
        if holder is None:
            return prediction_id
        if holder == upload.own_id:
            break
    return None


def record(
    predictions: PredictionStore,
    upload: Upload,
    prediction: Prediction,
    add: Callable[[Prediction], bool],
) -> Prediction | None:
    """The record as ``add`` wrote it; None when there is one already."""
    while not add(prediction):
        # Another worker was faster: with this version, or with the id that the key carries.
        prediction_id = free_id(predictions, upload)
        if prediction_id is None:
            return None
        prediction = replace(prediction, id=prediction_id)
    return prediction
