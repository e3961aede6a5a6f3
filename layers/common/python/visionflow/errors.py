"""The one tree of errors that VisionFlow raises on purpose.

::

    VisionFlowError
    |-- InputError                      the sender can correct it; a retry changes nothing
    |   |-- MissingFieldError
    |   |   `-- ImageNotSentError       a call that classifies, without an image
    |   |-- UnsupportedMediaTypeError
    |   |-- InvalidBodyError
    |   |-- InvalidBase64Error
    |   |-- InvalidParameterError
    |   |   `-- CoverageUnmeasuredError  a prediction set of a model that cannot give one
    |   |-- TooManyLabelsError          more new labels than are kept
    |   |-- InvalidCursorError
    |   |-- BodyTooLargeError
    |   |-- RouteNotFoundError
    |   |-- MethodNotAllowedError
    |   |-- PredictionNotFoundError
    |   |-- FeedbackNotFoundError
    |   |-- ModelNotFoundError
    |   |-- AliasConflictError          others keep moving the aliases
    |   |   |-- ModelRetiredError
    |   |   |-- ModelUntriedError       registered when versions were not tried
    |   |   |-- ModelInUseError
    |   |   |-- CanaryOrShadowError     a version cannot be both
    |   |   |-- NothingInProductionError
    |   |   `-- NothingToRollBackToError
    |   |-- ForbiddenError
    |   |-- NotSignedInError
    |   |-- KeyNotFoundError
    |   |-- HookNotFoundError
    |   |-- HookConflictError           its name is taken, or there are as many as may be
    |   |-- JobNotFoundError
    |   |-- JobConflictError
    |   |-- JobRefusedError
    |   |-- RunNotFoundError
    |   |-- RunConflictError
    |   |-- RunRefusedError             an instant training that its data does not allow
    |   |   `-- RunTooLongError         it would take longer than a function may
    |   |-- BackfillNotFoundError
    |   |-- BackfillConflictError
    |   |-- BackfillRefusedError        a source that cannot be read as what it is
    |   |-- ComparisonNotFoundError
    |   |-- ComparisonNotReadyError
    |   |-- DatasetMissingError
    |   |   |-- DatasetImageMissingError
    |   |   `-- DatasetVersionMissingError
    |   |-- DatasetConflictError
    |   |   |-- DatasetComparingError   its newest images are still being compared
    |   |   `-- DatasetTooLargeError    it has more images than a request has time for
    |   |-- IdempotencyConflictError
    |   `-- ImageError                  an image that can never be classified
    |       |-- EmptyImageError
    |       |-- UnreadableImageError
    |       |-- TruncatedImageError
    |       |-- ImageTooLargeError
    |       |-- ImageTooCostlyError     its decoder ran out of memory or time, or crashed
    |       |-- MissingImageError
    |       |   `-- ImageNeverSentError   it stayed on the device that classified it
    |       |-- ArchivedImageError      in a storage class that takes a restore first
    |       |-- EncryptedImageError     under a key that only its sender has
    |       `-- DeniedImageError        whoever owns it lets nobody else read it
    |-- QuotaExceededError              used up until the next minute or month
    |   `-- BudgetStoppedError            the stage classifies nothing and starts no job
    |-- ConfigError                     a setting, manifest or config file that does not parse
    |-- ArtifactError                   model files that are missing or not what the manifest says
    |   `-- GateError                   a version that has not passed its gate
    |-- ModelUnavailableError           no model can answer now
    `-- PlatformError                   AWS throttled, timed out or failed

Every class carries a ``code`` (stable, snake_case, part of the API) and ``retryable``: whether the
same input may succeed later, once the service is repaired. It may, unless the input is at fault.
"""

from typing import ClassVar


class VisionFlowError(Exception):
    """Root of the tree. ``str(error)`` is a sentence for the user, ``title`` the code in words."""

    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"
    retryable: ClassVar[bool] = True
    # Seconds after which the same request may succeed, where that is known.
    retry_after: int | None = None
    # The field of the request that is at fault, by its dotted name, where that is known.
    field: str | None = None

    def __init_subclass__(cls) -> None:
        if "title" not in vars(cls):
            cls.title = cls.code.replace("_", " ").capitalize()


