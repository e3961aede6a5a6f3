"""What decoding a TIFF really takes: the sizes and numbers of its strips or tiles, not its own.

A header of 64 x 64 pixels may name one tile of a billion, or ten thousand tiles that share the
bytes of one. TIFF 6.0, sections 3, 8 and 15; TIFF Technical Note 2 for JPEG.
"""

from dataclasses import dataclass
from math import ceil

from visionflow.errors import ImageTooLargeError, TruncatedImageError, UnreadableImageError
from visionflow.images.containers.tiff_tags import Directory
from visionflow.images.limits import ImageLimits

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _SAMPLES, _PLANAR = 256, 257, 258, 259, 277, 284
_PHOTOMETRIC, _YCBCR = 262, 6
_STRIP_OFFSETS, _ROWS_PER_STRIP, _STRIP_BYTES = 273, 278, 279
_TILE_WIDTH, _TILE_LENGTH, _TILE_OFFSETS, _TILE_BYTES = 322, 323, 324, 325
_RAW, _OLD_JPEG, _JPEG = 1, 6, 7
_SEPARATE_PLANES = 2
_START_OF_SCAN = b"\xff\xda"

# Tiles reach over the edges of an image, and a small image may lie in one large tile.
_SPARE_PIXELS = 2048 * 2048
# Of the image itself and of its copy in RGB.
_BYTES_PER_PIXEL = 8


@dataclass(frozen=True)
class Pieces:
    """The strips or tiles of an image: ``needed`` of ``width`` x ``height`` pixels each, which have
    ``walked`` pixels in all, and of which ``offsets`` and ``sizes`` say where the bytes are."""

    needed: int
    width: int
    height: int
    walked: int
    offsets: tuple[int, ...]
    sizes: tuple[int, ...]


def check(directory: Directory, limits: ImageLimits) -> int:
    """Refuse what takes more than an image of this size may. Returns how often a decoder walks over
    the image, which is more than once for a progressive JPEG.

    Raises `ImageTooLargeError`, `UnreadableImageError`, or `TruncatedImageError` where pieces are
    missing: what lies behind the end of the file would be taken for pixels.
    """
    width, height = directory.number(_WIDTH), directory.number(_HEIGHT)
    if not width or not height:
        raise UnreadableImageError("The TIFF does not say how large its image is.")
    compression = directory.number(_COMPRESSION, _RAW)
    if compression == _OLD_JPEG:
        raise UnreadableImageError(
            "A TIFF with old-style JPEG is not accepted; send it as JPEG instead."
        )
    pieces = _pieces(directory, width, height)
    _check_number(pieces, limits)
    _check_pixels(pieces, width, height, _bytes_per_pixel(directory), limits)
    if compression != _RAW:
        _check_bytes(pieces, len(directory.data))
    _check_ends(directory, pieces, height)
    if compression == _JPEG:
        return _scans(directory.data, pieces)
    return 1


def _pieces(directory: Directory, width: int, height: int) -> Pieces:
    planes = 1
    if directory.number(_PLANAR, 1) == _SEPARATE_PLANES:
        planes = directory.number(_SAMPLES, 1)
    if _TILE_WIDTH in directory or _TILE_LENGTH in directory or _TILE_OFFSETS in directory:
        if _STRIP_OFFSETS in directory:
            raise UnreadableImageError("The TIFF is in strips and in tiles.")
        across, down = directory.number(_TILE_WIDTH), directory.number(_TILE_LENGTH)
        offsets, sizes = _TILE_OFFSETS, _TILE_BYTES
    else:
        across, down = width, min(directory.number(_ROWS_PER_STRIP, height), height)
        offsets, sizes = _STRIP_OFFSETS, _STRIP_BYTES
    if not across or not down:
        raise UnreadableImageError("The TIFF has strips or tiles without pixels.")
    number = ceil(width / across) * ceil(height / down)
    return Pieces(
        number * planes,
        across,
        down,
        width * height if offsets == _STRIP_OFFSETS else number * across * down,
        directory.numbers(offsets),
        directory.numbers(sizes),
    )


