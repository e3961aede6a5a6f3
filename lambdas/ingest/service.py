"""Classify an object of the images bucket, once per object version."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lambdas.classification import (
    ClassificationService,
    ClassifiedPicture,
    Stopwatch,
    image_ref,
)
from lambdas.outcomes import outcome
from visionflow.errors import VisionFlowError
from visionflow.predictions import Failure, Prediction, s3_object_id, timestamp


@dataclass(frozen=True)
class Upload:
    """An object version that S3 announced. ``etag`` names it in a bucket without versioning."""

    bucket: str
    key: str
    version_id: str | None
    etag: str

    @property
    def prediction_id(self) -> str:
        return s3_object_id(self.bucket, self.key, self.version_id or self.etag)


class IngestService(ClassificationService):
    """The queue's side, without SQS."""

    def ingest(self, upload: Upload, now: datetime) -> Prediction | None:
        """Record the one result of ``upload``; None when another delivery has done so already.

        A picture that can never be classified becomes a ``failed`` record. Whatever a retry may
        mend is raised, and nothing is recorded.
        """
        if self.predictions.get(upload.prediction_id) is not None:
            return None
        stopwatch = Stopwatch()
        data: bytes | None = None
        picture: ClassifiedPicture | None = None
        try:
            with stopwatch.step("read"):
                data = self.images.read(upload.key, upload.version_id)
            picture = self.classify(data, stopwatch)
        except VisionFlowError as error:
            if outcome(error).on_queue == "retry":
                raise
            answer = _failed(error)
        else:
            key = self.store_thumbnail(picture, upload.prediction_id, stopwatch)
            answer = picture.answer() | {"thumbnail_key": key}
        prediction = Prediction(
            id=upload.prediction_id,
            source="s3",
            **answer,
            image=image_ref(upload.bucket, upload.key, upload.version_id, data, picture),
            timings=stopwatch.timings,
            created_at=timestamp(now),
            expires_at=self.expires_at(now),
        )
        return prediction if self.predictions.add(prediction) else None


def _failed(error: VisionFlowError) -> dict[str, Any]:
    return {
        "status": "failed",
        "label": None,
        "confidence": None,
        "top_k": (),
        "model": None,
        "thumbnail_key": None,
        "error": Failure(error.code, str(error)),
    }