class InputError(VisionFlowError):
    """What was sent cannot be handled as it is."""

    code = "invalid_input"
    retryable = False

    def __init__(self, sentence: str = "", field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field


class MissingFieldError(InputError):
    """A required field or the whole body is absent."""

    code = "missing_field"


class ImageNotSentError(MissingFieldError):
    """A request to classify an image whose body carries none."""

    code = "missing_image"


class UnsupportedMediaTypeError(InputError):
    """The route does not accept the request's Content-Type."""

    code = "unsupported_media_type"


class InvalidBodyError(InputError):
    """The body does not parse as what its Content-Type says."""

    code = "invalid_body"


class InvalidBase64Error(InputError):
    """A field that should hold base64 does not."""

    code = "invalid_base64"


class InvalidParameterError(InputError):
    """A parameter or a field of the body is out of its range or unknown."""

    code = "invalid_parameter"


class CoverageUnmeasuredError(InvalidParameterError):
    """A prediction set of a model whose training has not measured what it takes."""

    code = "coverage_unmeasured"


class TooManyLabelsError(InputError):
    """A label that no version has, and there are as many of those as are kept."""

    code = "too_many_labels"


class InvalidCursorError(InputError):
    """A page cursor that this API did not make, or that belongs to another query."""

    code = "invalid_cursor"


class BodyTooLargeError(InputError):
    """The body is larger than a direct call may be."""

    code = "body_too_large"


class RouteNotFoundError(InputError):
    """No such path."""

    code = "route_not_found"


class MethodNotAllowedError(InputError):
    """The path exists, with another method."""

    code = "method_not_allowed"


class PredictionNotFoundError(InputError):
    """No prediction has this id."""

    code = "prediction_not_found"


class FeedbackNotFoundError(InputError):
    """The caller has given no feedback on this prediction that could be taken back."""

    code = "feedback_not_found"


class IdempotencyConflictError(InputError):
    """The `Idempotency-Key` was used before: with another image or other parameters, or its answer
    was erased."""

    code = "idempotency_conflict"


class JobNotFoundError(InputError):
    """No training job has this id."""

    code = "job_not_found"


class JobConflictError(InputError):
    """The training job's state does not allow what was asked."""

    code = "job_conflict"


class JobRefusedError(InputError):
    """The training job cannot be done: no quota, no capacity, too small a budget, bad settings."""

    code = "job_refused"


class RunNotFoundError(InputError):
    """No instant training of the dataset has this id."""

    code = "run_not_found"


class RunConflictError(InputError):
    """The instant training has ended, or works on something else."""

    code = "run_conflict"


class RunRefusedError(InputError):
    """The version of the dataset cannot be trained: too few classes or images, an image gone."""

    code = "run_refused"


class RunTooLongError(RunRefusedError):
    """The instant training takes longer than a function may run."""

    code = "run_too_long"


class BackfillNotFoundError(InputError):
    """No backfill has this id."""

    code = "backfill_not_found"


class BackfillConflictError(InputError):
    """The backfill's state does not allow what was asked, or its key was used for another one."""

    code = "backfill_conflict"


class BackfillRefusedError(InputError):
    """The backfill cannot be done: its source cannot be read, or is not what its name says."""

    code = "backfill_refused"


class ComparisonNotFoundError(InputError):
    """The backfill compares no versions."""

    code = "comparison_not_found"


class ComparisonNotReadyError(InputError):
    """The backfill compares versions, and is not done."""

    code = "comparison_not_ready"


class DatasetMissingError(InputError):
    """There is no dataset of this name."""

    code = "dataset_missing"


class DatasetImageMissingError(DatasetMissingError):
    """The dataset has no image of this hash."""

    code = "dataset_image_missing"


class DatasetVersionMissingError(DatasetMissingError):
    """The dataset has no version of this number."""

    code = "dataset_version_missing"


class DatasetConflictError(InputError):
    """The dataset's state does not allow what was asked."""

    code = "dataset_conflict"


class DatasetComparingError(DatasetConflictError):
    """The newest images of the dataset are still being compared with the others."""

    code = "dataset_comparing"
    retry_after = 5


class DatasetTooLargeError(DatasetConflictError):
    """The dataset has more images than what was asked has time for."""

    code = "dataset_too_large"


class ModelNotFoundError(InputError):
    """No such version of this model is published."""

    code = "model_not_found"


class AliasConflictError(InputError):
    """The aliases moved while this call wanted to move them, each time it tried."""

    code = "alias_conflict"


class ModelRetiredError(AliasConflictError):
    """A retired version cannot serve again."""

    code = "model_retired"


class ModelUntriedError(AliasConflictError):
    """A version that was never opened and tried cannot serve."""

    code = "model_untried"


class ModelInUseError(AliasConflictError):
    """An alias points at the version: it cannot retire, or run beside itself."""

    code = "model_in_use"


class CanaryOrShadowError(AliasConflictError):
    """A version is the canary or the shadow, not both."""

    code = "canary_or_shadow"


class NothingInProductionError(AliasConflictError):
    """A canary or a shadow runs beside production, and nothing is in production."""

    code = "nothing_in_production"


class NothingToRollBackToError(AliasConflictError):
    """No version was in production before this one."""

    code = "nothing_to_roll_back_to"


class ForbiddenError(InputError):
    """The caller is known, and may not do this."""

    code = "forbidden"


class NotSignedInError(InputError):
    """The caller is unknown: no token or API key was sent, or one that is not valid."""

    code = "not_signed_in"


class KeyNotFoundError(InputError):
    """No API key has this prefix."""

    code = "key_not_found"


class HookNotFoundError(InputError):
    """There is no hook of this name."""

    code = "hook_not_found"


class HookConflictError(InputError):
    """The hook's state, or how many there are, does not allow what was asked."""

    code = "hook_conflict"


class ImageError(InputError):
    """An image that can never be classified, however often it is tried."""

    code = "invalid_image"


class EmptyImageError(ImageError):
    """Zero bytes."""

    code = "image_empty"


class UnreadableImageError(ImageError):
    """Not an image, or one in a format that is not accepted."""

    code = "image_unreadable"


class TruncatedImageError(ImageError):
    """The header is an image's, the data ends early."""

    code = "image_truncated"


class ImageTooLargeError(ImageError):
    """More bytes or more pixels than the limits allow (decompression bombs end here)."""

    code = "image_too_large"


class ImageTooCostlyError(ImageError):
    """Decoding takes more memory or processor time than an image may use, or ends its process."""

    code = "image_too_costly"


class MissingImageError(ImageError):
    """The object was deleted or replaced before it could be read."""

    code = "image_missing"


class ImageNeverSentError(MissingImageError):
    """A device classified the image and sent its answer alone, so there never was an object."""

    code = "image_never_sent"


class ArchivedImageError(ImageError):
    """The object lies in a storage class that cannot be read until it is restored."""

    code = "image_archived"


class EncryptedImageError(ImageError):
    """The object is encrypted under a key that its sender has and AWS has not (SSE-C)."""

    code = "image_encrypted"


class DeniedImageError(ImageError):
    """An object in somebody else's bucket that may not be read, though others there may."""

    code = "image_denied"


class QuotaExceededError(VisionFlowError):
    """The caller or the whole stage has used up what it may use in this minute or month."""

    code = "quota_exceeded"

    retry_after: int

    def __init__(self, sentence: str, retry_after: int) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class BudgetStoppedError(QuotaExceededError):
    """The month's budget is spent: nothing is classified, and no job starts."""

    code = "budget_stopped"


class ConfigError(VisionFlowError):
    """A setting, a manifest or a config file with an unknown, missing or mistyped field."""

    code = "invalid_config"


class ArtifactError(VisionFlowError):
    """A model file is missing or differs from the checksum in its manifest."""

    code = "invalid_artifact"


class GateError(ArtifactError):
    """A version failed a check of its gate, or one was never made, so it is not published."""

    code = "gate_not_passed"


class ModelUnavailableError(VisionFlowError):
    """No model is promoted, or the promoted one cannot be loaded."""

    code = "model_unavailable"


class PlatformError(VisionFlowError):
    """A fault of the platform: throttling, a time-out, a 5xx of a service."""

    code = "platform_unavailable"
