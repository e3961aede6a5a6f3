"""Classify an object of the images bucket, once per object version."""

from dataclasses import replace
from datetime import datetime

from lambdas.classification.service import (
    ClassificationService,
    ClassifiedImage,
    Subject,
    image_ref,
)
from lambdas.classification.uploads import Upload, free_id, record
from lambdas.telemetry.stopwatch import Stopwatch
from visionflow.access.quotas import Amounts
from visionflow.errors import ImageTooCostlyError, VisionFlowError
from visionflow.images.store import StoredImage
from visionflow.images.uploads import posted_id
from visionflow.predictions.record import Prediction


class IngestService(ClassificationService):
    """What is done with an upload, without SQS."""

    def ingest(self, upload: Upload, now: datetime) -> Prediction | None:
        """Record the one result of ``upload``; None when another delivery has done so already. A
        record whose write had no answer is returned to the next delivery.

        An image that can never be classified becomes a ``failed`` record. A fault that a retry may
        fix is raised, and nothing is recorded. So is `QuotaExceededError`: the image waits in the
        queue. What was posted by a form was counted when the form was signed.
        """
        prediction_id = free_id(self.predictions, upload)
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
        sketch = image.sketch if image else None
        return record(
            self.predictions, upload, prediction, lambda wanted: self.record(wanted, sketch)
        )

    def give_up(self, upload: Upload, now: datetime) -> Prediction | None:
        """Record that no worker came to the end of ``upload``; None when one has recorded it."""
        prediction_id = free_id(self.predictions, upload)
        if prediction_id is None:
            return self._unlogged(upload)
        error = ImageTooCostlyError("The function ended each time it worked on this image.")
        found = image_ref(upload.bucket, upload.key, upload.version_id, None, None)
        prediction = self.failed(Subject(prediction_id, "s3", found, {}, now), error)
        prediction = replace(prediction, filename=upload.filename(None))
        return record(self.predictions, upload, prediction, self.record)

    def _unlogged(self, upload: Upload) -> Prediction | None:
        """What this process recorded of ``upload`` without learning so."""
        for prediction_id in self.unanswered.keys() & set(upload.prediction_ids):
            found = self.predictions.get(prediction_id)
            if found and found.object_id == upload.own_id and self.unlogged(found):
                return found
        return None
