"""Classify a picture that was sent directly, keep it, and record the answer."""

from dataclasses import dataclass
from datetime import datetime

from lambdas.answers import extend
from lambdas.classification import DEFAULT_TOP_K, ClassificationService, Stopwatch, image_ref
from lambdas.trail import follow
from visionflow.classifier import Explanation
from visionflow.errors import InvalidParameterError
from visionflow.images import media_type
from visionflow.predictions import Prediction, new_id, original_key, timestamp


@dataclass(frozen=True)
class PredictAnswer(Prediction):
    """The recorded prediction, with ``explanation`` where it was asked for."""

    explanation: Explanation | None


class PredictService(ClassificationService):
    """POST /predict without HTTP."""

    def predict(
        self, data: bytes, now: datetime, *, top_k: int | None = None, explain: bool = False
    ) -> PredictAnswer:
        """Classify ``data``, a picture's bytes; ``top_k`` is 5 by default, or all there are.

        Nothing is stored when the picture or the request is refused: raises an `ImageError`,
        `InvalidParameterError` for a ``top_k`` beyond the labels, or `ModelUnavailableError`.
        """
        prediction_id = new_id(now)
        follow(prediction_id)
        stopwatch = Stopwatch()
        serving = self.choose(prediction_id, stopwatch)
        labels = len(serving.classifier.manifest.labels)
        top_k = min(DEFAULT_TOP_K, labels) if top_k is None else top_k
        if not 1 <= top_k <= labels:
            raise InvalidParameterError(f"top_k must be between 1 and {labels}, found {top_k}.")
        picture = self.classify(data, stopwatch, serving)
        key = original_key(prediction_id)
        with stopwatch.step("store"):
            version_id = self.images.write(key, data, media_type(data))
        prediction = Prediction(
            id=prediction_id,
            source="api",
            **picture.answer(top_k),
            image=image_ref(self.images.bucket, key, version_id, data, picture),
            thumbnail_key=self.store_thumbnail(picture, prediction_id, stopwatch),
            timings=stopwatch.timings,
            created_at=timestamp(now),
            expires_at=self.expires_at(now),
        )
        self.predictions.add(prediction)
        explanation = picture.explain() if explain else None
        return extend(PredictAnswer, prediction, explanation=explanation)
