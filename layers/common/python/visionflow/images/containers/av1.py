"""The size that a stream of AV1 says it has (AV1 bitstream specification, section 5.5).

A decoder makes room for what the stream says, whatever the container around it says.
"""

_SEQUENCE_HEADER = 1
_HAS_SIZE, _HAS_EXTENSION = 0x02, 0x04
_MOST_UNITS = 64


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
    """Width and height by the largest sequence header among the first units; 0, 0 where there is
    none that can be read."""
    at, largest = 0, (0, 0)
    for _ in range(_MOST_UNITS):
        if at >= len(stream):
            break
        head = stream[at]
        at += 2 if head & _HAS_EXTENSION else 1
        size = len(stream) - at
        if head & _HAS_SIZE:
            size, used = _leb128(stream[at : at + 8])
            at += used
        if head >> 3 & 15 == _SEQUENCE_HEADER:
            try:
                found = _frame(_Bits(stream[at : at + min(size, 256)]))
            except ValueError:
                break
            largest = max(largest, found, key=lambda sides: sides[0] * sides[1])
        at += size
    return largest


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
