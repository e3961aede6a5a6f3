"""Run the shadow on an image that was answered, and keep what it says beside the record."""

from dataclasses import dataclass, field
from datetime import datetime

from lambdas.classification.decoder import Decoder, process_decoder
from lambdas.shadow.model import ShadowModel
from lambdas.telemetry.log import logger
from lambdas.telemetry.stopwatch import Stopwatch
from visionflow.errors import ImageError
from visionflow.images.store import ImageStore
from visionflow.insights.shadows import ShadowAnswer, ShadowStore
from visionflow.predictions.store import PredictionStore
from visionflow.timestamps import timestamp


@dataclass(frozen=True)
class ShadowService:
    """The shadow's side without the event's shape."""

    model: ShadowModel
    images: ImageStore
    predictions: PredictionStore
    shadows: ShadowStore
    decoder: Decoder = field(default_factory=process_decoder)

    def look_at(self, prediction_id: str, now: datetime) -> ShadowAnswer | None:
        """The shadow's answer, kept once. None when there is nothing to do: no shadow (any more),
        an answer of its own, a record or an image that is gone, an image that costs too much, or
        an answer that is there; and for a shadow that fails.
        """
        serving, trial = self.model.get()
        prediction = self.predictions.get(prediction_id)
        if serving is None or prediction is None or prediction.model in (None, serving.model):
            return None
        if self.shadows.get(prediction_id, serving.model):
            return None
        spec = serving.classifier.manifest.input
        try:
            image = prediction.stored_image
            data = self.images.read(image.key, image.version_id)
            prepared = self.decoder.prepare(data, spec, thumbnail=0)
        except ImageError:
            return None
        stopwatch = Stopwatch()
        try:
            with stopwatch.step("infer"):
                found = serving.answer(prepared.tensor)
        except Exception:
            # ONNX Runtime raises classes of its own. The image was answered, and another try of
            # the call would change nothing.
            logger.exception("version failed", extra={"model": serving.model.text})
            self.model.refuse(serving)
            return None
        answer = ShadowAnswer(
            prediction_id=prediction_id,
            model=serving.model,
            status="ok" if found.known else "unknown",
            label=found.label,
            confidence=found.confidence,
            milliseconds=stopwatch.timings["infer"],
            answered_at=timestamp(now),
            unknown_reason=found.unknown,
            familiarity=found.familiarity,
            parents=found.parents,
            best=found.scores[0].label,
        )
        return answer if self.shadows.add(prediction, answer, trial) else None
