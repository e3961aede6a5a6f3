"""The HTTP status of each error: one table for the whole tree in `visionflow.errors`.

On a queue an error's ``retryable`` decides: deliver the message again, or record a failed image.
"""

from http import HTTPStatus

from visionflow import errors

_BAD_REQUEST = HTTPStatus.BAD_REQUEST
_BAD_IMAGE = HTTPStatus.UNPROCESSABLE_ENTITY
_TOO_LARGE = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
_NOT_FOUND = HTTPStatus.NOT_FOUND
_CONFLICT = HTTPStatus.CONFLICT
_BROKEN = HTTPStatus.INTERNAL_SERVER_ERROR
_TOO_MANY = HTTPStatus.TOO_MANY_REQUESTS
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
    errors.CoverageUnmeasuredError: _CONFLICT,
    errors.TooManyLabelsError: _CONFLICT,
    errors.InvalidCursorError: _BAD_REQUEST,
    errors.BodyTooLargeError: _TOO_LARGE,
    errors.RouteNotFoundError: _NOT_FOUND,
    errors.MethodNotAllowedError: HTTPStatus.METHOD_NOT_ALLOWED,
    errors.PredictionNotFoundError: _NOT_FOUND,
    errors.FeedbackNotFoundError: _NOT_FOUND,
    errors.ModelNotFoundError: _NOT_FOUND,
    errors.AliasConflictError: _CONFLICT,
    errors.ModelRetiredError: _CONFLICT,
    errors.ModelUntriedError: _CONFLICT,
    errors.ModelInUseError: _CONFLICT,
    errors.CanaryOrShadowError: _CONFLICT,
    errors.NothingInProductionError: _CONFLICT,
    errors.NothingToRollBackToError: _CONFLICT,
    errors.ForbiddenError: HTTPStatus.FORBIDDEN,
    errors.NotSignedInError: HTTPStatus.UNAUTHORIZED,
    errors.KeyNotFoundError: _NOT_FOUND,
    errors.HookNotFoundError: _NOT_FOUND,
    errors.HookConflictError: _CONFLICT,
    errors.IdempotencyConflictError: _CONFLICT,
    errors.JobNotFoundError: _NOT_FOUND,
    errors.JobConflictError: _CONFLICT,
    errors.JobRefusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.RunNotFoundError: _NOT_FOUND,
    errors.RunConflictError: _CONFLICT,
    errors.RunRefusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.RunTooLongError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.BackfillNotFoundError: _NOT_FOUND,
    errors.BackfillConflictError: _CONFLICT,
    errors.BackfillRefusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ComparisonNotFoundError: _NOT_FOUND,
    errors.ComparisonNotReadyError: _CONFLICT,
    errors.DatasetMissingError: _NOT_FOUND,
    errors.DatasetImageMissingError: _NOT_FOUND,
    errors.DatasetVersionMissingError: _NOT_FOUND,
    errors.DatasetConflictError: _CONFLICT,
    errors.DatasetComparingError: _CONFLICT,
    errors.DatasetTooLargeError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ImageError: _BAD_IMAGE,
    errors.EmptyImageError: _BAD_IMAGE,
    errors.UnreadableImageError: _BAD_IMAGE,
    errors.TruncatedImageError: _BAD_IMAGE,
    errors.ImageTooLargeError: _TOO_LARGE,
    errors.ImageTooCostlyError: _BAD_IMAGE,
    errors.MissingImageError: _NOT_FOUND,
    errors.ImageNeverSentError: _NOT_FOUND,
    errors.ArchivedImageError: _CONFLICT,
    errors.EncryptedImageError: _BAD_IMAGE,
    errors.DeniedImageError: _BAD_IMAGE,
    errors.QuotaExceededError: _TOO_MANY,
    errors.BudgetStoppedError: _TOO_MANY,
    errors.ConfigError: _BROKEN,
    errors.ArtifactError: _UNAVAILABLE,
    errors.GateError: _UNAVAILABLE,
    errors.ModelUnavailableError: _UNAVAILABLE,
    errors.PlatformError: _UNAVAILABLE,
}


def status_of(error: Exception) -> int:
    """The status of any error; one that is not of the tree is a fault of ours."""
    return STATUSES[type(error)] if isinstance(error, errors.VisionFlowError) else _BROKEN
