"""What each error means for the HTTP client or the queue that waits.

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


_BAD_REQUEST = HTTPStatus.BAD_REQUEST
_BAD_IMAGE = HTTPStatus.UNPROCESSABLE_ENTITY
_TOO_LARGE = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
_NOT_FOUND = HTTPStatus.NOT_FOUND
_CONFLICT = HTTPStatus.CONFLICT
_BROKEN = HTTPStatus.INTERNAL_SERVER_ERROR
_UNAVAILABLE = HTTPStatus.SERVICE_UNAVAILABLE

STATUSES: dict[type[errors.VisionFlowError], HTTPStatus] = {
    errors.VisionFlowError: _BROKEN,
    errors.InputError: _BAD_REQUEST,
    errors.MissingFieldError: _BAD_REQUEST,
    errors.ImageNotSentError: _BAD_REQUEST,
    errors.UnsupportedMediaTypeError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.InvalidBodyError: _BAD_REQUEST,
    errors.InvalidBase64Error: _BAD_REQUEST,
    errors.InvalidParameterError: _BAD_REQUEST,
    errors.InvalidCursorError: _BAD_REQUEST,
    errors.BodyTooLargeError: _TOO_LARGE,
    errors.RouteNotFoundError: _NOT_FOUND,
    errors.MethodNotAllowedError: HTTPStatus.METHOD_NOT_ALLOWED,
    errors.PredictionNotFoundError: _NOT_FOUND,
    errors.ModelNotFoundError: _NOT_FOUND,
    errors.AliasConflictError: _CONFLICT,
    errors.ModelRetiredError: _CONFLICT,
    errors.ModelInUseError: _CONFLICT,
    errors.NothingInProductionError: _CONFLICT,
    errors.NothingToRollBackToError: _CONFLICT,
    errors.ForbiddenError: HTTPStatus.FORBIDDEN,
    errors.IdempotencyConflictError: _CONFLICT,
    errors.JobNotFoundError: _NOT_FOUND,
    errors.JobConflictError: _CONFLICT,
    errors.JobRefusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ImageError: _BAD_IMAGE,
    errors.EmptyImageError: _BAD_IMAGE,
    errors.UnreadableImageError: _BAD_IMAGE,
    errors.TruncatedImageError: _BAD_IMAGE,
    errors.ImageTooLargeError: _TOO_LARGE,
    errors.MissingImageError: _NOT_FOUND,
    errors.ConfigError: _BROKEN,
    errors.ArtifactError: _UNAVAILABLE,
    errors.GateError: _UNAVAILABLE,
    errors.ModelUnavailableError: _UNAVAILABLE,
    errors.PlatformError: _UNAVAILABLE,
}


def outcome(error: errors.VisionFlowError) -> Outcome:
    """An error that a retry may fix is delivered again; any other is the image's result."""
    return Outcome(STATUSES[type(error)], "retry" if error.retryable else "record")
