"""BMP: its run lengths unpacked, which Pillow does pixel by pixel in Python; its own colours."""

import struct

from visionflow.errors import ImageTooLargeError, TruncatedImageError, UnreadableImageError
from visionflow.images.containers.contents import MOST_METADATA, Contents
from visionflow.images.limits import ImageLimits

_FILE_BYTES = 14
_OLDEST_HEADER = 12
_V5_HEADER = 124
_EMBEDDED = b"DEBM"  # "MBED" as a number in little-endian order
_RUNS_8, _RUNS_4 = 1, 2
_END_OF_LINE, _END_OF_IMAGE, _DELTA = 0, 1, 2
# A step of Python each. An image of 64 megapixels in runs of 32 has as many.
_MOST_CODES = 2_000_000


def walk(data: bytes, limits: ImageLimits) -> Contents:
    """As it is, or with its run lengths unpacked."""
    (header,) = struct.unpack("<L", data[_FILE_BYTES : _FILE_BYTES + 4].ljust(4, b"\0"))
    profile = None
    if header >= _V5_HEADER and data[70:74] == _EMBEDDED:
        start, size = struct.unpack("<LL", data[126:134].ljust(8, b"\0"))
        if size <= MOST_METADATA:
            profile = data[_FILE_BYTES + start : _FILE_BYTES + start + size]
    if header > _OLDEST_HEADER and int.from_bytes(data[30:34], "little") in (_RUNS_8, _RUNS_4):
        data = _without_runs(data, header, limits)
    return Contents("BMP", data, profile=profile)


def _without_runs(data: bytes, header: int, limits: ImageLimits) -> bytes:
    """The same BMP with a byte for each pixel. Pixels that are left out have the first colour."""
    try:
        (offset,) = struct.unpack_from("<L", data, 10)
        width, height, _, bits, compression = struct.unpack_from("<llHHL", data, 18)
        (used,) = struct.unpack_from("<L", data, 46)
    except struct.error as error:
        raise TruncatedImageError("The image data ends before the image does.") from error
    if width <= 0 or height <= 0 or bits != (8 if compression == _RUNS_8 else 4):
        raise UnreadableImageError("The BMP's run lengths do not suit its size or its depth.")
    stride = width + -width % 4
    if stride * height * 12 > limits.max_memory:
        raise ImageTooLargeError(
            f"The BMP has {width} x {height} pixels; at most {limits.max_memory // 12:,} are "
            "accepted of a BMP."
        )
    pixels = _unpacked(data[offset:], width, height, stride, nibbles=compression == _RUNS_4)
    colours = min(used or 2**bits, 2**bits)
    palette = data[_FILE_BYTES + header : _FILE_BYTES + header + 4 * colours].ljust(1024, b"\0")
    start = _FILE_BYTES + 40 + len(palette)
    return (
        struct.pack("<2sLLL", b"BM", start + len(pixels), 0, start)
        + struct.pack("<LllHHLLllLL", 40, width, height, 1, 8, 0, len(pixels), 0, 0, 256, 0)
        + palette
        + pixels
    )


def _unpacked(data: bytes, width: int, height: int, stride: int, *, nibbles: bool) -> bytearray:
    """Rows from the bottom to the top. Raises `TruncatedImageError` where rows are missing."""
    pixels = bytearray(stride * height)
    at = x = y = 0
    for _ in range(_MOST_CODES):
        code = data[at : at + 2]
        if len(code) < 2:
            # Without its last code an image is whole if its last pixel is.
            if y >= height or (y == height - 1 and x >= width):
                return pixels
            raise TruncatedImageError("The image data ends before the image does.")
        count, value = code
        at += 2
        if count:
            run = bytes([value >> 4, value & 15]) * (count // 2 + 1) if nibbles else None
            _put(pixels, x, y, width, height, (run or bytes([value]) * count)[:count])
            x += count
        elif value == _END_OF_LINE:
            x, y = 0, y + 1
        elif value == _END_OF_IMAGE:
            return pixels
        elif value == _DELTA:
            step = data[at : at + 2].ljust(2, b"\0")
            x, y, at = x + step[0], y + step[1], at + 2
        else:
            size = (value + 1) // 2 if nibbles else value
            found = data[at : at + size]
            if len(found) < size:
                raise TruncatedImageError("The image data ends before the image does.")
            if nibbles:
                found = bytes(half for pair in found for half in (pair >> 4, pair & 15))[:value]
            _put(pixels, x, y, width, height, found)
            x += value
            at += size + size % 2
    raise ImageTooLargeError(f"The BMP is in too many runs; at most {_MOST_CODES:,} are accepted.")


def _put(pixels: bytearray, x: int, y: int, width: int, height: int, values: bytes) -> None:
    if y < height and x < width:
        values = values[: width - x]
        stride = len(pixels) // height
        pixels[stride * y + x : stride * y + x + len(values)] = values
