"""The file name in a ``Content-Disposition``, as browsers, curl and libraries write it.

``filename*`` comes first (RFC 5987; in pieces RFC 2231), as https://www.rfc-editor.org/rfc/rfc6266
has it. RFC 7578 forbids it in forms, but libraries send it there, with no other name beside it.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from visionflow.images.filenames import clean_filename

_LONGEST_HEADER = 4_096
_PARAMETER = re.compile(rb';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)', re.DOTALL)
_PIECE = re.compile(rb"filename\*(\d{1,2})(\*?)")
_ESCAPED = re.compile(rb'\\(["\\])')
# What a form of a browser escapes, and nothing else:
# https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
_OF_FORMS = re.compile(rb"%(?:22|0D|0A)", re.IGNORECASE)
# Of names that say their encoding, those that senders use.
_CHARSETS = {b"iso-8859-1": "latin-1", b"euc-kr": "cp949", b"ks_c_5601-1987": "cp949"}


def filename_in(disposition: bytes) -> str | None:
    """The name, as `clean_filename` leaves it; None where there is none."""
    found: dict[bytes, bytes] = {}
    for name, value in _PARAMETER.findall(disposition[:_LONGEST_HEADER]):
        found.setdefault(name.lower(), _unquoted(value.strip()))
    if (extended := found.get(b"filename*", _in_pieces(found))) is not None:
        return clean_filename(_decoded(extended))
    plain = _OF_FORMS.sub(lambda match: unquote_to_bytes(match[0]), found.get(b"filename", b""))
    return clean_filename(plain.decode(errors="replace"))


def _unquoted(value: bytes) -> bytes:
    if len(value) > 1 and value.startswith(b'"') and value.endswith(b'"'):
        return _ESCAPED.sub(rb"\1", value[1:-1])
    return value


def _in_pieces(found: Mapping[bytes, bytes]) -> bytes | None:
    """The pieces of a name in one; those that are not encoded are made to look so."""
    pieces = sorted(
        (int(match[1]), value if match[2] else value.replace(b"%", b"%25"), bool(match[2]))
        for name, value in found.items()
        if (match := _PIECE.fullmatch(name))
    )
    if not pieces:
        return None
    joined = b"".join(value for _, value, _ in pieces)
    return joined if pieces[0][2] else b"utf-8''" + joined


def _decoded(extended: bytes) -> str:
    """A value such as ``UTF-8''%EA%B0%80.jpg``."""
    charset, quote, rest = extended.partition(b"'")
    _, second, value = rest.partition(b"'")
    if not (quote and second):
        charset, value = b"utf-8", extended
    octets = unquote_to_bytes(value)
    return octets.decode(_CHARSETS.get(charset.strip().lower(), "utf-8"), errors="replace")
