"""The containers that images come in, walked before a decoder sees them.

Decoders also read EXIF, colour profiles, comments, previews and further frames, mostly in Python,
and a hostile file has millions of them. They are removed first, and what remains has a bounded
number of parts. Only the EXIF orientation is needed; it is read here.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from visionflow.errors import ImageTooLargeError, TruncatedImageError, UnreadableImageError
from visionflow.images import heif_items, tiff_layout, tiff_tags
from visionflow.images.limits import ImageLimits

# The decoder keeps two canvases of an animation beside the frame.
WEBP_BYTES_PER_PIXEL = 24

ACCEPTED_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIF")

_MIME_TYPES = {"HEIF": "image/heic"}

# The brands of ISO/IEC 23008-12 for images in HEVC, as phones write them, and for any codec.
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_SIGNATURES = (
    ("JPEG", re.compile(rb"\xff\xd8\xff")),
    ("PNG", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("WEBP", re.compile(rb"RIFF.{4}WEBP", re.DOTALL)),
    ("GIF", re.compile(rb"GIF8[79]a")),
    ("TIFF", re.compile(rb"II\*\0|MM\0\*")),
    ("BMP", re.compile(rb"BM")),
    ("HEIF", re.compile(rb".{4}ftyp(?:" + b"|".join(_HEIF_BRANDS) + rb")", re.DOTALL)),
)

_EXIF_PREFIX = b"Exif\0\0"

# A JPEG's markers that a length follows, and the one that ends the image. ITU-T T.81, annex B.
_JPEG_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
# Frames with arithmetic coding: a scan of one takes as long as so many others, because a decision
# may take a small part of a bit.
_ARITHMETIC = (0xC9, 0xCA, 0xCB)
_ARITHMETIC_SCANS = 20
_APP0, _APP1, _APP14, _APP15, _COMMENT = 0xE0, 0xE1, 0xEE, 0xEF, 0xFE

_PNG_SIGNATURE_BYTES = 8
_PNG_PIXEL_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_PNG_REPEATED = frozenset({b"IDAT"})  # the others describe the pixels, once

_GIF_HEADER_BYTES = 13
_GIF_EXTENSION, _GIF_IMAGE, _GIF_CONTROL = 0x21, 0x2C, 0xF9

_BMP_HEADER_BYTES_AT, _BMP_COMPRESSION_AT = 14, 30
_BMP_OLDEST_HEADER = b"\x0c"
_BMP_RUN_LENGTHS = (b"\x01", b"\x02")


@dataclass(frozen=True)
class Contents:
    """The file of one image in ``data``, of ``format``, reduced to what its pixels need.

    ``orientation`` is its EXIF orientation, 1 to 8. ``scans``: how often a decoder walks over all
    of a JPEG, alone or in a TIFF.
    """

    format: str
    data: bytes
    orientation: int = 1
    scans: int = 1


def format_of(data: bytes) -> str:
    """Which of `ACCEPTED_FORMATS` the first bytes announce. Raises `UnreadableImageError`."""
    for name, signature in _SIGNATURES:
        if signature.match(data):
            return name
    accepted = ", ".join(ACCEPTED_FORMATS)
    raise UnreadableImageError(f"Not an image in an accepted format ({accepted}).")


def media_type(data: bytes) -> str:
    """The MIME type by the first bytes, whatever the sender's Content-Type was.

    Raises `UnreadableImageError`.
    """
    name = format_of(data)
    return _MIME_TYPES.get(name, f"image/{name.lower()}")


def unpack(data: bytes, limits: ImageLimits) -> Contents:
    """What a decoder needs of ``data``.

    Raises `UnreadableImageError`, `TruncatedImageError`, or `ImageTooLargeError` for more
    parts than ``limits`` allow.
    """
    name = format_of(data)
    return _WALKS[name](data, limits)


class _Parts:
    """Counts the parts of a container against the limit."""

    def __init__(self, limits: ImageLimits) -> None:
        self._left = self._most = limits.max_parts

    def count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise ImageTooLargeError(
                f"The image is in too many parts; at most {self._most:,} are accepted."
            )


def _jpeg(data: bytes, limits: ImageLimits) -> Contents:
    """Without the segments of applications, except the two that name the colours (JFIF, Adobe).

    Segments are skipped by their length, so scans inside EXIF or behind the image (its thumbnail,
    a phone's video) are not counted.
    """
    kept, exif = [data[:2]], b""
    scans, first_scan, weight = 0, len(data), 1
    for kind, start, end in _jpeg_segments(data, _Parts(limits)):
        if kind in _ARITHMETIC:
            weight = _ARITHMETIC_SCANS
        if kind == _START_OF_SCAN:
            scans += 1
            first_scan = min(first_scan, start)
        elif scans == 0:
            segment = data[start:end]
            if kind == _APP1 and segment[4:10] == _EXIF_PREFIX:
                exif = exif or segment[10:]
            if _names_colours(kind, segment) or not _is_metadata(kind):
                kept.append(segment)
    body = b"".join([*kept, data[first_scan:]])
    return Contents("JPEG", body, tiff_tags.orientation(exif), scans * weight)


def _jpeg_segments(data: bytes, parts: _Parts) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of each segment with a length, up to the image's end."""
    at = 2
    while marker := _JPEG_MARKER.search(data, at):
        parts.count()
        kind = data[marker.end() - 1]
        if kind == _END_OF_IMAGE:
            return
        at = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
        yield kind, marker.start(), at


def _is_metadata(kind: int) -> bool:
    return _APP0 <= kind <= _APP15 or kind == _COMMENT


def _names_colours(kind: int, segment: bytes) -> bool:
    return (kind == _APP0 and segment[4:8] == b"JFIF") or (
        kind == _APP14 and segment[4:9] == b"Adobe"
    )


def _png(data: bytes, limits: ImageLimits) -> Contents:
    """Without ancillary chunks, whose text and profiles are compressed; an animation's first frame.

    Of what describes the pixels the first counts. W3C PNG, third edition, section 5.3.
    """
    kept, exif = [data[:_PNG_SIGNATURE_BYTES]], b""
    described: set[bytes] = set()
    at, parts = _PNG_SIGNATURE_BYTES, _Parts(limits)
    while at < len(data):
        parts.count()
        kind = data[at + 4 : at + 8]
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if kind in _PNG_PIXEL_CHUNKS - described:
            kept.append(data[at:end])
            described |= {kind} - _PNG_REPEATED
        elif kind == b"eXIf":
            exif = exif or data[at + 8 : end - 4]
        if kind == b"IEND":
            break
        at = end
    return Contents("PNG", b"".join(kept), tiff_tags.orientation(exif))


def _webp(data: bytes, limits: ImageLimits) -> Contents:
    """As it is: its decoder copies metadata and looks into none of it. It makes room for the canvas
    when it opens a file, before it can be asked for the size."""
    exif, at, parts = b"", 12, _Parts(limits)
    while at + 8 <= len(data):
        parts.count()
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"VP8X":
            _check_webp_canvas(data[at + 12 : at + 18], limits)
        if data[at : at + 4] == b"EXIF":
            exif = exif or data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    return Contents("WEBP", data, tiff_tags.orientation(exif.removeprefix(_EXIF_PREFIX)))


def _check_webp_canvas(sides: bytes, limits: ImageLimits) -> None:
    width, height = (int.from_bytes(sides[n : n + 3], "little") + 1 for n in (0, 3))
    if width * height * WEBP_BYTES_PER_PIXEL > limits.max_memory:
        raise ImageTooLargeError(
            f"The WebP has a canvas of {width} x {height} pixels; at most "
            f"{limits.max_memory // WEBP_BYTES_PER_PIXEL:,} pixels are accepted of a WebP."
        )


def _gif(data: bytes, limits: ImageLimits) -> Contents:
    """Without comments and other extensions before the first frame, except its transparency."""
    try:
        start = _GIF_HEADER_BYTES + _gif_palette_bytes(data[10])
        at, control = start, b""
        parts = _Parts(limits)
        while data[at] != _GIF_IMAGE:
            if data[at] != _GIF_EXTENSION:
                raise UnreadableImageError("The GIF holds no image.")
            extension, label = at, data[at + 1]
            at += 2
            while length := data[at]:
                parts.count()
                at += length + 1
            at += 1
            parts.count()
            if label == _GIF_CONTROL:
                control = data[extension:at]
    except IndexError as error:
        raise TruncatedImageError("The image data ends before the image does.") from error
    return Contents("GIF", data[:start] + control + data[at:])


def _gif_palette_bytes(flags: int) -> int:
    return 3 * 2 ** ((flags & 0x07) + 1) if flags & 0x80 else 0


def _bmp(data: bytes, _: ImageLimits) -> Contents:
    """As it is, unless run-length encoded, which Pillow decodes pixel by pixel in Python."""
    header = data[_BMP_HEADER_BYTES_AT : _BMP_HEADER_BYTES_AT + 1]
    compression = data[_BMP_COMPRESSION_AT : _BMP_COMPRESSION_AT + 1]
    if header != _BMP_OLDEST_HEADER and compression in _BMP_RUN_LENGTHS:
        raise UnreadableImageError(
            "A BMP with run-length encoding is not accepted; send it as PNG instead."
        )
    return Contents("BMP", data)


def _tiff(data: bytes, limits: ImageLimits) -> Contents:
    """The first page, without metadata."""
    directory = tiff_tags.image_tags(data, limits.max_parts)
    scans = tiff_layout.check(directory, limits)
    return Contents("TIFF", tiff_tags.image_only(directory), tiff_tags.orientation(data), scans)


def _heif(data: bytes, limits: ImageLimits) -> Contents:
    """As it is: libheif turns the image by the container's rotation."""
    heif_items.check(data, limits)
    return Contents("HEIF", data)


_WALKS: dict[str, Callable[[bytes, ImageLimits], Contents]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "WEBP": _webp,
    "GIF": _gif,
    "BMP": _bmp,
    "TIFF": _tiff,
    "HEIF": _heif,
}
