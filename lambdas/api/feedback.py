"""People's word about predictions: giving it, reading it, and what to ask about next."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from lambdas import clients
from lambdas.api.settings import ApiSettings
from lambdas.web.answers import LogEntry, extend
from lambdas.web.caller import name_of
from lambdas.web.json_body import read_json
from lambdas.web.parameters import only, short_text, whole_number
from lambdas.web.resolver import json_response
from visionflow.errors import InvalidParameterError, PredictionNotFoundError
from visionflow.images.store import ImageStore
from visionflow.models.ref import ModelRef
from visionflow.models.store import ModelStore
from visionflow.predictions.record import ID, Feedback, Prediction
from visionflow.predictions.reviews import ReviewStore
from visionflow.predictions.store import PredictionStore
from visionflow.timestamps import timestamp

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
LONGEST_FOLDER_NAME = 255

router = APIGatewayHttpRouter()


@dataclass(frozen=True)
class FeedbackRequest:
    """What the image shows. A label that the version does not have needs ``new``."""

    label: str
    new: bool = False


@dataclass(frozen=True)
class FeedbackHistory:
    """All that was said about a prediction, the first word first."""

    items: tuple[Feedback, ...]


@dataclass(frozen=True)
class UncertainList:
    """Answers that nobody has spoken of, the least certain first."""

    items: tuple[LogEntry, ...]


@dataclass(frozen=True)
class FeedbackService:
    """Feedback without HTTP. ``labels_of`` knows what a version can answer."""

    predictions: PredictionStore
    reviews: ReviewStore
    images: ImageStore
    labels_of: Callable[[ModelRef], tuple[str, ...]]

    def give(self, prediction_id: str, wanted: FeedbackRequest, by: str, now: datetime) -> LogEntry:
        """Make ``wanted`` the last word. Raises `PredictionNotFoundError`, and
        `InvalidParameterError` for a label that is none of the version's and not said to be new."""
        prediction = self._prediction(prediction_id)
        label = short_text("label", wanted.label.strip()) or ""
        _check_folder_name(label)
        labels = self.labels_of(prediction.model) if prediction.model else ()
        if prediction.model and label not in labels and not wanted.new:
            raise InvalidParameterError(
                f"{label!r:.80} is no label of {prediction.model.name} {prediction.model.version} "
                f'({", ".join(labels)}); add "new": true for a class that it does not know.'
            )
        return self._entry(self.reviews.give(prediction_id, Feedback(label, timestamp(now), by)))

    def history(self, prediction_id: str) -> FeedbackHistory:
        self._prediction(prediction_id)
        return FeedbackHistory(tuple(word.feedback for word in self.reviews.words(prediction_id)))

    def uncertain(self, limit: int) -> UncertainList:
        if not 1 <= limit <= MAX_LIMIT:
            raise InvalidParameterError(f"limit must be between 1 and {MAX_LIMIT}, found {limit}.")
        return UncertainList(tuple(self._entry(p) for p in self.reviews.uncertain(limit)))

    def _prediction(self, prediction_id: str) -> Prediction:
        known = ID.fullmatch(prediction_id)
        prediction = self.predictions.get(prediction_id) if known else None
        if prediction is None:
            raise PredictionNotFoundError(f"There is no prediction {prediction_id!r:.80}.")
        return prediction

    def _entry(self, prediction: Prediction) -> LogEntry:
        key = prediction.thumbnail_key
        url = None if key is None else self.images.url(key)
        return extend(LogEntry, prediction, thumbnail_url=url)


def _check_folder_name(label: str) -> None:
    """What people label is collected into class folders; one bad name would end every collection.

    Raises `InvalidParameterError`.
    """
    if "/" in label or label.startswith(".") or not label.isprintable():
        raise InvalidParameterError(
            "label becomes a folder's name; it may hold no slash and nothing that cannot be "
            "printed, and not begin with a dot."
        )
    if len(label.encode()) > LONGEST_FOLDER_NAME:
        raise InvalidParameterError(
            f"label becomes a folder's name; it may have at most {LONGEST_FOLDER_NAME} bytes in "
            f"UTF-8, found {len(label.encode())}."
        )


@lru_cache
def service() -> FeedbackService:
    settings = ApiSettings.from_env(os.environ)
    s3, dynamodb = clients.s3(), clients.dynamodb()
    models = ModelStore(settings.models_bucket, s3)

    @lru_cache(maxsize=64)
    def labels_of(model: ModelRef) -> tuple[str, ...]:
        return models.manifest(model).label_names

    return FeedbackService(
        PredictionStore(settings.predictions_table, dynamodb),
        ReviewStore(settings.predictions_table, settings.insights_table, dynamodb),
        ImageStore(settings.images_bucket, s3),
        labels_of,
    )


@router.post("/predictions/<prediction_id>/feedback")
def give(prediction_id: str) -> Response[str]:
    only(router.current_event.query_string_parameters)
    wanted = read_json(router.current_event, FeedbackRequest)
    by = name_of(router.current_event)
    return json_response(service().give(prediction_id, wanted, by, datetime.now(UTC)))


@router.get("/predictions/<prediction_id>/feedback")
def history(prediction_id: str) -> Response[str]:
    only(router.current_event.query_string_parameters)
    return json_response(service().history(prediction_id))


@router.get("/uncertain")
def uncertain() -> Response[str]:
    query = router.current_event.query_string_parameters
    only(query, "limit")
    limit = whole_number("limit", query.get("limit"))
    return json_response(service().uncertain(DEFAULT_LIMIT if limit is None else limit))
