"""From an image's bytes to a recorded prediction: what `predict` and `ingest` share."""

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from lambdas.aws import clients
from lambdas.aws.errors import aws_errors
from lambdas.classification.active_model import ActiveModel
from lambdas.classification.decoder import Decoder, PreparedImage, process_decoder
from lambdas.classification.loading import Serving
from lambdas.classification.settings import ClassificationSettings
from lambdas.telemetry.log import logger
from lambdas.telemetry.stopwatch import Stopwatch
from visionflow.access.usage import UsageSettings, UsageStore
from visionflow.answers.answer import ClassActivationMap, PredictionSet
from visionflow.answers.classifier import Classification, Classifier
from visionflow.answers.prediction_sets import least_confidence, prediction_set
from visionflow.answers.session import begin_import
from visionflow.errors import ModelUnavailableError, VisionFlowError
from visionflow.images.store import ImageStore
from visionflow.models.ref import ModelRef
from visionflow.models.serving import AliasReader
from visionflow.models.store import ModelStore
from visionflow.predictions.record import (
    Failure,
    ImageRef,
    Prediction,
    Source,
)
from visionflow.predictions.replies import Reply
from visionflow.predictions.store import PredictionStore
from visionflow.timestamps import timestamp

DEFAULT_TOP_K = 5
# A record holds its scores, each with a label of up to 255 bytes, in the table and in its indexes,
# and a page of the history holds 100 records.
MAX_TOP_K = 20
_MOST_UNANSWERED = 1000
# They run again where another version has to answer.
_ATTEMPT = ("decode", "prepare", "infer")


@dataclass(frozen=True, eq=False)
class ClassifiedImage:
    """An image as its decoder prepared it, and the model's answer for it.

    ``refused`` is the version that should have answered and could not; ``sketch`` is what drift is
    measured from.
    """

    image: PreparedImage
    model: ModelRef
    classifier: Classifier
    classification: Classification
    refused: ModelRef | None
    sketch: bytes | None

    def activation_map(self, label: str | None = None) -> ClassActivationMap | None:
        """Where the evidence for ``label`` lies, by default for the answer; None where the model
        has no such map."""
        label = label or self.classification.label
        return self.classifier.activation_map(self.classification, label, self.image.size)

    def prediction_set(self, coverage: float) -> PredictionSet:
        """Raises `InvalidParameterError` for a coverage that the version cannot promise."""
        least = least_confidence(self.classifier.manifest.conformity, coverage)
        return PredictionSet(coverage, prediction_set(self.classification.scores, least))


@dataclass(frozen=True)
class Subject:
    """Whose result a record holds, and what is known of it whatever the result is."""

    id: str
    source: Source
    image: ImageRef
    timings: dict[str, float]
    at: datetime


