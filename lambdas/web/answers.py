"""The bodies that the API answers with. The OpenAPI document is generated from these classes."""

from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from visionflow.models.ref import ModelRef
from visionflow.predictions.record import Prediction

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