def _bytes_per_pixel(directory: Directory) -> int:
    """Of a piece as its decoder holds it; JPEG is decoded to RGBA."""
    bits = max(directory.numbers(_BITS) or (1,))
    separate = directory.number(_PLANAR, 1) == _SEPARATE_PLANES
    samples = 1 if separate else directory.number(_SAMPLES, 1)
    return max(4, samples * ceil(bits / 8))


def _check_number(pieces: Pieces, limits: ImageLimits) -> None:
    if pieces.needed > limits.max_parts:
        raise ImageTooLargeError(
            f"The TIFF is in {pieces.needed:,} strips or tiles; at most {limits.max_parts:,} are "
            "accepted."
        )
    found = max(len(pieces.offsets), len(pieces.sizes))
    if found > pieces.needed:
        raise UnreadableImageError(
            f"The TIFF has {found:,} strips or tiles, and its size needs {pieces.needed:,}."
        )


def _check_pixels(pieces: Pieces, width: int, height: int, each: int, limits: ImageLimits) -> None:
    if pieces.walked > 2 * width * height + _SPARE_PIXELS:
        raise ImageTooLargeError(
            f"The TIFF has {width} x {height} pixels in tiles of {pieces.width} x {pieces.height}, "
            "which are much larger than the image."
        )
    memory = pieces.width * pieces.height * each + width * height * _BYTES_PER_PIXEL
    if memory > limits.max_memory:
        raise ImageTooLargeError(
            f"The TIFF has {width} x {height} pixels in strips or tiles of {pieces.width} x "
            f"{pieces.height}, which takes {memory / 1e6:,.0f} MB of memory; at most "
            f"{limits.max_memory / 1e6:,.0f} MB are accepted."
        )


def _check_bytes(pieces: Pieces, file_bytes: int) -> None:
    """Each piece is read for itself, so pieces that share bytes cost as if they had their own."""
    if len(pieces.sizes) < len(pieces.offsets) and pieces.needed > 1:
        raise UnreadableImageError("The TIFF does not say how large its strips or tiles are.")
    if (total := sum(pieces.sizes)) > file_bytes:
        raise UnreadableImageError(
            f"The TIFF's strips or tiles have {total:,} bytes in all, and the file {file_bytes:,}."
        )


def _check_ends(directory: Directory, pieces: Pieces, height: int) -> None:
    sizes = pieces.sizes
    if directory.number(_COMPRESSION, _RAW) == _RAW:
        sizes = _raw_sizes(directory, pieces, height)
    ends = [start + size for start, size in zip(pieces.offsets, sizes, strict=False)]
    if len(pieces.offsets) < pieces.needed or max(ends, default=0) > len(directory.data):
        raise TruncatedImageError("The image data ends before the image does.")


def _raw_sizes(directory: Directory, pieces: Pieces, height: int) -> tuple[int, ...]:
    """What pieces of plain pixels take, whatever the file says; the last strip may be short."""
    bits = directory.numbers(_BITS) or (1,)
    if directory.number(_PHOTOMETRIC) == _YCBCR:  # some of its samples stand for several pixels
        return pieces.sizes
    if directory.number(_PLANAR, 1) == _SEPARATE_PLANES:
        depth = bits[0]
    else:
        samples = directory.number(_SAMPLES, 1)
        depth = sum(bits) if len(bits) == samples else bits[0] * samples
    row = ceil(pieces.width * depth / 8)
    sizes = [row * pieces.height] * len(pieces.offsets)
    if _TILE_WIDTH not in directory:
        down = ceil(height / pieces.height)
        for last in range(down - 1, len(sizes), down):
            sizes[last] = row * (height - (down - 1) * pieces.height)
    return tuple(sizes)


def _scans(data: bytes, pieces: Pieces) -> int:
    counted = (
        data.count(_START_OF_SCAN, offset, offset + size)
        for offset, size in zip(pieces.offsets, pieces.sizes, strict=False)
    )
    return max(counted, default=1)
