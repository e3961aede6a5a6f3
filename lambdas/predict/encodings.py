"""Bytes that were made text on their way: base64 as its many makers write it, and the encodings of
a form's part."""

import re
from urllib.parse import unquote_to_bytes

from pybase64 import b64decode

from visionflow.errors import InvalidBase64Error, InvalidBodyError

# https://www.rfc-editor.org/rfc/rfc2397, as `canvas.toDataURL` and `FileReader` write it.
_DATA_URL = re.compile(rb"\s*data:([^,]{0,1000}),", re.IGNORECASE)
# What `base64 file`, MIME and PEM break lines with.
_BLANKS = b" \t\r\n\f\v"
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
# Of a part: its bytes are what was meant. https://www.rfc-editor.org/rfc/rfc2045#section-6
_AS_IT_IS = {"", "7bit", "8bit", "binary"}


def from_base64(text: str | bytes) -> bytes:
    """The bytes behind a data URL or base64, with line breaks or without, in either alphabet,
    padded or not.

    Raises `InvalidBase64Error` for anything else.
    """
    try:
        data = text.encode("ascii") if isinstance(text, str) else text
        match = _DATA_URL.match(data)
        if match is None:
            return _decoded(data)
        payload = unquote_to_bytes(data[match.end() :])
        is_base64 = match[1].rpartition(b";")[2].strip().lower() == b"base64"
        return _decoded(payload) if is_base64 else payload
    except ValueError as error:  # of the text, of base64 and of its length
        raise InvalidBase64Error("The image is neither base64 nor a data URL.") from error


def from_part(content: bytes, encoding: str) -> bytes:
    """The bytes of a form's part with this ``Content-Transfer-Encoding``.

    A data URL that a script put into the field instead of a file is decoded too: no image begins
    like one. Raises `InvalidBase64Error`, and `InvalidBodyError` for an unknown encoding.
    """
    encoding = encoding.strip().lower()
    if encoding == "base64" or _DATA_URL.match(content):
        return from_base64(content)
    if encoding == "quoted-printable":
        import quopri  # noqa: PLC0415  no browser writes it

        return quopri.decodestring(content)
    if encoding in _AS_IT_IS:
        return content
    raise InvalidBodyError(
        f"The form's image has the Content-Transfer-Encoding {encoding!r:.40}; send it as binary, "
        "base64 or quoted-printable."
    )


def _decoded(data: bytes) -> bytes:
    """Raises `ValueError`."""
    letters = data.translate(None, _BLANKS)
    if (b"-" in letters or b"_" in letters) and (b"+" in letters or b"/" in letters):
        raise ValueError("letters of two alphabets")
    if b"=" not in letters:
        letters += b"=" * (-len(letters) % 4)
    return b64decode(letters.translate(_TO_STANDARD), validate=True)
