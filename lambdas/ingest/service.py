"""Classify an object of the images bucket, once per object version."""

from dataclasses import dataclass, replace
from datetime import datetime

from lambdas.classification.announcements import Arrival
from lambdas.classification.service import (
    ClassificationService,
    ClassifiedImage,
    Subject,
    image_ref,
)
from lambdas.telemetry.stopwatch import Stopwatch
from visionflow.access.quotas import Amounts
from visionflow.errors import ImageTooCostlyError, VisionFlowError
from visionflow.images.store import StoredImage
from visionflow.images.uploads import name_in_key, posted_id
from visionflow.predictions.record import Prediction, s3_object_id


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


class IngestService(ClassificationService):
    """What is done with an upload, without SQS."""

    def ingest(self, upload: Upload, now: datetime) -> Prediction | None:
        """Record the one result of ``upload``; None when another delivery has done so already. A
        record whose write had no answer is returned to the next delivery.

        An image that can never be classified becomes a ``failed`` record. A fault that a retry may
        fix is raised, and nothing is recorded. So is `QuotaExceededError`: the image waits in the
        queue. What was posted by a form was counted when the form was signed.
        """
        prediction_id = self._free_id(upload)
        if prediction_id is None:
            return self._unlogged(upload)
        if posted_id(upload.key) is None:
            self.usage.spend(None, Amounts(images=1, bytes=upload.size))
        stopwatch = Stopwatch()
        stored: StoredImage | None = None
        result: ClassifiedImage | VisionFlowError
        try:
            with stopwatch.step("read"):
                stored = self.images.fetch(upload.key, upload.version_id, upload.etag)
            result = self.classify(stored.data, stopwatch, self.choose(prediction_id, stopwatch))
        except VisionFlowError as error:
            if error.retryable:
                raise
            result = error
        image = None if isinstance(result, VisionFlowError) else result
        data = stored.data if stored else None
        found = image_ref(upload.bucket, upload.key, upload.version_id, data, image)
        subject = Subject(prediction_id, "s3", found, stopwatch.timings, now)
        if isinstance(result, VisionFlowError):
            prediction = self.failed(subject, result)
        else:
            prediction = self.answered(subject, result)
        owner = upload.owner(stored) if stored else None
        prediction = replace(prediction, owner=owner, filename=upload.filename(stored))
        return self._record(upload, prediction, image.sketch if image else None)

    def give_up(self, upload: Upload, now: datetime) -> Prediction | None:
        """Record that no worker came to the end of ``upload``; None when one has recorded it."""
        prediction_id = self._free_id(upload)
        if prediction_id is None:
            return self._unlogged(upload)
        error = ImageTooCostlyError("The function ended each time it worked on this image.")
        found = image_ref(upload.bucket, upload.key, upload.version_id, None, None)
        prediction = self.failed(Subject(prediction_id, "s3", found, {}, now), error)
        prediction = replace(prediction, filename=upload.filename(None))
        return self._record(upload, prediction, None)

    def _record(
        self, upload: Upload, prediction: Prediction, sketch: bytes | None
    ) -> Prediction | None:
        """The record as it was written; None when there is one already."""
        while not self.record(prediction, sketch):
            # Another worker was faster: with this version, or with the id that the key carries.
            prediction_id = self._free_id(upload)
            if prediction_id is None:
                return None
            prediction = replace(prediction, id=prediction_id)
        return prediction

    def _unlogged(self, upload: Upload) -> Prediction | None:
        """What this process recorded of ``upload`` without learning so."""
        for prediction_id in self.unanswered.keys() & set(upload.prediction_ids):
            found = self.predictions.get(prediction_id)
            if found and found.object_id == upload.own_id and self.unlogged(found):
                return found
        return None

    def _free_id(self, upload: Upload) -> str | None:
        """The id for this version's record; None when there is a record of it already, or was
        until it was erased."""
        for prediction_id in upload.prediction_ids:
            holder = self.predictions.holder(prediction_id)
            if holder is None:
                return prediction_id
            if holder == upload.own_id:
                break
        return None
