"""What decoding a HEIF or an AVIF really takes: the items that its image is made of, each as often
as it is used.

A grid of 64 x 64 pixels may be made of 65,536 tiles of 16 megapixels that all are one item; an
overlay and an item that repeats another cost the same way. Sizes of HEVC are believed: libheif
decodes no stream that is larger than its item says. libavif does (`av1`). ISO/IEC 23008-12,
sections 6.5 and 6.6; ISO/IEC 14496-12, section 8.11; AV1 Image File Format.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from visionflow.errors import ImageTooLargeError, TruncatedImageError, UnreadableImageError
from visionflow.images.containers import icc
from visionflow.images.containers.contents import MOST_METADATA, Contents
from visionflow.images.limits import ImageLimits

_DERIVED = (b"grid", b"iovl", b"iden")
# An image may be cut from tiles that reach over its edges, and have transparency of its own.
_MOST_TIMES = 4
_SPARE_PIXELS = 2048 * 2048
_DEEPEST = 8
_LARGE_SIZE, _TO_THE_END = 1, 0
# Where an item's bytes are: in the file, or in the box idat.
_OF_FILE, _OF_INSIDE = 0, 1


@dataclass
class Items:
    """What the boxes say of items, by their ids."""

    primary: int | None = None
    kinds: dict[int, bytes] = field(default_factory=dict)
    parts: dict[int, list[int]] = field(default_factory=dict)
    masters: dict[int, list[int]] = field(default_factory=dict)
    sizes: dict[int, tuple[int, int]] = field(default_factory=dict)
    alphas: set[int] = field(default_factory=set)
    profiles: dict[int, bytes] = field(default_factory=dict)
    code_points: dict[int, tuple[int, int]] = field(default_factory=dict)
    # Where the pieces of each item are (construction method, start, size), where the second method
    # counts from, and where the kinds of metadata are written.
    extents: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)
    inside: tuple[int, int] = (0, 0)
    metadata: list[int] = field(default_factory=list)
    bytes_in_all: int = 0
    ends: int = 0

    def content(self, item: int, data: bytes) -> bytes:
        """All pieces of ``item`` in ``data``, without those that are of other items."""
        (start, end), pieces = self.inside, []
        for method, at, size in self.extents.get(item, ()):
            if method == _OF_FILE:
                pieces.append(data[at : at + size])
            elif method == _OF_INSIDE:
                pieces.append(data[min(start + at, end) : min(start + at + size, end)])
        return b"".join(pieces)

    def profile(self) -> bytes | None:
        """That of the image, or of the first item that it is made of. The code points count where
        there is no profile."""
        if self.primary is None:
            return None
        items = (self.primary, *self.parts.get(self.primary, ())[:1])
        if found := next((self.profiles[item] for item in items if item in self.profiles), None):
            return found
        points = next((self.code_points[one] for one in items if one in self.code_points), None)
        return icc.of_code_points(*points) if points else None


def walk_heif(data: bytes, limits: ImageLimits) -> Contents:
    """As it is: libheif turns the image by the container's rotation."""
    return Contents("HEIF", data, profile=check(data, limits).profile())


def check(data: bytes, limits: ImageLimits) -> Items:
    """Refuse an image that is made of more pixels, or read from more bytes, than it may be.

    Raises `ImageTooLargeError`, `UnreadableImageError` or `TruncatedImageError`.
    """
    try:
        items = _Walk(data, limits).items()
    except struct.error as error:
        raise TruncatedImageError("The image data ends before its boxes do.") from error
    if items.primary is None:
        raise UnreadableImageError("The HEIF holds no image.")
    if items.ends > len(data):
        raise TruncatedImageError("The image data ends before the image does.")
    if items.bytes_in_all > len(data):
        raise UnreadableImageError(
            f"The HEIF's items have {items.bytes_in_all:,} bytes in all, and the file "
            f"{len(data):,}."
        )
    width, height = items.sizes.get(items.primary, (0, 0))
    walked = _Pixels(items, limits).of(items.primary)
    if walked > _MOST_TIMES * width * height + _SPARE_PIXELS:
        raise ImageTooLargeError(
            f"The HEIF has {width} x {height} pixels and is made of {walked:,}, which is too many "
            "for its size."
        )
    return items


