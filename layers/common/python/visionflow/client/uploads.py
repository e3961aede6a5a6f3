"""One image to its answer: in a direct call, or through the bucket where it is too large."""

import io
import time
import uuid
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, is_dataclass
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

from visionflow.client.answers import DeviceResult
from visionflow.client.connection import Connection, filled
from visionflow.client.errors import (
    AlreadyUploadedError,
    ImageRefusedError,
    NotClassifiedYetError,
    NotFoundError,
    SettingError,
    UnavailableError,
    UploadRefusedError,
)
from visionflow.errors import ImageError
from visionflow.images.formats import media_type
from visionflow.images.uploads import MAX_DIRECT_BYTES

_PUT_SECONDS = 300.0
# The same bytes to the same place: a repeated request changes nothing.
_PUT_PAUSES_S = (1.0, 4.0)
_WAIT_SECONDS = 120.0
_POLL_SECONDS = 0.3
# As `lambdas.predict` calls it.
_KEY_HEADER = "Idempotency-Key"

OnSent = Callable[[int], object]


def _ignore(_sent: int) -> None:
    """Of a sender that shows no progress."""


def classified(  # noqa: PLR0913  the options of one call
    connection: Connection,
    data: bytes,
    *,
    filename: str | None = None,
    top_k: int | None = None,
    explain: bool = False,
    label: str | None = None,
    coverage: float | None = None,
    bucket: bool = False,
    device: DeviceResult | Mapping[str, Any] | None = None,
    on_sent: OnSent = _ignore,
) -> dict[str, Any]:
    """The API's JSON of the prediction; through the bucket where the image is too large for a
    direct call, or where ``bucket`` asks for it.

    Either way a lost answer doubles nothing. ``on_sent`` is called with the size of each piece that
    goes to the bucket. Raises `ApiError`, and `SettingError` for a ``coverage`` or ``device`` that
    the bucket's way does not have.
    """
    if len(data) <= MAX_DIRECT_BYTES and not bucket:
        query = {"top_k": top_k, "explain": explain or None, "label": label, "coverage": coverage}
        if device is not None:
            return _with_device(connection, data, filename, query, as_json(device))
        headers = {"Content-Type": "application/octet-stream", _KEY_HEADER: uuid.uuid4().hex}
        if filename:
            name = quote(filename, safe="", errors="replace")
            headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
        return connection.post_bytes("POST", "/predict", query, data, headers, repeatable=True)
    if device is not None:
        raise SettingError(
            f"An image over {MAX_DIRECT_BYTES / 1e6} MB goes through the bucket, which takes no "
            "answer of a device; make it smaller, or record the answer without it."
        )
    if coverage is not None:
        raise SettingError(
            f"An image over {MAX_DIRECT_BYTES / 1e6} MB goes through the bucket, which gives no "
            "prediction set; leave coverage out, or make the image smaller."
        )
    answer = _by_bucket(connection, data, filename, on_sent)
    if explain:
        path = filled("/predictions/{}/explanation", answer["id"])
        answer["explanation"] = connection.send("GET", path, {"label": label})["explanation"]
    return answer if top_k is None else answer | {"top_k": answer["top_k"][:top_k]}


def as_json(of_device: object) -> dict[str, Any]:
    """What a device answered, as the API's JSON."""
    if is_dataclass(of_device) and not isinstance(of_device, type):
        return asdict(of_device)
    return dict(cast(Mapping[str, Any], of_device))


def _with_device(
    connection: Connection,
    data: bytes,
    filename: str | None,
    query: Mapping[str, object],
    device: dict[str, Any],
) -> dict[str, Any]:
    """As JSON, which has a place for it. The device's id makes a second try harmless."""
    image = b64encode(data).decode()
    body = {"image": image, "filename": filename, "device": device}
    return connection.send("POST", "/predict", query, body=body, repeatable=True)


def _by_bucket(
    connection: Connection, data: bytes, filename: str | None, on_sent: OnSent
) -> dict[str, Any]:
    try:
        content_type = media_type(data)
    except ImageError as error:
        raise ImageRefusedError(str(error), error.code) from error
    wanted = {"content_type": content_type, "bytes": len(data), "filename": filename}
    form = connection.send("POST", "/uploads", body=wanted, repeatable=True)
    # By a try of this call whose answer was lost: nobody else has the form.
    with suppress(AlreadyUploadedError):
        put_image(connection, form["url"], form["headers"], data, on_sent)
    return _recorded(connection, form["id"], filename or "The image")


def put_image(
    connection: Connection,
    url: str,
    headers: Mapping[str, str],
    data: bytes,
    on_sent: OnSent = _ignore,
) -> None:
    """Send ``data`` by a signed request, which the bucket takes once.

    Raises `AlreadyUploadedError` where the image is there, `UploadRefusedError` where it is
    refused, `UnavailableError` where the bucket does not answer.
    """
    for pause in (*_PUT_PAUSES_S, None):
        try:
            response = connection.raw(
                "PUT",
                url,
                _Sent(data, on_sent),
                {**headers, "Content-Length": str(len(data))},
                timeout=_PUT_SECONDS,
            )
        except UnavailableError as error:
            if pause is None or not error.retryable:
                raise
        else:
            if pause is None or response.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                break
        time.sleep(pause)
    if response.status == HTTPStatus.PRECONDITION_FAILED:
        raise AlreadyUploadedError("The bucket has the image already.", "already_uploaded")
    if response.status >= HTTPStatus.BAD_REQUEST:
        text = response.data[:300].decode(errors="replace")
        raise UploadRefusedError(
            f"The bucket refused the image ({response.status}): {text}",
            "upload_refused",
            status=response.status,
            retryable=response.status >= HTTPStatus.INTERNAL_SERVER_ERROR,
        )


def _recorded(connection: Connection, prediction_id: str, name: str) -> dict[str, Any]:
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            found = connection.send("GET", filled("/predictions/{}", prediction_id))
            break
        except NotFoundError as error:
            if error.code != "prediction_not_found":
                raise
        if time.monotonic() > deadline:
            raise NotClassifiedYetError(
                f"{name} was uploaded but not classified within {_WAIT_SECONDS:.0f} s; look "
                f"for prediction {prediction_id} in 'visionflow logs' later.",
                prediction_id,
            )
        time.sleep(_POLL_SECONDS)
    if failed := found["error"]:
        raise ImageRefusedError(f"{failed['message']} ({failed['code']})", failed["code"])
    return found


class _Sent(io.BytesIO):
    """Calls ``on_sent`` with the size of each piece that is read."""

    def __init__(self, data: bytes, on_sent: OnSent) -> None:
        super().__init__(data)
        self._on_sent = on_sent

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self._on_sent(len(piece))
        return piece
