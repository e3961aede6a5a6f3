"""Files that are made to cost: few bytes that name many tiles, frames, scans, chunks or layers.

A mutation seldom makes one of these. Every field is drawn from what is honest, what is at an edge,
and what is far too much, so that some files decode and some must be refused.
"""

import random
import struct
import zlib
from collections.abc import Callable
from functools import lru_cache
from math import ceil

from tests.fuzzing.mutations import mutate
from tests.heifs import ALPHA, Heif, Item, coded, grid, identity, overlay, size_property
from tests.images import encode, plain, textured
from tests.tiffs import Tags, described, layout, packed_zeros

_DEPTHS = ((1, 8), (3, 8), (1, 16), (3, 16), (1, 1))
_ODD_DEPTHS = (*_DEPTHS, (4, 8), (2, 8), (5, 8), (60, 8), (1, 64), (3, 1), (4, 16))

# Small sides are frequent: most files should cost nothing, or no campaign would end.
_SIDES = (1, 2, 16, 17, 64, 64, 64, 100, 256, 300)
_LARGE_SIDES = (1024, 2048, 4096, 8000, 8200, 16_384, 20_480, 65_535, 65_536)
_COUNTS = (0, 1, 1, 2, 3, 4, 16, 100)
_LARGE_COUNTS = (256, 1000, 4096, 65_535, 65_536, 70_000)
_LARGE_SHARE = 0.08
_MOST_BYTES = 32_500_000


def make(rng: random.Random) -> bytes:
    """A file of any accepted format; some are damaged besides."""
    data = rng.choice(_MAKERS)(rng)
    return mutate(rng, data, [data]) if rng.random() < 0.3 else data


def _side(rng: random.Random) -> int:
    return rng.choice(_LARGE_SIDES if rng.random() < _LARGE_SHARE else _SIDES)


def _count(rng: random.Random, likely: int) -> int:
    """More often than not what is right."""
    if rng.random() < 0.6:
        return likely
    return rng.choice(_LARGE_COUNTS if rng.random() < _LARGE_SHARE else _COUNTS)


