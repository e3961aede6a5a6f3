"""Sends an image that is too large for a direct call to the bucket and waits for its record."""

import io
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from infra.client.api_client import ApiClient, ApiProblemError
from infra.errors import CommandError

_PUT_SECONDS = 300
_WAIT_SECONDS = 120.0
_POLL_SECONDS = 0.3


class AlreadyUploadedError(CommandError):
    """The signed request was used before."""


def classify_by_upload(
    api: ApiClient,
    data: bytes,
    *,
    content_type: str,
    filename: str,
    on_sent: Callable[[int], object],
) -> dict[str, Any]:
    """The prediction of an image that goes through the bucket.

    ``on_sent`` is called with the size of each piece that is sent. Raises `CommandError` when the
    image is refused, cannot be classified, or is not answered in time.
    """
    form = api.upload_form(content_type, len(data), filename)
    put_image(form["url"], form["headers"], data, on_sent)
    deadline = time.monotonic() + _WAIT_SECONDS
    while (prediction := api.prediction(form["id"])) is None:
        if time.monotonic() > deadline:
            raise CommandError(
                f"{filename} was uploaded but not classified within {_WAIT_SECONDS:.0f} s; look "
                f"for prediction {form['id']} in 'visionflow logs' later."
            )
        time.sleep(_POLL_SECONDS)
    if error := prediction["error"]:
        raise ApiProblemError(f"{error['message']} ({error['code']})", error["code"])
    return prediction


def put_image(
    url: str, headers: Mapping[str, str], data: bytes, on_sent: Callable[[int], object]
) -> None:
    """Send ``data`` as a signed upload.

    Raises `AlreadyUploadedError` where the image is there, `CommandError` when it is refused.
    """
    length = {"Content-Length": str(len(data))}
    body = _Sent(data, on_sent)
    request = urllib.request.Request(url, body, {**headers, **length}, method="PUT")  # noqa: S310  the API's
    try:
        urllib.request.urlopen(request, timeout=_PUT_SECONDS).close()  # noqa: S310
    except urllib.error.HTTPError as error:
        with error:
            text = error.read(300).decode(errors="replace")
        if error.code == HTTPStatus.PRECONDITION_FAILED:
            raise AlreadyUploadedError("The bucket has the image already.") from error
        raise CommandError(f"The bucket refused the image ({error.code}): {text}") from error
    except OSError as error:
        raise CommandError(f"The image could not be sent ({error}).") from error


class _Sent(io.BytesIO):
    """Calls ``on_sent`` with the size of each piece that is read."""

    def __init__(self, data: bytes, on_sent: Callable[[int], object]) -> None:
        super().__init__(data)
        self._on_sent = on_sent

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self._on_sent(len(piece))
        return piece
