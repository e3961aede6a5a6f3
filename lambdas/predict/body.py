"""The image in a request's body, whichever of the three ways it was sent."""

import json
from dataclasses import dataclass, field

from pybase64 import b64decode

from lambdas.predict.disposition import filename_in
from lambdas.predict.encodings import from_base64, from_part
from visionflow.errors import (
    BodyTooLargeError,
    ImageNotSentError,
    InvalidBodyError,
    UnsupportedMediaTypeError,
)
from visionflow.images.filenames import clean_filename
from visionflow.images.uploads import MAX_DIRECT_BYTES

# Lambda refuses a payload over 6 MB, event included, before the function runs. Bodies just below
# that, and all of them on the emulator, which has no such limit, are refused here.
MAX_BODY_CHARACTERS = 6_000_000

FIELD = "file"
# What a device answered to the image.
DEVICE = "device"


@dataclass(frozen=True)
class SentImage:
    """An image's bytes, what its sender calls the file, and the JSON of what a device answered to
    it already."""

    data: bytes
    filename: str | None
    device: str | None = None


def read_image(
    body: str | None,
    is_base64: bool | None,
    content_type: str | None,
    disposition: str | None = None,
) -> SentImage:
    """The image in an API Gateway body.

    ``multipart/form-data`` carries it in the field ``file``, ``application/json`` as base64 or a
    data URL under ``image``, and an ``image/*`` or ``application/octet-stream`` body is the image
    itself. The name is the form field's, the field ``filename`` of the JSON, or that of the
    request's own ``Content-Disposition`` (``disposition``). Form and JSON may have a field
    ``device``.
    """
    body = body or ""
    if len(body) > MAX_BODY_CHARACTERS:
        raise BodyTooLargeError(
            f"A direct call carries {MAX_DIRECT_BYTES / 1e6} MB of image at most; POST /uploads "
            "signs an upload for a larger one."
        )
    data = _decoded(body, bool(is_base64))
    content_type = content_type or ""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        return _from_multipart(data, content_type)
    if media_type == "application/json":
        return _from_json(data)
    if media_type.startswith("image/") or media_type == "application/octet-stream":
        return SentImage(data, filename_in((disposition or "").encode("utf-8", "replace")))
    raise UnsupportedMediaTypeError(
        "Send multipart/form-data, application/json, an image/* type or application/octet-stream."
    )


def _decoded(body: str, is_base64: bool) -> bytes:
    try:
        return b64decode(body, validate=True) if is_base64 else body.encode()
    except ValueError as error:  # binascii's and Unicode's errors are kinds of it
        raise InvalidBodyError("The body cannot be decoded.") from error


def _from_json(data: bytes) -> SentImage:
    try:
        document = json.loads(data, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise InvalidBodyError("The body is not valid JSON.") from error
    if not isinstance(document, dict) or not isinstance(document.get("image"), str):
        raise ImageNotSentError('The JSON body needs a string field "image".')
    filename = document.get("filename")
    if filename is not None and not isinstance(filename, str):
        raise InvalidBodyError('The field "filename" must be a string.', "filename")
    device = document.get(DEVICE)
    if device is not None and not isinstance(device, str):
        device = json.dumps(device)
    image = from_base64(document["image"])
    return SentImage(image, clean_filename(filename), device)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object. Of two fields of one name nobody can say which was meant."""
    found = dict(pairs)
    if len(found) < len(pairs) and [name for name, _ in pairs].count("image") > 1:
        raise InvalidBodyError(
            'The JSON body has several fields "image"; send one image with each call.'
        )
    return found


def _from_multipart(data: bytes, content_type: str) -> SentImage:
    # Imported here: it takes as long as a small image, and programs send the image itself.
    from python_multipart.exceptions import FormParserError  # noqa: PLC0415
    from python_multipart.multipart import MultipartParser, parse_options_header  # noqa: PLC0415

    # The parser takes Latin-1 only, while a gateway hands over whatever a client has sent.
    _, options = parse_options_header(content_type.encode("latin-1", "replace"))
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise InvalidBodyError("The multipart Content-Type has no boundary.")
    parts = _Parts()
    try:
        parser = MultipartParser(
            boundary,
            callbacks={
                "on_part_begin": parts.begin,
                "on_header_field": parts.header_name,
                "on_header_value": parts.header_value,
                "on_header_end": parts.header_end,
                "on_part_data": parts.content,
                "on_end": parts.end,
            },
        )
        parser.write(data)
        parser.finalize()
    except FormParserError as error:
        raise InvalidBodyError(f"The multipart body is malformed ({error}).") from error
    sent = [part for part in parts.found if part.name == FIELD]
    if not sent:
        raise ImageNotSentError(f'The form needs a field "{FIELD}" with the image.')
    if len(sent) > 1:
        raise InvalidBodyError(
            f'The form has several fields "{FIELD}"; send one image with each call.'
        )
    if not parts.complete:
        raise InvalidBodyError("The multipart body ends before its last boundary.")
    part = sent[0]
    return SentImage(
        from_part(bytes(part.content), part.encoding),
        filename_in(part.disposition),
        _device_in(parts.found),
    )


def _device_in(parts: "list[_Part]") -> str | None:
    sent = [part for part in parts if part.name == DEVICE]
    if len(sent) > 1:
        raise InvalidBodyError(f'The form has several fields "{DEVICE}".', DEVICE)
    try:
        return bytes(sent[0].content).decode() if sent else None
    except UnicodeDecodeError as error:
        raise InvalidBodyError(f'The field "{DEVICE}" is not UTF-8.', DEVICE) from error


@dataclass
class _Part:
    """What the form says of a part, and its content."""

    name: str | None = None
    disposition: bytes = b""
    encoding: str = ""
    content: bytearray = field(default_factory=bytearray)


class _Parts:
    """Collects the parts that the parser reports."""

    def __init__(self) -> None:
        self.found: list[_Part] = []
        self.complete = False
        self._name = bytearray()
        self._value = bytearray()

    def begin(self) -> None:
        self.found.append(_Part())

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        part, value = self.found[-1], bytes(self._value)
        match bytes(self._name.lower()):
            case b"content-disposition":
                from python_multipart.multipart import parse_options_header  # noqa: PLC0415

                _, options = parse_options_header(value)
                part.name = options.get(b"name", b"").decode(errors="replace")
                part.disposition = value
            case b"content-transfer-encoding":
                part.encoding = value.decode("latin-1")
        self._name, self._value = bytearray(), bytearray()

    def content(self, data: bytes, start: int, end: int) -> None:
        self.found[-1].content += data[start:end]

    def end(self) -> None:
        self.complete = True
