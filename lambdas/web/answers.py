"""The bodies that the API answers with. The OpenAPI document is generated from these classes."""

from dataclasses import dataclass
from typing import Any, Literal, TypedDict, TypeVar

from visionflow.models.answer import Score
from visionflow.models.ref import ModelRef
from visionflow.predictions.record import Failure, Feedback, ImageRef, Prediction, Source, Status

P = TypeVar("P", bound=Prediction)


@dataclass(frozen=True)
class LogEntry(Prediction):
    """A prediction in a list. ``thumbnail_url`` is short-lived, null where no thumbnail exists."""

    thumbnail_url: str | None


@dataclass(frozen=True)
class PredictionDetail(LogEntry):
    """One prediction with short-lived URLs for its image and thumbnail."""

    image_url: str


@dataclass(frozen=True)
class LogPage:
    """Predictions, newest first. A null ``next_cursor`` means that there is nothing older."""

    items: tuple[LogEntry, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class UploadForm:
    """A form for ``POST url``: multipart/form-data, ``fields`` first, then the image as ``file``.

    S3 takes it until ``expires_at``, for one image of the type and size that were announced. Its
    prediction is ``GET /predictions/{id}`` as soon as it is classified, and a 404 before.
    """

    id: str
    url: str
    fields: dict[str, str]
    key: str
    expires_at: str
    max_bytes: int


@dataclass(frozen=True)
class Health:
    """Whether an image would be classified now, by which model, into which labels."""

    status: Literal["ok", "unavailable"]
    model: ModelRef | None
    labels: tuple[str, ...]
    uptime_s: float
    reason: str | None


@dataclass(frozen=True)
class Problem:
    """An error as RFC 9457 has it. ``code`` is stable and meant for programs."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str


def extend(cls: type[P], prediction: Prediction, **more: Any) -> P:
    """A prediction's fields and ``more`` as an instance of its subclass ``cls``."""
    return cls(**vars(prediction), **more)


class PredictionFields(TypedDict):
    """The fields of a `Prediction`, for the classes that add some."""

    id: str
    source: Source
    status: Status
    label: str | None
    confidence: float | None
    top_k: tuple[Score, ...]
    model: ModelRef | None
    image: ImageRef
    thumbnail_key: str | None
    timings: dict[str, float]
    created_at: str
    error: Failure | None
    expires_at: int
    feedback: Feedback | None
    refused: ModelRef | None


def fields_of(prediction: Prediction) -> PredictionFields:
    return {
        "id": prediction.id,
        "source": prediction.source,
        "status": prediction.status,
        "label": prediction.label,
        "confidence": prediction.confidence,
        "top_k": prediction.top_k,
        "model": prediction.model,
        "image": prediction.image,
        "thumbnail_key": prediction.thumbnail_key,
        "timings": prediction.timings,
        "created_at": prediction.created_at,
        "error": prediction.error,
        "expires_at": prediction.expires_at,
        "feedback": prediction.feedback,
        "refused": prediction.refused,
    }