def _times(piece: bytes, count: int) -> bytes:
    """``piece`` again and again, up to just over what a file may have."""
    return piece * min(count, 1 + _MOST_BYTES // max(1, len(piece)))


def _zeros(count: int) -> bytes:
    return packed_zeros(min(count, 1_500_000_000))


def _tiff(rng: random.Random) -> bytes:
    """Strips or tiles of any size and number, which may all have the same bytes."""
    width, height, across, down = (_side(rng) for _ in range(4))
    honest = rng.random() < 0.6
    samples, bits = rng.choice(_DEPTHS if honest else _ODD_DEPTHS)
    planar, tiled = rng.random() < 0.2, rng.random() < 0.6
    if tiled and honest:
        across, down = (rng.choice((16, 64, 256, 1024, 2048)) for _ in range(2))
    compression, piece = rng.choice(
        (
            (1, bytes(rng.choice((10, 10_000)))),
            (5, b"\x80\x00\x20\x10" + bytes(rng.choice((0, 5000)))),
            (7, _jpeg(rng)),
            *[(8, _zeros(across * down * samples * bits // 8))] * 5,
            (8, zlib.compress(bytes(1000)) + bytes(rng.choice((0, 100_000)))),
            (32_773, b"\x81\0" * rng.choice((10, 10_000))),
            (rng.choice((2, 3, 4, 6, 34_925, 50_000, 50_001)), bytes(1000)),
        )
    )
    if not tiled:
        across = width
    needed = ceil(width / across) * ceil(height / down) * (samples if planar else 1)
    number = _count(rng, min(70_000, needed))
    sizes = [len(piece) if honest else 1 << 31] * (number if honest else _count(rng, number))
    tags = described(width, height, samples, bits, compression, planar=planar)
    made = layout(tags, [8] * number, sizes, (across, down), tiled=tiled)
    odd = {
        262: (3, [rng.choice((0, 1, 2, 3, 5, 6))]),
        317: (3, [rng.choice((1, 2, 3))]),
        338: (3, [0] * rng.choice((1, 2, 60))),
        530: (3, [rng.choice((1, 2, 4, 65_535)), rng.choice((1, 2, 4))]),
        320: (3, [0] * 768),
        330: (4, [8] * 100),
        278: (4, [rng.choice((0, 1, down))]),
        322: (4, [rng.choice((0, 1, across))]),
    }
    chosen = rng.sample(sorted(odd), 0 if honest else rng.choice((0, 1, 2)))
    return Tags(made.values | {tag: odd[tag] for tag in chosen}).file(piece)


@lru_cache
def _progressive(mode: str, side: int) -> bytes:
    return encode(textured((side, side)).convert(mode), progressive=True, quality=60)


def _jpeg(rng: random.Random) -> bytes:
    """Scans again and again; frames with odd components, sampling, coding and size."""
    side = rng.choice((64, 64, 300, 2000) if rng.random() < 0.1 else (64,))
    data = bytearray(_progressive(rng.choice(("RGB", "L", "CMYK")), side))
    scans = [at for at in range(len(data) - 1) if data[at] == 0xFF and data[at + 1] == 0xDA]
    first = rng.choice(scans)
    later = [*(at for at in scans if at > first), len(data) - 2][0]
    data[later:later] = _times(bytes(data[first:later]), _count(rng, 0))
    frame = data.index(b"\xff\xc2")
    if rng.random() < 0.3:
        data[frame + 1] = rng.choice((0xC0, 0xC1, 0xC3, 0xC9, 0xCA, 0xCB))
    if rng.random() < 0.2:
        struct.pack_into(">HH", data, frame + 5, _side(rng) & 0xFFFF, _side(rng) & 0xFFFF)
    if rng.random() < 0.3:
        component = frame + 11 + 3 * rng.randrange(data[frame + 9])
        data[component] = rng.choice((0x11, 0x22, 0x44, 0x41, 0x14, 0x33, 0xFF, 0))
    more = rng.choice((b"", b"\xff\xdd\0\4\0\1", b"\xff\xdc\0\4\xff\xff", b"\xff\xe2\0\6MPF\0"))
    data[scans[0] : scans[0]] = _times(more, _count(rng, 1))
    return bytes(data)


def _chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def _png(rng: random.Random) -> bytes:
    """Chunks of any number and order around pixels of any size, packed a thousandfold."""
    width, height = _side(rng), _side(rng)
    bits, colour = rng.choice(((8, 2), (8, 6), (16, 2), (16, 0), (1, 0), (8, 3), (2, 3), (8, 4)))
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, int(rng.random() < 0.3))
    pixels = _zeros(height * (1 + width * 4 * bits // 8))[:_MOST_BYTES]
    step = max(1, len(pixels) // max(1, min(_count(rng, 1), 20_000)))
    parts = [_chunk(b"IDAT", pixels[at : at + step]) for at in range(0, len(pixels), step)]
    more = (
        _chunk(b"PLTE", bytes(768)),
        _chunk(b"tRNS", bytes(rng.choice((1, 2, 6, 256)))),
        _chunk(b"zTXt", b"k\0\0" + _zeros(10_000_000)),
        _chunk(b"iCCP", b"k\0\0" + _zeros(10_000_000)),
        _chunk(b"acTL", struct.pack(">II", 65_535, 0)),
        _chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, width, height, 0, 0, 0, 0, 0, 0)),
        _chunk(b"IHDR", header),
        _chunk(b"eXIf", b"MM\0*\0\0\0\x08" + bytes(100)),
    )
    before = b"".join(_times(rng.choice(more), _count(rng, 1)) for _ in range(rng.randrange(4)))
    after = _times(rng.choice(more), _count(rng, 0))
    end = _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + before + b"".join(parts) + after + end


def _gif(rng: random.Random) -> bytes:
    """Frames of any size and place on a canvas of any size, in blocks of any number."""
    canvas = struct.pack("<HH", _side(rng) & 0xFFFF, _side(rng) & 0xFFFF)
    data = b"GIF89a" + canvas + b"\x80\0\0" + bytes(6)
    extension = rng.choice((b"\x21\xf9\4\1\0\0\0\0", b"\x21\xfe\1a\0", b"\x21\xff\0"))
    data += _times(extension, _count(rng, 1))
    place = [rng.choice((0, 0, _side(rng))) & 0xFFFF for _ in range(2)]
    size = [_side(rng) & 0xFFFF for _ in range(2)]
    descriptor = b"\x2c" + struct.pack("<HHHH", *place, *size) + rng.choice((b"\0", b"\x40"))
    clears = b"\x24" * 254  # codes that clear the table draw nothing
    block = rng.choice((b"\1\x44", b"\xfe" + clears, b"\x01\x24", *[b"\xfe" + bytes(254)] * 3))
    pixels = b"\1\4" + _times(block, _count(rng, 3))
    frame = descriptor + b"\2" + pixels + b"\0"
    return data + _times(frame, max(1, _count(rng, 1))) + b";"


@lru_cache
def _animation(frames: int) -> bytes:
    images = [textured(seed=seed) for seed in range(frames)]
    return encode(images[0], "WEBP", save_all=True, append_images=images[1:], quality=20)


def _webp(rng: random.Random) -> bytes:
    """Frames again and again, on a canvas of any size."""
    data = bytearray(_animation(3))
    frames = [at for at in range(12, len(data)) if data[at : at + 4] == b"ANMF"]
    first, second = frames[:2]
    data[second:second] = _times(bytes(data[first:second]), _count(rng, 0))
    canvas = data.index(b"VP8X") + 12
    if rng.random() < 0.3:
        sides = [min((1 << 24) - 1, _side(rng)) for _ in range(2)]
        data[canvas : canvas + 6] = b"".join(side.to_bytes(3, "little") for side in sides)
    if rng.random() < 0.3:
        field = first + 8 + rng.choice((0, 3, 6, 9))
        data[field : field + 3] = _side(rng).to_bytes(3, "little")
    data[4:8] = struct.pack("<L", len(data) - 8)
    return bytes(data)


@lru_cache
def _coded(side: int, announced: int) -> Item:
    image = plain("red", (side, side)) if side > 512 else textured((side, side))
    return coded(image, (announced, announced))


def _heif(rng: random.Random) -> bytes:
    """Grids, overlays and repetitions of items, of each other, and of themselves."""
    heif = Heif()
    for _ in range(rng.randint(1, 4)):
        side = rng.choice((64, 64, 64, 512, 2048) if rng.random() < 0.2 else (64,))
        heif.add(_coded(side, rng.choice((*[side] * 8, 16, 4096))))
    for _ in range(rng.randint(0, 4)):
        last = len(heif.items) + (rng.random() < 0.1)  # the next one is this one
        any_item = [rng.randint(1, last) for _ in range(3)]
        rows, columns = rng.choice((1, 1, 2, 4, 256)), rng.choice((1, 1, 2, 4, 256))
        width, height = 64 * columns - 3, 64 * rows - 3
        if rng.random() < 0.3:
            width, height = min(65_535, _side(rng)), min(65_535, _side(rng))
        parts = any_item[:1] * min(65_535, _count(rng, rows * columns))
        heif.add(
            rng.choice(
                (
                    grid(rows, columns, width, height, parts),
                    overlay(width, height, parts[:3000] or any_item),
                    identity(width, height, any_item[0]),
                    Item(b"grid", b"", [size_property(width, height)], any_item),
                    Item(
                        b"hvc1",
                        heif.items[0].data,
                        [*heif.items[0].properties, ALPHA],
                        alpha_of=any_item[0],
                    ),
                )
            )
        )
    heif.primary = rng.randint(1, len(heif.items))
    return heif.file()


def _bmp(rng: random.Random) -> bytes:
    """Headers of each length, with palettes, masks and sizes of any number."""
    length = rng.choice((12, *[40] * 5, 52, 56, 64, 108, 124, 0, 65_535))
    width, height = _side(rng), _side(rng) * rng.choice((1, -1))
    bits = rng.choice((1, 4, 8, 8, 16, 24, 24, 32, 64))
    if length == 12:
        header = struct.pack("<LHHHH", 12, width & 0xFFFF, abs(height) & 0xFFFF, 1, bits)
    else:
        compression, colours = rng.choice((*[0] * 5, 1, 2, 3, 3, 4, 6)), _count(rng, 0)
        header = struct.pack(
            "<LiiHHLLiiLL", length, width, height, 1, bits, compression, 0, 0, 0, colours, 0
        )
        header = header.ljust(min(length, 200), rng.choice((b"\0", b"\xff", b"\x0f")))
    pixels = bytes(rng.choice((0, 100, 20_000, 200_000)))
    start = 14 + len(header) + rng.choice((0, 0, 1024, 1 << 20))
    return b"BM" + struct.pack("<LHHL", 0, 0, 0, start) + header + bytes(1024) + pixels


_MAKERS: tuple[Callable[[random.Random], bytes], ...] = (
    _tiff,
    _tiff,
    _jpeg,
    _png,
    _gif,
    _webp,
    _heif,
    _heif,
    _bmp,
)
