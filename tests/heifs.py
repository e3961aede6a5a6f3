"""HEIF files of any structure, written by hand around images that an encoder made. ISO/IEC 14496-12
and 23008-12."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image

from tests.images import encode


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">L", 8 + len(content)) + kind + content


def full_box(kind: bytes, content: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">L", version << 24 | flags) + content)


def size_property(width: int, height: int) -> bytes:
    return full_box(b"ispe", struct.pack(">LL", width, height))


ALPHA = full_box(b"auxC", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0")


@dataclass(frozen=True)
class Item:
    """``data`` of ``kind`` with whole boxes as ``properties``; made of the items ``parts``."""

    kind: bytes
    data: bytes
    properties: Sequence[bytes]
    parts: Sequence[int] = ()
    alpha_of: int | None = None


@dataclass
class Heif:
    """Items are numbered from 1; the ``primary`` one is shown."""

    items: list[Item] = field(default_factory=list)
    primary: int = 1

    def add(self, item: Item) -> int:
        self.items.append(item)
        return len(self.items)

    def file(self) -> bytes:
        ftyp = box(b"ftyp", b"heic\0\0\0\0mif1heic")
        length = len(self._meta(0))
        mdat = b"".join(item.data for item in self.items)
        return ftyp + self._meta(len(ftyp) + length + 8) + box(b"mdat", mdat)

    def _meta(self, at: int) -> bytes:
        handler = full_box(b"hdlr", bytes(4) + b"pict" + bytes(13))
        primary = full_box(b"pitm", struct.pack(">H", self.primary))
        infos = b"".join(
            full_box(b"infe", struct.pack(">HH", number, 0) + item.kind + b"\0", 2)
            for number, item in enumerate(self.items, 1)
        )
        info = full_box(b"iinf", struct.pack(">H", len(self.items)) + infos)
        return full_box(
            b"meta",
            handler
            + primary
            + self._locations(at)
            + info
            + self._references()
            + self._properties(),
        )

    def _locations(self, at: int) -> bytes:
        located = b""
        for number, item in enumerate(self.items, 1):
            located += struct.pack(">HHHLL", number, 0, 1, at, len(item.data))
            at += len(item.data)
        return full_box(b"iloc", b"\x44\0" + struct.pack(">H", len(self.items)) + located)

    def _references(self) -> bytes:
        found = b""
        for number, item in enumerate(self.items, 1):
            if item.parts:
                to = struct.pack(f">{len(item.parts)}H", *item.parts)
                found += box(b"dimg", struct.pack(">HH", number, len(item.parts)) + to)
            if item.alpha_of is not None:
                found += box(b"auxl", struct.pack(">HHH", number, 1, item.alpha_of))
        return full_box(b"iref", found) if found else b""

    def _properties(self) -> bytes:
        kept: list[bytes] = []
        associated = b""
        for number, item in enumerate(self.items, 1):
            associated += struct.pack(">HB", number, len(item.properties))
            for one in item.properties:
                if one not in kept:
                    kept.append(one)
                associated += struct.pack("B", 0x80 | kept.index(one) + 1)
        association = full_box(b"ipma", struct.pack(">L", len(self.items)) + associated)
        return box(b"iprp", box(b"ipco", b"".join(kept)) + association)


def coded(image: Image.Image, announced: tuple[int, int] | None = None) -> Item:
    """``image`` in HEVC; ``announced`` is the size that its property claims."""
    data = encode(image, "HEIF", quality=10)
    config_at = data.index(b"hvcC") - 4
    (config_bytes,) = struct.unpack_from(">L", data, config_at)
    mdat = data.index(b"mdat") + 4
    properties = [
        data[config_at : config_at + config_bytes],
        size_property(*(announced or image.size)),
    ]
    return Item(b"hvc1", data[mdat:], properties)


def grid(rows: int, columns: int, width: int, height: int, parts: Sequence[int]) -> Item:
    data = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)
    return Item(b"grid", data, [size_property(width, height)], parts)


def overlay(width: int, height: int, parts: Sequence[int]) -> Item:
    data = struct.pack(">BB4HHH", 0, 0, 0, 0, 0, 65535, width, height)
    data += struct.pack(">hh", 0, 0) * len(parts)
    return Item(b"iovl", data, [size_property(width, height)], parts)


def identity(width: int, height: int, part: int) -> Item:
    return Item(b"iden", b"", [size_property(width, height)], [part])
