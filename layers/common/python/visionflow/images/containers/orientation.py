"""How an image is to be turned, from wherever its file says so.

EXIF counts before XMP, because cameras write it and browsers go by it; in XMP it stands alone where
a program kept the one and dropped the other. What stands in neither is upright. HEIC and AVIF are
turned by their container alone, as their standard has it.
"""

import re
from collections.abc import Iterable

from visionflow.images.containers import tiff_tags

EXIF_PREFIX = b"Exif\0\0"

_NAMESPACE = re.compile(rb"""xmlns:(\w{1,40})\s*=\s*["']http://ns\.adobe\.com/tiff/1\.0/["']""")
_HEX = re.compile(rb"\s+")
# Name, number of bytes, and the bytes in hexadecimal. ImageMagick wrote it before PNG had eXIf.
_RAW_PROFILE = re.compile(rb"\s*(?:exif|app1)\s+(\d{1,9})\s+([0-9a-fA-F\s]+)", re.IGNORECASE)


def of(exif: Iterable[bytes] = (), xmp: bytes = b"") -> int:
    """The orientation 1 to 8 by the first of the ``exif`` blocks that has one, else by ``xmp``."""
    for block in exif:
        if found := tiff_tags.orientation(block.removeprefix(EXIF_PREFIX)):
            return found
    return of_xmp(xmp) or 1


def of_xmp(packet: bytes) -> int | None:
    """``tiff:Orientation`` of a packet of XMP, as an attribute or an element."""
    prefix = _NAMESPACE.search(packet)
    name = prefix[1] if prefix else b"tiff"
    pattern = rb"""(?:\s%b:Orientation\s*=\s*["']|<%b:Orientation>)\s*([1-8])\s*["'<]"""
    found = re.search(pattern % (name, name), packet)
    return int(found[1]) if found else None


def of_raw_profile(text: bytes) -> bytes:
    """The EXIF block in the text of a PNG's chunk "Raw profile type exif" or "APP1"."""
    found = _RAW_PROFILE.match(text)
    if found is None:
        return b""
    digits = _HEX.sub(b"", found[2])[: 2 * int(found[1])]
    return bytes.fromhex(digits[: len(digits) // 2 * 2].decode())
