"""TIFF files of any layout, written by hand: what Pillow does not write, and nobody should."""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]

_SHORT, _LONG = 3, 4
_RAW, _DEFLATE = 1, 8


@dataclass(frozen=True)
class Tags:
    """A directory being made: (kind, values) by tag."""

    values: dict[int, tuple[int, Sequence[int]]]

    def file(self, data: bytes) -> bytes:
        """Little-endian: the header, ``data`` from byte 8 on, the values, and the directory."""
        body = bytearray(data)
        entries = []
        for tag, (kind, values) in sorted(self.values.items()):
            packed = struct.pack(f"<{len(values)}{'H' if kind == _SHORT else 'L'}", *values)
            if len(packed) > 4:
                body += bytes(len(body) % 2)
                at = struct.pack("<L", 8 + len(body))
                body += packed
            else:
                at = packed.ljust(4, b"\0")
            entries.append(struct.pack("<HHL", tag, kind, len(values)) + at)
        body += bytes(len(body) % 2)
        directory = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
        return b"II*\0" + struct.pack("<L", 8 + len(body)) + bytes(body) + directory


def tiff(
    pixels: Pixels,
    *,
    tile: tuple[int, int] | None = None,
    rows: int | None = None,
    compression: int = _DEFLATE,
    planar: bool = False,
) -> bytes:
    """``pixels`` [height, width] or [height, width, samples] in tiles of (width, height), or in
    strips of ``rows``."""
    cube = pixels if pixels.ndim == 3 else pixels[..., None]
    height, width, samples = cube.shape
    across, down = tile or (width, rows or height)
    pieces = []
    for plane in np.split(cube, samples, axis=2) if planar else [cube]:
        for y in range(0, height, down):
            for x in range(0, width, across):
                piece = plane[y : y + down, x : x + across]
                if tile:
                    missing = ((0, down - piece.shape[0]), (0, across - piece.shape[1]), (0, 0))
                    piece = np.pad(piece, missing)
                data = piece.astype(piece.dtype.newbyteorder("<")).tobytes()
                pieces.append(zlib.compress(data) if compression == _DEFLATE else data)
    offsets = np.cumsum([8, *map(len, pieces)]).tolist()[:-1]
    tags = described(width, height, samples, cube.dtype.itemsize * 8, compression, planar=planar)
    return layout(
        tags, offsets, [len(piece) for piece in pieces], (across, down), tiled=bool(tile)
    ).file(b"".join(pieces))


def described(
    width: int,
    height: int,
    samples: int = 1,
    bits: int = 8,
    compression: int = _DEFLATE,
    *,
    planar: bool = False,
) -> Tags:
    return Tags(
        {
            256: (_LONG, [width]),
            257: (_LONG, [height]),
            258: (_SHORT, [bits] * samples),
            259: (_SHORT, [compression]),
            262: (_SHORT, [2 if samples >= 3 else 1]),
            277: (_SHORT, [samples]),
            284: (_SHORT, [2 if planar else 1]),
        }
    )


def layout(
    tags: Tags, offsets: Sequence[int], sizes: Sequence[int], piece: tuple[int, int], *, tiled: bool
) -> Tags:
    """``tags`` with where the strips or tiles are."""
    across, down = piece
    if tiled:
        more = {322: [across], 323: [down], 324: offsets, 325: sizes}
    else:
        more = {273: offsets, 278: [down], 279: sizes}
    return Tags(tags.values | {tag: (_LONG, values) for tag, values in more.items()})


def packed_zeros(count: int) -> bytes:
    """At least ``count`` zeros as zlib packs them, a thousandth of that; made in no time."""
    block_bytes = 1_000_000 if count > 1_000_000 else 1_000
    blocks = ceil(count / block_bytes)
    checksum = (blocks * block_bytes % 65_521) << 16 | 1  # Adler-32 of zeros
    return b"\x78\xda" + _block(block_bytes) * blocks + b"\x03\x00" + struct.pack(">L", checksum)


@lru_cache
def _block(zeros: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(bytes(zeros)) + packer.flush(zlib.Z_FULL_FLUSH)


def one_huge_tile(side: int = 20_480, image: int = 64) -> bytes:
    """A small image in one tile of ``side`` x ``side`` x 3: its decoder unpacks all of it."""
    tile = packed_zeros(side * side * 3)
    tags = layout(described(image, image, 3), [8], [len(tile)], (side, side), tiled=True)
    return tags.file(tile)


def shared_tile(count: int, side: int = 4096) -> bytes:
    """A sliver in a row of ``count`` tiles that are all the same bytes."""
    tile = packed_zeros(side * side * 3)
    tags = described(side * count, 16, 3)
    return layout(tags, [8] * count, [len(tile)] * count, (side, side), tiled=True).file(tile)


def shared_strips(width: int, height: int, rows: int) -> bytes:
    """Strips that all are the same bytes, most of which no strip needs."""
    strip = zlib.compress(bytes(width * rows * 3), 9) + bytes(1_000_000)
    count = ceil(height / rows)
    tags = described(width, height, 3)
    return layout(tags, [8] * count, [len(strip)] * count, (width, rows), tiled=False).file(strip)
