"""The errors of the client, one tree.

::

    ApiError
    |-- UnavailableError        no answer, or one that says that the service is at fault
    |-- LimitError              a quota, a budget or a rate is used up (429)
    |-- NotAllowedError         the key is missing, unknown, revoked or lacks a scope (401, 403)
    |-- NotFoundError           there is none with this id or name (404)
    |-- ConflictError           what is there does not allow it, such as a state or a name (409)
    |-- ImageRefusedError       an image that cannot be classified, sent or recorded as failed
    |-- AlreadyUploadedError    the bucket has what a signed request would send
    |-- UploadRefusedError      the bucket does not take it
    |-- NotClassifiedYetError   an upload that has no record after the time to wait for it
    |-- UnexpectedAnswerError   an answer that is not one of this API
    `-- SettingError            a URL, key or option that no request can be made of
"""

from typing import Any


class ApiError(Exception):
    """A request that was not answered as asked. ``str(error)`` says what is wrong.

    Attributes:
        code: stable and for programs, such as ``quota_exceeded``; the API's own, or ``no_answer``,
            ``unexpected_answer``, ``not_accepted``, ``not_classified_yet`` or ``invalid_setting``.
        status: of HTTP; None where no answer came.
        retryable: the same request may succeed later.
        field: what of the request is at fault, by its dotted name, where that is known.
        request_id: for whoever looks into the logs of the service.
        retry_after: seconds after which it may succeed, where the API says so.
        answer: the JSON object that was answered, if one was.
    """

    def __init__(
        self,
        sentence: str,
        code: str,
        *,
        status: int | None = None,
        retryable: bool = False,
        field: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        answer: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(sentence)
        self.code, self.status, self.retryable = code, status, retryable
        self.field, self.request_id = field, request_id
        self.retry_after, self.answer = retry_after, answer


class UnavailableError(ApiError):
    """Nothing answered, the answer broke off, or the service is at fault (5xx)."""


class LimitError(ApiError):
    """A quota, the month's budget or a rate is used up (429)."""


class NotAllowedError(ApiError):
    """The API does not accept the key, or not for this (401, 403)."""


class NotFoundError(ApiError):
    """There is no such record, model, dataset, job, key or hook (404)."""


class ConflictError(ApiError):
    """What is there does not allow it (409)."""


class ImageRefusedError(ApiError):
    """The image cannot be classified, however often it is sent; ``code`` says why."""


class AlreadyUploadedError(ApiError):
    """The bucket has the image: its signed request was used before."""


class UploadRefusedError(ApiError):
    """The bucket does not take the image by its signed request, which may be too old."""


class NotClassifiedYetError(ApiError):
    """The image was uploaded, and has no record yet: it will have one with the id ``id``."""

    def __init__(self, sentence: str, prediction_id: str) -> None:
        super().__init__(sentence, "not_classified_yet", retryable=True)
        self.id = prediction_id


class UnexpectedAnswerError(ApiError):
    """The answer is not one of this API: the URL may be another server's."""

    def __init__(self, sentence: str, status: int | None = None) -> None:
        super().__init__(sentence, "unexpected_answer", status=status)


class SettingError(ApiError):
    """A URL, key or option that no request can be made of."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, "invalid_setting")
