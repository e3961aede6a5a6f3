"""JPEG 2000 (ISO/IEC 15444-1): what its headers say of its cost, its profile, and its end.

A tile may be cut into millions of precincts and code blocks, each of which a decoder makes room
for, so they are counted from the headers. One coding style is accepted, the main header's: none of
a component or a tile, and no segment of a kind that OpenJPEG doesn't know, in which it looks for
others. Decoding takes many times what JPEG takes for a pixel.
"""

import struct
from collections.abc import Iterator
from math import ceil

from visionflow.errors import ImageTooLargeError, TruncatedImageError, UnreadableImageError
from visionflow.images.containers import orientation
from visionflow.images.containers.contents import MOST_METADATA, Contents, Parts
from visionflow.images.limits import ImageLimits

_STREAM = b"\xff\x4f\xff\x51"
_SIZES, _CODING, _CODING_OF_COMPONENT, _TILE, _DATA = 0xFF51, 0xFF52, 0xFF53, 0xFF90, 0xFF93
_END = b"\xff\xd9"
# Quantization, regions of interest, order, packed headers, places in the file, comments.
_OF_TILES = frozenset({0xFF58, 0xFF5C, 0xFF5D, 0xFF5E, 0xFF5F, 0xFF61, 0xFF64})
_OF_ALL = _OF_TILES | {_SIZES, _CODING, 0xFF50, 0xFF55, 0xFF57, 0xFF59, 0xFF60, 0xFF63}
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_EXIF = b"JpgTiffExif->JP2"
_MOST_COMPONENTS, _MOST_DEPTH = 4, 16
# Decoding a pixel takes as long as so many scans of a JPEG.
_SCANS = 60
_BLOCKS_OF_A_TILE = 4


def walk(data: bytes, limits: ImageLimits) -> Contents:
    """As it is, with its end marker."""
    start, profile, found = 0, None, dict[bytes, bytes]()
    parts = Parts(limits)
    if not data.startswith(_STREAM):
        start, boxes = -1, _boxes(data, 0, len(data), parts)
        for kind, at, end in boxes:
            if kind == b"jp2h":
                profile = _profile(data, at, end, parts)
            elif kind == b"uuid" and end - at <= MOST_METADATA:
                found[data[at : at + 16]] = data[at + 16 : end]
            elif kind == b"jp2c":
                start = at
                break
        if start < 0:
            raise TruncatedImageError("The image data ends before the image does.")
    data = _checked(data, start, limits)
    return Contents(
        "JPEG2000",
        data,
        orientation.of([found.get(_EXIF, b"")], found.get(_XMP, b"")),
        scans=_SCANS,
        profile=profile,
        high=65_535.0,
    )