class _Walk:
    """Reads the boxes that describe items."""

    def __init__(self, data: bytes, limits: ImageLimits) -> None:
        self._data = data
        self._most = self._left = limits.max_parts
        self._items = Items()

    def items(self) -> Items:
        descriptions = [span for kind, *span in self._boxes(0, len(self._data)) if kind == b"meta"]
        if len(descriptions) != 1:
            raise UnreadableImageError("The HEIF does not have one description of its items.")
        ((start, end),) = descriptions
        readers: dict[bytes, Callable[[int, int], None]] = {
            b"pitm": self._read_primary,
            b"iinf": self._read_kinds,
            b"iref": self._read_references,
            b"iprp": self._read_properties,
            b"iloc": self._read_locations,
            b"idat": self._read_inside,
        }
        for kind, at, stop in self._boxes(start + 4, end):
            reader = readers.get(kind)
            if reader:
                readers[kind] = self._refuse_second
                reader(at, stop)
        return self._items

    def _refuse_second(self, _at: int, _stop: int) -> None:
        raise UnreadableImageError("The HEIF describes its items twice.")

    def _boxes(self, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
        """Kind, start and end of the content of each box."""
        while at + 8 <= end:
            self._count()
            size, kind = struct.unpack_from(">L4s", self._data, at)
            start = at + 8
            if size == _LARGE_SIZE:
                (size,) = struct.unpack_from(">Q", self._data, start)
                start += 8
            if size == _TO_THE_END:
                size = end - at
            if at + size < start:
                raise UnreadableImageError("The HEIF has a box that is smaller than its header.")
            at = min(at + size, end)
            yield kind, start, at

    def _count(self, number: int = 1) -> None:
        self._left -= number
        if self._left < 0:
            raise ImageTooLargeError(
                f"The image is in too many parts; at most {self._most:,} are accepted."
            )

    def _number(self, at: int, width: int) -> int:
        """A whole number of ``width`` bytes, none of which make 0."""
        found = self._data[at : at + width]
        if len(found) < width:
            raise TruncatedImageError("The image data ends before its boxes do.")
        return int.from_bytes(found, "big")

    def _read_primary(self, at: int, _stop: int) -> None:
        version = self._number(at, 1)
        self._items.primary = self._number(at + 4, 4 if version else 2)

    def _read_kinds(self, at: int, stop: int) -> None:
        wide = self._number(at, 1) > 0
        for kind, start, _ in self._boxes(at + (8 if wide else 6), stop):
            version = self._number(start, 1)
            if kind == b"infe" and version >= 2:
                width = 2 if version == 2 else 4
                item = self._number(start + 4, width)
                at_kind = start + 4 + width + 2
                self._items.kinds[item] = self._data[at_kind : at_kind + 4]
                if self._items.kinds[item] in (b"Exif", b"mime"):
                    self._items.metadata.append(at_kind)

    def _read_references(self, at: int, stop: int) -> None:
        width = 4 if self._number(at, 1) else 2
        for kind, start, _ in self._boxes(at + 4, stop):
            source, count = self._number(start, width), self._number(start + width, 2)
            self._count(count)
            first = start + width + 2
            to = [self._number(first + width * index, width) for index in range(count)]
            if kind == b"dimg":
                self._items.parts.setdefault(source, []).extend(to)
            elif kind == b"auxl":
                for master in to:
                    self._items.masters.setdefault(master, []).append(source)

    def _read_properties(self, at: int, stop: int) -> None:
        properties: list[tuple[bytes, int, int]] = []
        for kind, start, end in self._boxes(at, stop):
            if kind == b"ipco":
                properties += self._boxes(start, end)
            elif kind == b"ipma":
                self._read_associations(start, properties)

    def _read_associations(self, at: int, properties: list[tuple[bytes, int, int]]) -> None:
        (head,) = struct.unpack_from(">L", self._data, at)
        item_width, wide = 4 if head >> 24 else 2, head & 1
        count, at = self._number(at + 4, 4), at + 8
        for _ in range(count):
            item, many = self._number(at, item_width), self._number(at + item_width, 1)
            self._count(1 + many)
            at += item_width + 1
            for _ in range(many):
                index = self._number(at, 2) & 0x7FFF if wide else self._number(at, 1) & 0x7F
                at += 2 if wide else 1
                if 1 <= index <= len(properties):
                    self._describe(item, *properties[index - 1])

    def _describe(self, item: int, name: bytes, at: int, end: int) -> None:
        if name == b"ispe":
            width, height = struct.unpack_from(">LL", self._data, at + 4)
            known = self._items.sizes.get(item, (0, 0))
            self._items.sizes[item] = max(
                known, (width, height), key=lambda size: size[0] * size[1]
            )
        elif name == b"auxC":
            urn = self._data[at + 4 : at + 100].partition(b"\0")[0]
            if urn.endswith((b":alpha", b":auxid:1")):
                self._items.alphas.add(item)
        elif name == b"colr":
            kind = self._data[at : at + 4]
            if kind in (b"prof", b"rICC") and end - at <= MOST_METADATA:
                self._items.profiles.setdefault(item, self._data[at + 4 : end])
            elif kind == b"nclx" and end - at >= 8:
                points = struct.unpack_from(">HH", self._data, at + 4)
                self._items.code_points.setdefault(item, points)

    def _read_inside(self, at: int, stop: int) -> None:
        self._items.inside = at, stop

    def _read_locations(self, at: int, _stop: int) -> None:
        version = self._number(at, 1)
        widths, more = self._number(at + 4, 1), self._number(at + 5, 1)
        offset, length, base = widths >> 4, widths & 15, more >> 4
        id_width = 4 if version == 2 else 2
        count, at = self._number(at + 6, id_width), at + 6 + id_width
        method, index = (2, more & 15) if version else (0, 0)
        for _ in range(count):
            item, at = self._number(at, id_width), at + id_width
            where = self._number(at, 2) & 15 if method else _OF_FILE
            at += method + 2
            first, at = self._number(at, base), at + base
            extents, at = self._number(at, 2), at + 2
            self._count(1 + extents)
            for _ in range(extents):
                start, at = first + self._number(at + index, offset), at + index + offset
                size, at = self._number(at, length) if length else len(self._data), at + length
                self._items.bytes_in_all += size
                self._items.extents.setdefault(item, []).append((where, start, size))
                if where == _OF_FILE:
                    self._items.ends = max(self._items.ends, start + size if length else 0)


class _Pixels:
    """Adds up what decoding an item takes."""

    def __init__(self, items: Items, limits: ImageLimits) -> None:
        self._items = items
        self._limits = limits
        self._known: dict[int, int] = {}

    def of(self, item: int, depth: int = 0) -> int:
        """Pixels of ``item``, of what it is made of, and of its transparency."""
        if depth > _DEEPEST:
            raise UnreadableImageError("The HEIF's image is made of itself, or of too many layers.")
        if item not in self._known:
            items = self._items
            width, height = items.sizes.get(item, (0, 0))
            total = width * height
            if items.kinds.get(item) in _DERIVED:
                total += sum(self.of(part, depth + 1) for part in items.parts.get(item, ()))
            alphas = (aux for aux in items.masters.get(item, ()) if aux in items.alphas)
            self._known[item] = total + sum(self.of(aux, depth + 1) for aux in alphas)
        return self._known[item]
