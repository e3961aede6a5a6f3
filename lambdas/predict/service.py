"""Classify an image that was sent directly, keep it, and record the answer."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from lambdas.classification.service import (
    DEFAULT_TOP_K,
    MAX_TOP_K,
    ClassificationService,
    ClassifiedImage,
    Subject,
    image_ref,
)
from lambdas.predict.idempotency import IdempotencyKey, PredictOptions, fingerprint
from lambdas.telemetry.stopwatch import Stopwatch
from lambdas.telemetry.trail import follow
from visionflow import strict
from visionflow.answers.answer import PredictionSet
from visionflow.answers.classifier import Explanation
from visionflow.errors import (
    IdempotencyConflictError,
    InvalidParameterError,
    MissingImageError,
    PlatformError,
    PredictionNotFoundError,
)
from visionflow.images.formats import media_type
from visionflow.models.label_tree import LabelTree
from visionflow.models.ref import ModelRef
from visionflow.predictions.device import DeviceResult
from visionflow.predictions.record import ID, Prediction, original_key
from visionflow.predictions.replies import Reply
from visionflow.timestamps import new_id

DEFAULT_OPTIONS = PredictOptions()
# Of the 400 KB of an item; the record itself has a few.
_MOST_REPLY_BYTES = 300_000


@dataclass(frozen=True)
class PredictAnswer(Prediction):
    """The recorded prediction, with ``explanation`` and ``prediction_set`` where they were asked
    for. The explanation of a model that was brought from elsewhere may be null all the same: not
    every network has an activation map.

    ``temperature`` is what the model's logits were divided by. The answer is ``unknown`` when
    no label and no parent reaches ``unknown_threshold`` (``unsure``), and when ``familiarity`` is
    under ``familiarity_threshold`` or the image has less fine detail than those that the model was
    taught (``unfamiliar``). The threshold is null for a version that measures neither.
    """

    temperature: float
    unknown_threshold: float
    familiarity_threshold: float | None
    explanation: Explanation | None
    prediction_set: PredictionSet | None


@dataclass(frozen=True)
class Answered:
    """``repeated``: the first answer to a key, given again. It is not another prediction, unless
    whoever recorded it never learned so."""

    answer: PredictAnswer
    repeated: bool


@dataclass(frozen=True)
class RecordExplanation:
    """Where the evidence for a label lies in the image of a record, by the version that answered
    it. The explanation is null where that version has no activation map."""

    id: str
    model: ModelRef
    explanation: Explanation | None


class PredictService(ClassificationService):
    """POST /predict without HTTP, and the heatmap of an image that was answered before."""

    def predict(
        self,
        data: bytes,
        now: datetime,
        options: PredictOptions = DEFAULT_OPTIONS,
        key: IdempotencyKey | None = None,
        owner: str | None = None,
        filename: str | None = None,
        allow: Callable[[], None] = lambda: None,
    ) -> Answered:
        """Classify ``data``, an image's bytes that ``owner`` sent as ``filename``, once for each
        ``key``.

        ``allow`` is called before anything is stored, and raises if the caller has used up a quota.

        Nothing is stored when the image or the request is refused: raises an `ImageError`,
        `InvalidParameterError` for options that the model cannot meet, `ModelUnavailableError`, or
        `IdempotencyConflictError` when ``key`` was used for another request, or its answer erased.
        """
        prediction_id = new_id(now) if key is None else key.prediction_id
        follow(prediction_id)
        request = fingerprint(data, options) if key else ""
        if key and (answered := self._answered(prediction_id, request)):
            return Answered(answered, repeated=not self.unlogged(answered))
        stopwatch = Stopwatch()
        image = self.classify(data, stopwatch, self.choose(prediction_id, stopwatch))
        manifest = image.classifier.manifest
        tree = manifest.label_tree()
        options = _checked(options, tree)
        if (said := options.device) and said.version == image.model:
            said.check_by(manifest, tree)
        prediction_set = (
            None if options.coverage is None else image.prediction_set(options.coverage)
        )
        reply = _reply(request, image, options, prediction_set)
        if key and len(reply.to_json().encode()) > _MOST_REPLY_BYTES:
            raise InvalidParameterError(
                f"the set of labels of coverage {options.coverage} is too long to be kept for an "
                "Idempotency-Key; lower coverage, or send no key.",
                "coverage",
            )
        allow()
        # Two requests with one key may be at work at once, perhaps with different images.
        name = prediction_id if key is None else f"{prediction_id}-{request[:12]}"
        prediction = replace(
            self._prediction(prediction_id, name, data, image, options, stopwatch, now),
            owner=owner,
            filename=filename,
            **_said(options.device),
        )
        added = self.record(prediction, image.sketch, reply if key else None)
        # Nobody else has an id that was drawn here.
        if added or key is None:
            return Answered(_answer(prediction, reply), repeated=False)
        if answered := self._answered(prediction_id, request):
            return Answered(answered, repeated=True)
        raise PlatformError("The answer to this key expired just now; try again.")

    def _answered(self, prediction_id: str, request: str) -> PredictAnswer | None:
        """The first answer to this key; None when there is none yet."""
        found = self.predictions.answered(prediction_id)
        if found is None:
            return None
        prediction, reply = found
        if reply.request != request:
            raise IdempotencyConflictError(
                "This Idempotency-Key belongs to another image or other parameters; take a new "
                "one for each request."
            )
        # As it was then: before feedback, and before anybody looked at a thumbnail.
        return _answer(replace(prediction, feedback=None, thumbnail_key=None), reply)

    def explain(
        self,
        prediction_id: str,
        label: str | None,
        owner: str | None = None,
        allow: Callable[[], None] = lambda: None,
    ) -> RecordExplanation:
        """The map of ``label``, by default of the answer. Nothing is recorded or counted as an
        answer. ``owner``: only what this caller sent exists. ``allow`` is called when there is
        something to explain, and raises if the caller has used up a quota.

        Raises `PredictionNotFoundError`, `InvalidParameterError` for an image without an answer or
        a label that the version does not have, an `ImageError`, and `ModelUnavailableError`.
        """
        known = ID.fullmatch(prediction_id)
        prediction = self.predictions.get(prediction_id) if known else None
        if prediction is None or owner not in (None, prediction.owner):
            raise PredictionNotFoundError(f"There is no prediction {prediction_id!r:.80}.")
        if prediction.model is None:
            raise InvalidParameterError("The image could not be read, so nothing is to explain.")
        follow(prediction_id)
        stored = prediction.stored_image
        stopwatch = Stopwatch()
        try:
            data = self.images.read(stored.key, stored.version_id)
        except MissingImageError as error:
            raise MissingImageError(
                "The original is no longer kept, so there is no heatmap of it."
            ) from error
        serving = self.active.version(prediction.model)
        tree = serving.classifier.manifest.label_tree()
        wanted = _spelled(label, tree) or prediction.label
        allow()
        image = self.classify_by(data, stopwatch, serving)
        shown = image.activation_map(wanted)
        return RecordExplanation(
            prediction.id, serving.model, None if shown is None else Explanation.draw(shown)
        )

    def _prediction(
        self,
        prediction_id: str,
        name: str,
        data: bytes,
        image: ClassifiedImage,
        options: PredictOptions,
        stopwatch: Stopwatch,
        now: datetime,
    ) -> Prediction:
        """The record, after the image was stored under ``name``."""
        key = original_key(name)
        with stopwatch.step("store"):
            version_id = self.images.write(key, data, media_type(data))
        image_in_s3 = image_ref(self.images.bucket, key, version_id, data, image)
        subject = Subject(prediction_id, "api", image_in_s3, stopwatch.timings, now)
        return self.answered(subject, image, options.top_k or DEFAULT_TOP_K)


def _said(device: DeviceResult | None) -> dict[str, Any]:
    """What a record says of the device that sent its image."""
    if device is None:
        return {}
    return {"origin": device.origin, "made_at": device.made, "device": device.answer}


def _checked(options: PredictOptions, tree: LabelTree) -> PredictOptions:
    """The options with their defaults. Raises `InvalidParameterError`."""
    most = min(MAX_TOP_K, len(tree.labels))
    top_k = min(DEFAULT_TOP_K, most) if options.top_k is None else options.top_k
    if not 1 <= top_k <= most:
        raise InvalidParameterError(f"top_k must be between 1 and {most}, found {top_k}.", "top_k")
    if options.label is not None and not options.explain:
        raise InvalidParameterError("label names what to explain; it needs explain=true.", "label")
    return replace(options, top_k=top_k, label=_spelled(options.label, tree))


def _spelled(label: str | None, tree: LabelTree) -> str | None:
    """A label or parent as the version writes it. Raises `InvalidParameterError`."""
    spelling = None if label is None else tree.spelling(label)
    if label is not None and spelling is None:
        raise InvalidParameterError(
            f"the model has no label or parent {label!r:.80}; GET /status lists them.", "label"
        )
    return spelling


def _reply(
    request: str,
    image: ClassifiedImage,
    options: PredictOptions,
    prediction_set: PredictionSet | None,
) -> Reply:
    manifest = image.classifier.manifest
    familiarity = manifest.familiarity
    return Reply(
        request=request,
        temperature=manifest.temperature,
        unknown_threshold=manifest.unknown_threshold,
        familiarity_threshold=familiarity.threshold if familiarity else None,
        activation_map=image.activation_map(options.label) if options.explain else None,
        prediction_set=prediction_set,
    )


def _answer(prediction: Prediction, reply: Reply) -> PredictAnswer:
    shown = reply.activation_map
    return strict.extended(
        PredictAnswer,
        prediction,
        temperature=reply.temperature,
        unknown_threshold=reply.unknown_threshold,
        familiarity_threshold=reply.familiarity_threshold,
        explanation=None if shown is None else Explanation.draw(shown),
        prediction_set=reply.prediction_set,
    )
