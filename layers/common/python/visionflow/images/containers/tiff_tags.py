"""The tag directory (IFD) that begins a TIFF file and an EXIF block. TIFF 6.0, section 2.

BigTIFF is the same with 64 bits for counts and places. No file here is long enough to need them, so
its directory is written anew as one of TIFF.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from visionflow.errors import ImageTooLargeError, TruncatedImageError, UnreadableImageError

_ORDERS = {b"II": "<", b"MM": ">"}
_SHORT, _LONG, _LONG8 = 3, 4, 16
_ORIENTATION = 0x0112
# By kind: struct's letter and bytes. Of whole numbers, and of all that a tag may hold.
_WHOLE_NUMBERS = {1: "B", _SHORT: "H", _LONG: "L", _LONG8: "Q"}
_NUMBERS = {**_WHOLE_NUMBERS, 6: "b", 8: "h", 9: "l", 11: "f", 12: "d"}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 16: 8, 18: 8}

XMP, PROFILE, RAW_VERSION, SUB_DIRECTORIES = 700, 34675, 50706, 330
_ABOUT = frozenset({271, 280, 281, SUB_DIRECTORIES, 340, 341, XMP, PROFILE, RAW_VERSION})
# What the pixels are decoded from: geometry, compression, colours, strips or tiles, JPEG tables.
_IMAGE_TAGS = frozenset(
    {
        *(254, 255, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293),
        *(317, 320, 322, 323, 324, 325, 332, 338, 339, 347, 512, 513, 514, 515, 519, 520, 521),
        *(529, 530, 531, 532),
    }
)


@dataclass(frozen=True)
class _Entry:
    """One tag: ``count`` values of ``kind``, from the place ``at`` in the file on."""

    tag: int
    kind: int
    count: int
    at: int


@dataclass(frozen=True)
class Directory:
    """Some entries of the first directory of ``data``, in byte order ``order``."""

    data: bytes
    order: str
    entries: dict[int, _Entry]

    def __contains__(self, tag: int) -> bool:
        return tag in self.entries

    def number(self, tag: int, default: int = 0) -> int:
        """The first whole number of ``tag``; ``default`` where the tag is missing or empty.

        Raises as `numbers` does.
        """
        return next(iter(self.numbers(tag)), default)

    def numbers(self, tag: int) -> tuple[int, ...]:
        """All whole numbers of ``tag``; none where it is missing.

        Raises `UnreadableImageError` for other values, and `TruncatedImageError` where they lie
        behind the end.
        """
        entry = self.entries.get(tag)
        if entry is None:
            return ()
        if (kind := _WHOLE_NUMBERS.get(entry.kind)) is None:
            raise UnreadableImageError(f"The TIFF's tag {tag} does not hold whole numbers.")
        try:
            return struct.unpack_from(f"{self.order}{entry.count}{kind}", self.data, entry.at)
        except (struct.error, OverflowError) as error:
            raise TruncatedImageError("The image data ends before its tags do.") from error

    def values(self, tag: int) -> tuple[float, ...]:
        """All numbers of ``tag``, of any kind; none where it is missing or cannot be read."""
        entry = self.entries.get(tag)
        kind = _NUMBERS.get(entry.kind) if entry else None
        if entry is None or kind is None or entry.count > 64:
            return ()
        try:
            return struct.unpack_from(f"{self.order}{entry.count}{kind}", self.data, entry.at)
        except (struct.error, OverflowError):
            return ()

    def content(self, tag: int, most: int) -> bytes:
        """The bytes of ``tag``; none where it is missing, or has more than ``most``."""
        entry = self.entries.get(tag)
        if entry is None or entry.kind not in (1, 2, 7) or entry.count > most:
            return b""
        return self.data[entry.at : entry.at + entry.count]


def orientation(block: bytes) -> int | None:
    """The EXIF orientation 1 to 8 of a TIFF structure; None where it has none or is damaged.

    Damaged tags say nothing about the pixels, so the image is then used as it is stored.
    """
    try:
        found = _directory(block, frozenset({_ORIENTATION}))
        entry = found.entries.get(_ORIENTATION)
        if entry is None or entry.count != 1 or entry.kind not in (_SHORT, _LONG):
            return None
        value = found.number(_ORIENTATION)
    except (TruncatedImageError, UnreadableImageError):
        return None
    return value if 1 <= value <= 8 else None


def image_tags(data: bytes, max_parts: int) -> Directory:
    """What the first directory says of its pixels.

    Raises `UnreadableImageError`, `TruncatedImageError`, or `ImageTooLargeError` for a tag of more
    than ``max_parts`` values: decoders hold each of them as an object of its own.
    """
    directory = _directory(data, _IMAGE_TAGS | _ABOUT)
    for entry in directory.entries.values():
        if entry.count > max_parts and entry.tag not in _ABOUT:
            raise ImageTooLargeError(
                f"The TIFF has {entry.count:,} values in tag {entry.tag}; "
                f"at most {max_parts:,} are accepted."
            )
    return directory


def image_only(
    directory: Directory,
    changed: Mapping[int, Sequence[int]] | None = None,
    dropped: Sequence[int] = (),
) -> bytes:
    """The TIFF file with ``directory`` alone, without the tags ``dropped`` and with the whole
    numbers ``changed``."""
    data, order = directory.data, directory.order
    body = bytearray(data[8:])
    body += bytes(len(body) % 2)
    numbers = dict(changed or {})
    entries = {
        tag: entry
        for tag, entry in directory.entries.items()
        if tag in _IMAGE_TAGS and tag not in dropped
    }
    for tag, entry in entries.items():
        if entry.kind == _LONG8:
            numbers.setdefault(tag, directory.numbers(tag))
    rows: dict[int, bytes] = {}
    for tag, entry in entries.items():
        size = _SIZES.get(entry.kind, 0) * entry.count
        place = data[entry.at : entry.at + size]
        if size > 4:
            place = struct.pack(order + "L", min(entry.at, 0xFFFF_FFFF))
        if _SIZES.get(entry.kind):
            rows[tag] = struct.pack(order + "HHL", tag, entry.kind, entry.count) + place.ljust(
                4, b"\0"
            )
    for tag, values in numbers.items():
        written = struct.pack(f"{order}{len(values)}L", *(min(x, 0xFFFF_FFFF) for x in values))
        place = written.ljust(4, b"\0")
        if len(written) > 4:
            place = struct.pack(order + "L", 8 + len(body))
            body += written
        rows[tag] = struct.pack(order + "HHL", tag, _LONG, len(values)) + place
    kept = [row for _, row in sorted(rows.items())]
    mark = b"II*\0" if order == "<" else b"MM\0*"
    # The directory may be anywhere, on an even offset.
    start = struct.pack(order + "L", 8 + len(body))
    count = struct.pack(order + "H", len(kept))
    return mark + start + bytes(body) + count + b"".join(kept) + bytes(4)


def _directory(data: bytes, wanted: frozenset[int]) -> Directory:
    """The ``wanted`` entries of the first directory; of a repeated tag the first."""
    order = _ORDERS.get(data[:2])
    if order is None or len(data) < 4:
        raise UnreadableImageError("The TIFF's header is not of an accepted kind.")
    try:
        (version,) = struct.unpack_from(order + "H", data, 2)
        big = version == 43
        if version not in (42, 43) or (big and data[4:8] != struct.pack(order + "HH", 8, 0)):
            raise UnreadableImageError("The TIFF's header is not of an accepted kind.")
        word = order + ("Q" if big else "L")
        (start,) = struct.unpack_from(word, data, 8 if big else 4)
        (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, start)
        first, room = start + (8 if big else 2), 8 if big else 4
        row = order + ("HHQ" if big else "HHL")
        step = struct.calcsize(row) + room
        if count > 65_535 or first + count * step > len(data):
            raise TruncatedImageError("The image data ends before its tags do.")
        found: dict[int, _Entry] = {}
        for at in range(first, first + count * step, step):
            tag, kind, number = struct.unpack_from(row, data, at)
            if tag in wanted and tag not in found:
                place = at + step - room
                if number * _SIZES.get(kind, 1) > room:
                    (place,) = struct.unpack_from(word, data, place)
                found[tag] = _Entry(tag, kind, number, place)
    except (struct.error, OverflowError) as error:
        raise TruncatedImageError("The image data ends before its tags do.") from error
    return Directory(data, order, found)