@dataclass(frozen=True)
class ClassificationService:
    """What both functions are made of: a model, a bucket of images, a table of records, and a
    decoder in a process of its own."""

    active: ActiveModel
    images: ImageStore
    predictions: PredictionStore
    retention_days: int
    usage: UsageStore
    # Forked here, before a model is loaded: without its threads, memory and connections.
    decoder: Decoder = field(default_factory=process_decoder)
    # By id, when those records were made whose writes had no answer.
    unanswered: dict[str, str] = field(default_factory=dict)

    @classmethod
    def build(
        cls,
        settings: ClassificationSettings,
        counting: UsageSettings,
        in_memory: Sequence[Serving] = (),
    ) -> Self:
        """Create clients and stores. What serves is loaded by the first image, unless it is
        ``in_memory``."""
        decoder = process_decoder()  # forked, before there is a thread
        begin_import()
        s3, dynamodb = clients.s3(), clients.dynamodb()
        active = ActiveModel(
            AliasReader(settings.registry_table, dynamodb),
            ModelStore(settings.models_bucket, s3),
            cache=Path(tempfile.gettempdir()) / "models",
            threads=settings.ort_threads,
            in_memory=in_memory,
        )
        return cls(
            active,
            ImageStore(settings.images_bucket, s3),
            PredictionStore(settings.predictions_table, dynamodb),
            settings.retention_days,
            counting.store(dynamodb),
            decoder,
        )

    def choose(self, prediction_id: str, stopwatch: Stopwatch) -> Serving:
        """The version that answers the image of this id. Raises `ModelUnavailableError`."""
        with stopwatch.step("model"):
            return self.active.get(prediction_id)

    def classify(self, data: bytes, stopwatch: Stopwatch, serving: Serving) -> ClassifiedImage:
        """Decode, and classify by ``serving``, or by its stand-in should it fail.

        Raises an `ImageError`, and `ModelUnavailableError` where no version can answer.
        """
        spec = serving.classifier.manifest.input
        image = self.decoder.prepare(data, spec, stopwatch.step, thumbnail=0)
        try:
            return classified(image, stopwatch, serving)
        except Exception as error:
            # ONNX Runtime raises classes of its own; a version's fault must not reach a caller.
            logger.exception("version failed", extra={"model": serving.model.text})
            self.active.refuse(serving, error)
            stand_in = self.active.stand_in(serving)
            if stand_in is None:
                raise ModelUnavailableError(
                    f"{serving.model.name} {serving.model.version} fails at this image, and no "
                    "version was in production before it."
                ) from error
            stopwatch.fail(_ATTEMPT)
            # Decoded anew, because it may want to see more of the image.
            return self.classify(data, stopwatch, stand_in)

    def classify_by(self, data: bytes, stopwatch: Stopwatch, serving: Serving) -> ClassifiedImage:
        """By this version and no other. Raises as `classify` does."""
        spec = serving.classifier.manifest.input
        image = self.decoder.prepare(data, spec, stopwatch.step, thumbnail=0)
        try:
            return classified(image, stopwatch, serving)
        except Exception as error:
            # As above: whatever a version raises must not reach a caller.
            logger.exception("version failed", extra={"model": serving.model.text})
            raise ModelUnavailableError(
                f"{serving.model.name} {serving.model.version} fails at this image."
            ) from error

    def record(
        self, prediction: Prediction, sketch: bytes | None = None, reply: Reply | None = None
    ) -> bool:
        """`PredictionStore.add`. True also where the record that has the id is this very one: its
        first write arrived although its answer was lost, and refused the second."""
        try:
            if self.predictions.add(prediction, sketch, reply):
                return True
        except aws_errors():
            if len(self.unanswered) >= _MOST_UNANSWERED:
                self.unanswered.clear()
            self.unanswered[prediction.id] = prediction.created_at
            raise
        found = self.predictions.get(prediction.id)
        # Nobody else began in that microsecond and took as long.
        return found is not None and (found.created_at, found.timings) == (
            prediction.created_at,
            prediction.timings,
        )

    def unlogged(self, prediction: Prediction) -> bool:
        """Whether this process wrote the record and had no answer, so that nothing was logged. Says
        so once."""
        return self.unanswered.pop(prediction.id, None) == prediction.created_at

    def answered(
        self,
        subject: Subject,
        image: ClassifiedImage,
        top_k: int = DEFAULT_TOP_K,
    ) -> Prediction:
        """The record of an answer."""
        return answered(subject, image, self.retention_days, top_k)

    def failed(self, subject: Subject, error: VisionFlowError) -> Prediction:
        """The record of an image that can never be classified."""
        return failed(subject, error, self.retention_days)


def answered(
    subject: Subject, image: ClassifiedImage, retention_days: int, top_k: int = DEFAULT_TOP_K
) -> Prediction:
    """The record of an answer."""
    found = image.classification
    return Prediction(
        id=subject.id,
        source=subject.source,
        status="ok" if found.known else "unknown",
        label=found.label,
        confidence=found.confidence,
        top_k=found.scores[:top_k],
        model=image.model,
        image=subject.image,
        thumbnail_key=None,
        timings=subject.timings,
        created_at=timestamp(subject.at),
        error=None,
        expires_at=_expires_at(subject, retention_days),
        parents=found.parents,
        unknown_reason=found.unknown,
        familiarity=found.familiarity,
        refused=image.refused,
    )


def failed(subject: Subject, error: VisionFlowError, retention_days: int) -> Prediction:
    """The record of an image that can never be classified."""
    return Prediction(
        id=subject.id,
        source=subject.source,
        status="failed",
        label=None,
        confidence=None,
        top_k=(),
        model=None,
        image=subject.image,
        thumbnail_key=None,
        timings=subject.timings,
        created_at=timestamp(subject.at),
        error=Failure(error.code, str(error)),
        expires_at=_expires_at(subject, retention_days),
    )


def _expires_at(subject: Subject, retention_days: int) -> int:
    """When DynamoDB may delete the record, in epoch seconds."""
    return int((subject.at + timedelta(days=retention_days)).timestamp())


def classified(image: PreparedImage, stopwatch: Stopwatch, serving: Serving) -> ClassifiedImage:
    """The answer of one version. Raises whatever a version raises."""
    with stopwatch.step("infer"):
        classification = serving.answer(image.tensor)
    sketch = None
    if serving.reference:
        sketch = serving.reference.embedding.sketch(classification.embedding)
    return ClassifiedImage(
        image, serving.model, serving.classifier, classification, serving.refused, sketch
    )


def image_ref(
    bucket: str,
    key: str,
    version_id: str | None,
    data: bytes | None,
    image: ClassifiedImage | None,
) -> ImageRef:
    """What is known of an object that may not have been read (``data``) or decoded."""
    width, height = image.image.size if image else (None, None)
    undecoded = None if data is None or image else hashlib.sha256(data).hexdigest()
    return ImageRef(
        bucket=bucket,
        key=key,
        version_id=version_id,
        width=width,
        height=height,
        bytes=None if data is None else len(data),
        sha256=image.image.sha256 if image else undecoded,
    )
