"""AVIF, and the size that a stream of AV1 says it has (AV1 bitstream specification, section 5.5).

A decoder makes room for what the stream says, whatever the container around it says.
"""

import struct

from visionflow.errors import ImageTooLargeError, UnreadableImageError
from visionflow.images.containers import heif_items
from visionflow.images.containers.contents import Contents
from visionflow.images.limits import ImageLimits

# Planes of the stream and of its references, and the pixels in RGB.
AVIF_BYTES_PER_PIXEL = 24

_SEQUENCE_HEADER = 1
_HAS_SIZE, _HAS_EXTENSION = 0x02, 0x04
_MOST_UNITS = 4096


def walk_avif(data: bytes, limits: ImageLimits) -> Contents:
    """Without metadata, which Pillow parses; a sequence as the still image that it shows first.

    The rotation is the container's, which Pillow gives as EXIF.
    """
    items = heif_items.check(data, limits)
    width, height = items.sizes.get(items.primary or 0, (0, 0))
    if width * height > (most := limits.max_memory // AVIF_BYTES_PER_PIXEL):
        raise ImageTooLargeError(
            f"The AVIF has {width} x {height} pixels; at most {most:,} are accepted of an AVIF."
        )
    for item, kind in items.kinds.items():
        if kind == b"av01":
            _check_stream(items.content(item, data), *items.sizes.get(item, (0, 0)))
    still = bytearray(data)
    for at in items.metadata:
        still[at : at + 4] = b"none"
    (size,) = struct.unpack_from(">L", still, 0)
    for at in range(8, min(size, len(still)) - 3, 4):
        if still[at : at + 4] == b"avis":
            still[at : at + 4] = b"avif"
    return Contents("AVIF", bytes(still), profile=items.profile())


def _check_stream(stream: bytes, width: int, height: int) -> None:
    across, down = largest_frame(stream)
    if not across:
        raise UnreadableImageError("The AVIF's stream does not say how large it is.")
    if across > width or down > height:
        raise UnreadableImageError(
            f"The AVIF says {width} x {height} pixels, and its stream {across} x {down}."
        )


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise ValueError("the header ends early")
        return self._value >> self._left & (1 << count) - 1


def largest_frame(stream: bytes) -> tuple[int, int]:
    """The largest width and height by the sequence headers of the stream; 0, 0 where there is none,
    where one cannot be read, and where it is in too many units to look at them all."""
    at, width, height = 0, 0, 0
    for _ in range(_MOST_UNITS):
        if at >= len(stream):
            return width, height
        head = stream[at]
        at += 2 if head & _HAS_EXTENSION else 1
        size = len(stream) - at
        if head & _HAS_SIZE:
            size, used = _leb128(stream[at : at + 8])
            at += used
        if head >> 3 & 15 == _SEQUENCE_HEADER:
            try:
                across, down = _frame(_Bits(stream[at : at + min(size, 256)]))
            except ValueError:
                break
            width, height = max(width, across), max(height, down)
        at += size
    return 0, 0


def _leb128(data: bytes) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(data):
        value |= (byte & 0x7F) << 7 * place
        if not byte & 0x80:
            return value, place + 1
    return value, len(data)


def _frame(bits: _Bits) -> tuple[int, int]:
    bits.take(3)  # profile
    bits.take(1)  # whether it is a still image
    if bits.take(1):  # reduced header
        bits.take(5)
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    return bits.take(width_bits) + 1, bits.take(height_bits) + 1


def _skip_operating_points(bits: _Bits) -> None:
    model = delay_bits = 0
    if bits.take(1):  # timing information
        bits.take(64)
        if bits.take(1):  # equal intervals, in a variable length
            zeros = 0
            while zeros < 32 and not bits.take(1):
                zeros += 1
            bits.take(min(zeros, 32))
        model = bits.take(1)
        if model:
            delay_bits = bits.take(5) + 1
            bits.take(32 + 5 + 5)
    delays = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.take(1)
        if model and bits.take(1):
            bits.take(2 * delay_bits + 1)
        if delays and bits.take(1):
            bits.take(4)