def _boxes(data: bytes, at: int, end: int, parts: Parts) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of the content of each box."""
    while at + 8 <= end:
        parts.count()
        size, kind = struct.unpack_from(">L4s", data, at)
        start = at + 8
        if size == 1 and start + 8 <= end:
            (size,) = struct.unpack_from(">Q", data, start)
            start += 8
        if size == 0:
            size = end - at
        if at + size < start:
            raise UnreadableImageError("The JPEG 2000 has a box that is smaller than its header.")
        at = min(at + size, end)
        yield kind, start, at


def _profile(data: bytes, at: int, end: int, parts: Parts) -> bytes | None:
    for kind, start, stop in _boxes(data, at, end, parts):
        if kind == b"colr" and data[start : start + 1] in (b"\2", b"\3"):
            return data[start + 3 : min(stop, start + 3 + MOST_METADATA)]
    return None


def _checked(data: bytes, start: int, limits: ImageLimits) -> bytes:
    """The file with an end marker, if all its tiles are there."""
    try:
        at = _check_headers(data, start, limits)
        tiles = Parts(limits)
        while at + 12 <= len(data) and data[at : at + 2] == _TILE.to_bytes(2, "big"):
            tiles.count()
            (length,) = struct.unpack_from(">L", data, at + 6)
            begin = _check_tile_header(data, at + 12, tiles)
            if length == 0:  # up to the end
                return data
            if at + length < begin or at + length > len(data):
                raise TruncatedImageError("The image data ends before the image does.")
            at += length
    except struct.error as error:
        raise TruncatedImageError("The image data ends before the image does.") from error
    ending = data[at : at + 2]
    if ending in (b"", b"\xff"):
        return data[:at] + _END
    return data


def _check_headers(data: bytes, start: int, limits: ImageLimits) -> int:
    """Refuse what would take too much, and return where the tiles begin."""
    if data[start : start + 4] != _STREAM:
        raise UnreadableImageError("The JPEG 2000 does not begin with its size.")
    at, parts, tiles, across, down, components = start + 2, Parts(limits), 0, 0, 0, 1
    while True:
        marker, length = struct.unpack_from(">HH", data, at)
        if marker == _TILE:
            if tiles == 0:
                raise UnreadableImageError("The JPEG 2000 does not say how large it is.")
            return at
        parts.count()
        _check_segment(marker, length, _OF_ALL)
        if marker == _SIZES:
            tiles, across, down, components = _check_sizes(data, at + 4, limits)
        elif marker == _CODING:
            _check_coding(data, at + 4, tiles * components, across, down, limits)
        at += 2 + length


def _check_tile_header(data: bytes, at: int, parts: Parts) -> int:
    """Where the data of the part of a tile begins whose segments begin at ``at``."""
    while True:
        (marker,) = struct.unpack_from(">H", data, at)
        if marker == _DATA:
            return at + 2
        parts.count()
        (length,) = struct.unpack_from(">H", data, at + 2)
        _check_segment(marker, length, _OF_TILES)
        at += 2 + length


def _check_segment(marker: int, length: int, accepted: frozenset[int]) -> None:
    if marker in (_CODING, _CODING_OF_COMPONENT) and marker not in accepted:
        raise UnreadableImageError(
            "A JPEG 2000 whose tiles or components are coded in different ways is not accepted."
        )
    if marker not in accepted:
        raise UnreadableImageError("The JPEG 2000 has a segment of an unknown kind.")
    if length < 2:
        raise UnreadableImageError("The JPEG 2000 has a segment without a length.")


def _check_sizes(data: bytes, at: int, limits: ImageLimits) -> tuple[int, int, int, int]:
    """Number of tiles, their width and height, and the number of components."""
    right, bottom, left, top = struct.unpack_from(">4L", data, at + 2)
    across, down, tile_left, tile_top, count = struct.unpack_from(">4LH", data, at + 18)
    width, height = right - left, bottom - top
    if min(width, height, across, down) <= 0:
        raise UnreadableImageError("The JPEG 2000 has no pixels.")
    if not 1 <= count <= _MOST_COMPONENTS:
        raise UnreadableImageError(f"A JPEG 2000 with {count:,} components is not accepted.")
    for depth, dx, dy in struct.iter_unpack("BBB", data[at + 36 : at + 36 + 3 * count]):
        if (depth & 0x7F) + 1 > _MOST_DEPTH or not dx or not dy:
            raise UnreadableImageError("A JPEG 2000 of more than 16 bits is not accepted.")
    if width * height * _SCANS > limits.max_scanned:
        raise ImageTooLargeError(
            f"The JPEG 2000 has {width} x {height} pixels; at most "
            f"{limits.max_scanned // _SCANS:,} are accepted."
        )
    tiles = ceil((right - tile_left) / across) * ceil((bottom - tile_top) / down)
    if tiles > limits.max_parts:
        raise ImageTooLargeError(
            f"The JPEG 2000 is in {tiles:,} tiles; at most {limits.max_parts:,} are accepted."
        )
    return tiles, min(across, width), min(down, height), count


def _check_coding(
    data: bytes, at: int, pieces: int, across: int, down: int, limits: ImageLimits
) -> None:
    """Count the blocks that the coding style cuts all tiles and components into."""
    style, _, layers, _, levels, wide, high = struct.unpack_from(">BBHBBBB", data, at)
    if levels > 32:
        raise UnreadableImageError("The JPEG 2000 has more resolutions than there may be.")
    blocks = 0
    sizes = data[at + 10 : at + 11 + levels] if style & 1 else b"\xff" * (levels + 1)
    for level, size in enumerate(sizes):
        reduced = 2 ** max(0, levels - level)
        columns, rows = ceil(across / reduced), ceil(down / reduced)
        precincts = ceil(columns / 2 ** (size & 15)) * ceil(rows / 2 ** (size >> 4))
        cells = ceil(columns / 2 ** (wide + 2)) * ceil(rows / 2 ** (high + 2))
        blocks += precincts * (1 + layers // 64) + cells
    if blocks * pieces > _BLOCKS_OF_A_TILE * limits.max_parts:
        raise ImageTooLargeError(
            f"The JPEG 2000 is in {blocks * pieces:,} blocks; at most "
            f"{_BLOCKS_OF_A_TILE * limits.max_parts:,} are accepted."
        )
