"""What the HTTP functions answer alike: a problem, and a prediction's fields."""

from dataclasses import dataclass
from typing import TypedDict, cast

from visionflow.models.answer import Score
from visionflow.models.ref import ModelRef
from visionflow.predictions.record import Failure, Feedback, ImageRef, Prediction, Source, Status


@dataclass(frozen=True)
class Problem:
    """An error as RFC 9457 has it. ``code`` is stable and meant for programs."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str


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
    return cast(PredictionFields, vars(prediction))
