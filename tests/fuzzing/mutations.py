"""Mutations that damage a file where parsers tend to fail."""

import random
import re
import struct
import zlib
from collections.abc import Callable, Sequence

Mutation = Callable[[random.Random, bytearray, Sequence[bytes]], None]

# Lengths and counts at which arithmetic overflows.
_EDGES = (0, 1, 2, 3, 7, 8, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000)
_LARGE = (0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)

_PNG_FIRST_CHUNK = 8
_MOST_CHANGES = 4


def mutate(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Return ``data`` after one to four mutations; pieces come from ``others``."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, _MOST_CHANGES)):
        if changed:
            rng.choice(_GENERAL + _by_format(changed))(rng, changed, others)
    return bytes(changed)


def _by_format(data: bytearray) -> list[Mutation]:
    """The mutations for this format, repeated until they are about half of all."""
    for signature, mutations in _SIGNED.items():
        if re.match(signature, data, re.DOTALL):
            return mutations * (len(_GENERAL) // len(mutations))
    return []


def _flip_bits(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    for _bit in range(rng.choice((1, 1, 2, 8, 32))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _set_bytes(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    for _byte in range(rng.choice((1, 1, 4))):
        data[rng.randrange(len(data))] = rng.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF))


def _truncate(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    del data[rng.randrange(len(data)) :]


def _delete(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    start = rng.randrange(len(data))
    del data[start : start + rng.choice((1, 2, 4, 16, 256))]


def _repeat(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    start, length = rng.randrange(len(data)), rng.choice((1, 4, 16, 64, 256))
    data[start:start] = data[start : start + length] * rng.choice((1, 2, 50))


def _splice(rng: random.Random, data: bytearray, others: Sequence[bytes]) -> None:
    """Overwrite with, or insert, a piece of another file."""
    other = rng.choice(others)
    start, length = rng.randrange(len(other)), rng.choice((4, 16, 64, 512))
    at = rng.randrange(len(data))
    data[at : at + rng.choice((0, length))] = other[start : start + length]


def _edit_number(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    """Set a 16- or 32-bit field of either byte order, more often near the start."""
    width = rng.choice((2, 4))
    reach = min(len(data), rng.choice((64, 256, 1_000_000)))
    at = rng.randrange(max(1, reach - width + 1))
    value = rng.choice(_EDGES + (_LARGE if width == 4 else ())) & (2 ** (8 * width) - 1)
    data[at : at + width] = value.to_bytes(width, rng.choice(("big", "little")))


def _edit_jpeg(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    """Change a marker's kind or length, or repeat a segment."""
    markers = [match.start() for match in re.finditer(rb"\xff[\xc0-\xfe]", data)]
    if not markers:
        return
    at = rng.choice(markers)
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    match rng.randrange(4):
        case 0:
            data[at + 1] = rng.choice((0xC0, 0xC2, 0xC4, 0xDA, 0xDB, 0xDD, 0xE1, 0xEE, 0xFE))
        case 1:
            data[at + 2 : at + 4] = struct.pack(">H", rng.choice(_EDGES) & 0xFFFF)
        case 2:
            data[at:at] = data[at : at + 2 + length] * rng.choice((1, 3, 30))
        case _:  # the fields behind the length: sizes, components, tables
            field = at + 4 + rng.randrange(20)
            data[field : field + 1] = bytes([rng.randrange(256)])


def _edit_png(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    """Rename, repeat, resize or change a chunk, and correct its checksum."""
    at = _PNG_FIRST_CHUNK
    chunks: list[tuple[int, int]] = []
    while at + 12 <= len(data) and len(chunks) < 100:
        length = int.from_bytes(data[at : at + 4], "big")
        chunks.append((at, min(length, len(data) - at - 12)))
        at += 12 + length
    if not chunks:
        return
    at, length = rng.choice(chunks)
    content = at + 8
    match rng.randrange(4):
        case 0:
            data[at + 4 : at + 8] = rng.choice(
                (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"fdAT", b"eXIf", b"zTXt")
            )
        case 1:
            data[at:at] = data[at : at + 12 + length]
        case 2 if data[at + 4 : at + 8] == b"IHDR":
            field = rng.choice((0, 4))
            size = struct.pack(">I", rng.choice((*_EDGES, *_LARGE, 5000, 8000)))
            data[content + field : content + field + 4] = size
        case _ if length > 0:
            data[content + rng.randrange(length)] = rng.randrange(256)
        case _:
            return
    checked = bytes(data[at + 4 : content + length])
    data[content + length : content + length + 4] = struct.pack(">I", zlib.crc32(checked))


def _edit_tiff(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    """Change a tag, type, count or value of the first directory."""
    order = "<" if data[:2] == b"II" else ">"
    if len(data) < 16:
        return
    (start,) = struct.unpack_from(order + "L", data, 4)
    if start + 2 > len(data):
        return
    (count,) = struct.unpack_from(order + "H", data, start)
    entry = start + 2 + 12 * rng.randrange(max(1, min(count, 64)))
    width, at = rng.choice((("H", 0), ("H", 2), ("L", 4), ("L", 8), ("H", 8)))
    if entry + 12 <= len(data):
        limit = 0xFFFF if width == "H" else 0xFFFFFFFF
        value = rng.choice((*_EDGES, *_LARGE, 3, 4, 5, 257, 259, 262, 273, 277, 284, 320, 339))
        struct.pack_into(order + width, data, entry + at, value & limit)


def _edit_boxes(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    """Change size or kind of a box (HEIF) or chunk (WebP), found by the letters of its kind."""
    kinds = [match.start() for match in re.finditer(rb"[A-Za-z][A-Za-z0-9 ]{3}", data[:4000])]
    if not kinds:
        return
    at = rng.choice(kinds)
    size = rng.choice((*_EDGES, *_LARGE))
    match rng.randrange(3):
        case 0 if at >= 4:
            data[at - 4 : at] = struct.pack(">I", size)
        case 1:
            data[at + 4 : at + 8] = struct.pack("<I", size)
        case _:
            other = rng.choice(kinds)
            data[at : at + 4] = data[other : other + 4]


def _edit_gif(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    """Change the canvas, the flags, or the introducer of a block."""
    blocks = [match.start() for match in re.finditer(rb"[\x21\x2c\x3b]", data)]
    at = rng.choice((6, 8, 10, *blocks[:50]))
    if rng.random() < 0.5:
        data[at : at + 1] = bytes([rng.choice((0, 0x21, 0x2C, 0x3B, 0xF9, 0xFE, 0xFF))])
    else:
        field = at + rng.randrange(10)
        data[field : field + 2] = struct.pack("<H", rng.choice(_EDGES) & 0xFFFF)


def _edit_form(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    """Break delimiters, line ends and header syntax."""
    marks = [match.start() for match in re.finditer(rb'--|\r\n|[:;="{}\[\]]', data)]
    if not marks:
        return
    at = rng.choice(marks)
    piece = rng.choice(
        (b"", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"--", b'"', b";", b"=", b"\\", b"\0", b"\xff",
         b"Content-Disposition: form-data; name*=utf-8''file\r\n", b"[" * 5000, b"\\ud800")
    )  # fmt: skip
    data[at : at + rng.choice((0, 1, 2))] = piece


_GENERAL: list[Mutation] = [
    _flip_bits,
    _set_bytes,
    _truncate,
    _delete,
    _repeat,
    _splice,
    _edit_number,
    _edit_number,
]
_SIGNED: dict[bytes, list[Mutation]] = {
    rb"\xff\xd8": [_edit_jpeg],
    rb"\x89PNG": [_edit_png],
    rb"II\*\0|MM\0\*": [_edit_tiff],
    rb"GIF8": [_edit_gif],
    rb"RIFF|.{4}ftyp": [_edit_boxes],
    rb"--|\{": [_edit_form],
}
