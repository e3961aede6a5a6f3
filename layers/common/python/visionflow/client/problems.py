"""What the API says when it refuses, as an error of the client."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from visionflow.client.errors import (
    ApiError,
    ConflictError,
    ImageRefusedError,
    LimitError,
    NotAllowedError,
    NotFoundError,
    UnavailableError,
)

_BY_STATUS: Mapping[int, type[ApiError]] = {
    HTTPStatus.UNAUTHORIZED: NotAllowedError,
    HTTPStatus.FORBIDDEN: NotAllowedError,
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.CONFLICT: ConflictError,
    HTTPStatus.TOO_MANY_REQUESTS: LimitError,
}
# Of the image itself, whatever the status is.
_OF_IMAGES = ("image_", "body_too_large", "unsupported_media_type")
# Of what is not there to be read.
_NOT_THERE = ("image_missing", "image_archived", "image_never_sent")


def problem_of(status: int, url: str, content: bytes, retry_after: float | None = None) -> ApiError:
    """The error for an answer of ``status``, which is not a success.

    An answer without a problem document is API Gateway's, or of something before it.
    """
    document = _object(content)
    server_error = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    code, detail = document.get("code"), document.get("detail")
    if isinstance(code, str) and isinstance(detail, str):
        retryable = document.get("retryable")
        return _kind(status, code)(
            f"{detail} ({status}, {code})",
            code,
            status=status,
            retryable=server_error if retryable is None else bool(retryable),
            field=document.get("field"),
            request_id=document.get("request_id"),
            retry_after=retry_after,
            answer=document,
        )
    kind = _kind(status, "")
    if kind is NotAllowedError:
        sentence = (
            f"The API does not accept the key ({status}): it is missing, unknown, expired "
            "or revoked."
        )
        return kind(sentence, "not_accepted", status=status, answer=document or None)
    text = content[:200].decode(errors="replace")
    return kind(
        f"{url} answered {status}: {text}",
        "no_answer" if server_error else "unexpected_answer",
        status=status,
        retryable=server_error or status == HTTPStatus.TOO_MANY_REQUESTS,
        retry_after=retry_after,
        answer=document or None,
    )


def _kind(status: int, code: str) -> type[ApiError]:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return UnavailableError
    if code.startswith(_OF_IMAGES) and code not in _NOT_THERE:
        return ImageRefusedError
    return _BY_STATUS.get(status, ApiError)


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
