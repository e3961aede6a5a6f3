"""What each error means to who is waiting: an HTTP client or the queue.

One table for the whole tree in `visionflow.errors`; nothing else decides about a status or a retry.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from visionflow import errors


@dataclass(frozen=True)
class Outcome:
    """``on_queue``: keep a ``failed`` record and be done, or have SQS deliver the message again."""

    status: HTTPStatus
    on_queue: Literal["record", "retry"]


_BAD_REQUEST = Outcome(HTTPStatus.BAD_REQUEST, "record")
_BAD_IMAGE = Outcome(HTTPStatus.UNPROCESSABLE_ENTITY, "record")
_TOO_LARGE = Outcome(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "record")
_NOT_FOUND = Outcome(HTTPStatus.NOT_FOUND, "record")
_BROKEN = Outcome(HTTPStatus.INTERNAL_SERVER_ERROR, "retry")
_UNAVAILABLE = Outcome(HTTPStatus.SERVICE_UNAVAILABLE, "retry")

OUTCOMES: dict[type[errors.VisionFlowError], Outcome] = {
    errors.VisionFlowError: _BROKEN,
    errors.InputError: _BAD_REQUEST,
    errors.MissingFieldError: _BAD_REQUEST,
    errors.UnsupportedMediaTypeError: Outcome(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "record"),
    errors.InvalidBodyError: _BAD_REQUEST,
    errors.InvalidBase64Error: _BAD_REQUEST,
    errors.InvalidParameterError: _BAD_REQUEST,
    errors.InvalidCursorError: _BAD_REQUEST,
    errors.BodyTooLargeError: _TOO_LARGE,
    errors.RouteNotFoundError: _NOT_FOUND,
    errors.MethodNotAllowedError: Outcome(HTTPStatus.METHOD_NOT_ALLOWED, "record"),
    errors.PredictionNotFoundError: _NOT_FOUND,
    errors.ImageError: _BAD_IMAGE,
    errors.EmptyImageError: _BAD_IMAGE,
    errors.UnreadableImageError: _BAD_IMAGE,
    errors.TruncatedImageError: _BAD_IMAGE,
    errors.ImageTooLargeError: _TOO_LARGE,
    errors.MissingImageError: _NOT_FOUND,
    errors.ConfigError: _BROKEN,
    errors.ArtifactError: _UNAVAILABLE,
    errors.ModelUnavailableError: _UNAVAILABLE,
    errors.PlatformError: _UNAVAILABLE,
}


def outcome(error: errors.VisionFlowError) -> Outcome:
    return OUTCOMES[type(error)]
