"""Colour profiles (ICC.1:2022): what is left of one for the conversion to sRGB, and profiles for
formats that name colours in other words (PNG's cHRM and gAMA, the code points of ITU-T H.273).

A profile may name a thousand elements that share the same bytes, or be for another purpose. Only
the tags that a conversion reads are kept, each of them once, and of a kind whose reading is bounded
by the bytes of the file. Anything odd gives no profile: the image is then shown as without one.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from visionflow.images.containers.contents import MOST_METADATA

Space = Literal["RGB", "GRAY", "CMYK"]
# Exponent, or exponent and constants of ICC's function type 3: (a x + b)^g from d on, else c x.
Curve = tuple[float, ...]
Matrix = tuple[tuple[float, ...], ...]

SRGB_CURVE: Final[Curve] = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)

_SPACES: dict[bytes, Space] = {b"RGB ": "RGB", b"GRAY": "GRAY", b"CMYK": "CMYK"}
_CLASSES = (b"mntr", b"scnr", b"prtr", b"spac")
_CONNECTIONS = (b"XYZ ", b"Lab ")
_HEADER_BYTES, _ENTRY_BYTES, _MOST_TAGS = 128, 12, 100
_COLORANTS, _CURVES = (b"rXYZ", b"gXYZ", b"bXYZ"), (b"rTRC", b"gTRC", b"bTRC")
_KINDS = {
    **dict.fromkeys((*_COLORANTS, b"wtpt", b"bkpt"), (b"XYZ ",)),
    **dict.fromkeys((*_CURVES, b"kTRC"), (b"curv", b"para")),
    **dict.fromkeys((b"A2B0", b"A2B1", b"A2B2"), (b"mft1", b"mft2", b"mAB ")),
    b"chad": (b"sf32",),
}
_NEEDED: dict[Space, tuple[bytes, ...]] = {
    "RGB": (*_COLORANTS, *_CURVES),
    "GRAY": (b"kTRC",),
    "CMYK": (b"A2B0",),
}

_D50 = (0.9642, 1.0, 0.8249)
_BRADFORD = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
# Half a level of 255: no pixel of an image that is so close to sRGB would change by more than one.
_SAME_LEVEL, _SAME_COLORANT = 0.5 / 255, 0.002


@dataclass(frozen=True)
class Corners:
    """Chromaticities (x, y) of the colours and of white."""

    red: tuple[float, float]
    green: tuple[float, float]
    blue: tuple[float, float]
    white: tuple[float, float]


@dataclass(frozen=True)
class Profile:
    """A profile for pixels of ``space`` that differs from sRGB."""

    space: Space
    data: bytes


_D65 = (0.3127, 0.3290)
SRGB = Corners((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), _D65)
_SMPTE_C = Corners((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65)
# ITU-T H.273, tables 2 and 3. The curves of video (1, 6, 14, 15) are shown as sRGB's by browsers;
# those of HDR (16, 18) have no counterpart in sRGB, and are left as they are.
_PRIMARIES = {
    1: SRGB,
    2: SRGB,
    4: Corners((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), (0.310, 0.316)),
    5: Corners((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65),
    6: _SMPTE_C,
    7: _SMPTE_C,
    9: Corners((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    11: Corners((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: Corners((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
    22: Corners((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65),
}
_TRANSFERS: dict[int, Curve] = {
    **dict.fromkeys((1, 2, 6, 13, 14, 15), SRGB_CURVE),
    4: (2.2,),
    5: (2.8,),
    8: (1.0,),
}


def parse(data: bytes) -> Profile | None:
    """What a conversion needs of a profile; None for one that is damaged, for another purpose or
    space, or as good as sRGB by what it holds, whatever it is called."""
    try:
        return _parse(data)
    except (struct.error, ValueError, ArithmeticError, IndexError):
        return None


def _parse(data: bytes) -> Profile | None:
    space = _SPACES.get(data[16:20])
    if (
        space is None
        or len(data) > MOST_METADATA
        or data[36:40] != b"acsp"
        or data[12:16] not in _CLASSES
        or data[20:24] not in _CONNECTIONS
    ):
        return None
    tags = _tags(data)
    if b"A2B0" not in tags and (
        any(tag not in tags for tag in _NEEDED[space]) or _is_srgb(tags, space)
    ):
        return None
    return Profile(space, _file(data[:_HEADER_BYTES], tags))


def _tags(data: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">L", data, _HEADER_BYTES)
    if count > _MOST_TAGS:
        return {}
    found: dict[bytes, bytes] = {}
    for number in range(count):
        at = _HEADER_BYTES + 4 + number * _ENTRY_BYTES
        name, start, size = struct.unpack_from(">4sLL", data, at)
        content = data[start : start + size]
        if len(content) == size and content[:4] in _KINDS.get(name, ()):
            found.setdefault(name, content)
    return found


def _file(header: bytes, tags: dict[bytes, bytes]) -> bytes:
    at = _HEADER_BYTES + 4 + _ENTRY_BYTES * len(tags)
    places: dict[bytes, int] = {}
    table, body = struct.pack(">L", len(tags)), b""
    for name, content in tags.items():
        if content not in places:
            places[content] = at + len(body)
            body += content + bytes(-len(content) % 4)
        table += struct.pack(">4sLL", name, places[content], len(content))
    return struct.pack(">L", at + len(body)) + header[4:] + table + body


def _is_srgb(tags: dict[bytes, bytes], space: Space) -> bool:
    names = (b"kTRC",) if space == "GRAY" else _CURVES
    if not all(_is_srgb_curve(tags[name]) for name in names):
        return False
    if space == "GRAY":
        return True
    wanted = zip(*_colorants(SRGB), strict=True)
    return all(
        abs(one - other) < _SAME_COLORANT
        for name, column in zip(_COLORANTS, wanted, strict=True)
        for one, other in zip(_fixed(tags[name], 8, 3), column, strict=True)
    )


def _is_srgb_curve(tag: bytes) -> bool:
    levels = [level / 255 for level in range(1, 256, 2)]
    return all(abs(_encoded(_value(tag, level)) - level) < _SAME_LEVEL for level in levels)


def _encoded(light: float) -> float:
    return 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055


def _fixed(tag: bytes, at: int, count: int) -> tuple[float, ...]:
    return tuple(value / 65_536 for value in struct.unpack_from(f">{count}l", tag, at))


def _value(tag: bytes, x: float) -> float:
    """A curve at ``x``. ICC.1:2022, sections 10.6 and 10.18."""
    if tag[:4] == b"para":
        (kind,) = struct.unpack_from(">H", tag, 8)
        return _function(kind, _fixed(tag, 12, (1, 3, 4, 5, 7)[kind]), x)
    (count,) = struct.unpack_from(">L", tag, 8)
    if count == 0:
        return x
    if count == 1:
        return float(x ** (int.from_bytes(tag[12:14], "big") / 256))
    place = x * (count - 1)
    left = min(int(place), count - 2)
    low, high = struct.unpack_from(">HH", tag, 12 + 2 * left)
    return float(low + (high - low) * (place - left)) / 65_535


def _function(kind: int, numbers: Sequence[float], x: float) -> float:
    g, a, b, c, d, e, f = (*numbers, *(1.0, 0.0, 0.0, 0.0, 0.0, 0.0)[len(numbers) - 1 :])
    if kind == 0:
        return float(x**g)
    if kind <= 2:
        offset = c if kind == 2 else 0.0
        return float(max(0.0, a * x + b) ** g + offset)
    return float(max(0.0, a * x + b) ** g + e) if x >= d else c * x + f


def of_code_points(primaries: int, transfer: int) -> bytes | None:
    """A profile for the code points of H.273; None for sRGB and for what `is_unknown`."""
    if is_unknown(primaries, transfer):
        return None
    corners, curve = _PRIMARIES[primaries], _TRANSFERS[transfer]
    return None if (corners, curve) == (SRGB, SRGB_CURVE) else matrix(corners, curve)


def is_unknown(primaries: int, transfer: int) -> bool:
    """Whether there is no profile for the code points."""
    return primaries not in _PRIMARIES or transfer not in _TRANSFERS


def matrix(corners: Corners, curve: Curve) -> bytes | None:
    """A profile of three colours; None where they have no area."""
    try:
        columns = zip(*_colorants(corners), strict=True)
        tags = {
            name: b"XYZ \0\0\0\0" + b"".join(map(_pack, column))
            for name, column in zip(_COLORANTS, columns, strict=True)
        }
        tags |= dict.fromkeys(_CURVES, _curve(curve))
        return _made(b"RGB ", tags)
    except (ArithmeticError, struct.error):
        return None


def grey(curve: Curve) -> bytes:
    """A profile of grey."""
    return _made(b"GRAY", {b"kTRC": _curve(curve)})


def _made(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {b"wtpt": b"XYZ \0\0\0\0" + b"".join(map(_pack, _D50)), **tags}
    header = bytearray(_HEADER_BYTES)
    struct.pack_into(">L4s4s4s", header, 8, 0x0430_0000, b"mntr", space, b"XYZ ")
    header[36:40] = b"acsp"
    header[68:80] = b"".join(map(_pack, _D50))
    return _file(bytes(header), tags)


def _curve(curve: Curve) -> bytes:
    kind = 0 if len(curve) == 1 else 3
    return b"para" + bytes(4) + struct.pack(">HH", kind, 0) + b"".join(map(_pack, curve))


def _pack(value: float) -> bytes:
    return struct.pack(">l", round(value * 65_536))


def _colorants(corners: Corners) -> Matrix:
    """From linear RGB to XYZ under D50: the colours scaled to make white, adapted by Bradford."""
    colours = (corners.red, corners.green, corners.blue)
    columns = [(x / y, 1.0, (1 - x - y) / y) for x, y in colours]
    x, y = corners.white
    white = (x / y, 1.0, (1 - x - y) / y)
    plain: Matrix = tuple(zip(*columns, strict=True))
    scale = _times(_inverse(plain), white)
    scaled = tuple(tuple(a * b for a, b in zip(row, scale, strict=True)) for row in plain)
    gains = [
        to / of for to, of in zip(_times(_BRADFORD, _D50), _times(_BRADFORD, white), strict=True)
    ]
    adapted = tuple(
        tuple(gain * a for a in row) for gain, row in zip(gains, _BRADFORD, strict=True)
    )
    return _product(_inverse(_BRADFORD), _product(adapted, scaled))


def _times(rows: Matrix, vector: Sequence[float]) -> tuple[float, ...]:
    return tuple(sum(a * b for a, b in zip(row, vector, strict=True)) for row in rows)


def _product(rows: Matrix, others: Matrix) -> Matrix:
    return tuple(zip(*(_times(rows, column) for column in zip(*others, strict=True)), strict=True))


def _inverse(rows: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = rows
    minors = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    determinant = a * minors[0][0] + b * minors[1][0] + c * minors[2][0]
    return tuple(tuple(value / determinant for value in row) for row in minors)
