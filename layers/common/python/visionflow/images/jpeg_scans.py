"""The scans of a progressive JPEG that decoding at a reduced scale needs. ITU-T T.81, annex G.

Scans after the first bring higher frequencies, or one more bit of those that are there. The last
bit is most of a file, and what it changes is averaged away where many pixels become one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

FRAME = 0xC2
"""The marker of a progressive frame with Huffman coding."""
_QUANTIZATION, _START_OF_SCAN = 0xDB, 0xDA
_BLOCK = 64

# By reduction: the last coefficient of a block, in zigzag order, that luminance needs, and that
# colours need, which often have half the samples and are then reduced by half as much.
_NEEDED = {8: (0, 4), 4: (4, 24), 2: (24, 63)}
# libjpeg makes up what it lacks of these from the blocks around, and then changes the means too.
_GUESSED = 5
# How much of a coefficient may be left out. 8 are a grey level of one pixel at full scale, and a
# model's pixel is the mean of many.
_MOST_LEFT_OUT = 16

Segments = Iterable[tuple[int, int, int]]


@dataclass(frozen=True)
class _Scan:
    """Bytes ``start`` to ``stop``: the coefficients ``first`` to ``last`` of ``components``, new
    ones where ``high`` is 0, else one more bit of those that lacked ``high`` bits."""

    start: int
    stop: int
    components: tuple[int, ...]
    first: int
    last: int
    high: int

    @property
    def coefficients(self) -> set[int]:
        return set(range(self.first, self.last + 1))


@dataclass
class _Frame:
    """What precedes the scans: the number of each component's table, and the tables."""

    components: dict[int, int] = field(default_factory=dict)
    tables: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def shows(self, scan: _Scan, reduction: int) -> bool:
        """Whether the scan changes what is seen at 1/``reduction``."""
        first = next(iter(self.components), None)
        luminance, colours = _NEEDED[reduction]
        return scan.first == 0 or any(
            self._shows(scan, component, luminance if component == first else colours)
            for component in scan.components
        )

    def _shows(self, scan: _Scan, component: int, needed: int) -> bool:
        steps = self.tables.get(self.components.get(component, -1))
        if steps is None:
            return True
        if not scan.high:
            return scan.first <= max(needed, _GUESSED)
        refined = steps[scan.first : min(scan.last, needed) + 1]
        return max(refined, default=0) << scan.high > _MOST_LEFT_OUT


def reduced(data: bytes, segments: Segments, reduction: int) -> bytes:
    """``data``, a whole JPEG of these segments (marker, start, end), without the scans that change
    next to nothing at 1/``reduction`` of its scale."""
    frame, scans = _read(data, segments)
    refined: dict[int, set[int]] = {}
    dropped = []
    # From the last to the first: a scan can be decoded only behind all of the same coefficients.
    for scan in reversed(scans):
        ahead_of_kept = any(
            refined.get(component, set()) & scan.coefficients for component in scan.components
        )
        if not ahead_of_kept and not frame.shows(scan, reduction):
            dropped.append(scan)
            continue
        for component in scan.components:
            refined.setdefault(component, set()).update(scan.coefficients)
    parts, at = [], 0
    for scan in reversed(dropped):
        parts.append(data[at : scan.start])
        at = scan.stop
    return b"".join([*parts, data[at:]]) if dropped else data


def _read(data: bytes, segments: Segments) -> tuple[_Frame, list[_Scan]]:
    frame, scans = _Frame(), list[_Scan]()
    found = list(segments)
    for (kind, start, stop), (_, following, _) in pairwise(found):
        segment = data[start:stop]
        if kind == _QUANTIZATION and not scans:
            frame.tables.update(_tables(segment[4:]))
        elif kind == FRAME and len(segment) > 9:
            described = segment[10 : 10 + 3 * segment[9]]
            frame.components = dict(zip(described[::3], described[2::3], strict=False))
        elif kind == _START_OF_SCAN and len(segment) >= 8 + 2 * segment[4]:
            count = segment[4]
            first, last, precision = segment[5 + 2 * count : 8 + 2 * count]
            components = tuple(segment[5 : 5 + 2 * count : 2])
            scans.append(_Scan(start, following, components, first, last, precision >> 4))
    return frame, scans


def _tables(segment: bytes) -> Iterable[tuple[int, tuple[int, ...]]]:
    """The number and the 64 steps, in zigzag order, of each table in a segment."""
    while segment:
        size = 2 if segment[0] >> 4 else 1
        values = segment[1 : 1 + size * _BLOCK]
        steps = [int.from_bytes(values[n : n + size], "big") for n in range(0, len(values), size)]
        if len(steps) == _BLOCK:
            yield segment[0] & 15, tuple(steps)
        segment = segment[1 + size * _BLOCK :]
