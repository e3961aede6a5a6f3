"""The tag directory (IFD) that begins a TIFF file and an EXIF block. TIFF 6.0, section 2."""

import struct
from dataclasses import dataclass

from visionflow.errors import ImageTooLargeError, TruncatedImageError, UnreadableImageError

_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_BYTE, _SHORT, _LONG = 1, 3, 4
_WHOLE_NUMBERS = {_BYTE: "B", _SHORT: "H", _LONG: "L"}
_ORIENTATION = 0x0112
_ENTRY = "HHL4s"
_ENTRY_BYTES = 12

# What the pixels are decoded from: geometry, compression, colours, strips or tiles, JPEG tables.
_IMAGE_TAGS = frozenset(
    {
        *(254, 255, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 280, 281, 284, 292, 293),
        *(317, 320, 322, 323, 324, 325, 332, 338, 339, 347, 512, 513, 514, 515, 519, 520, 521),
        *(529, 530, 531, 532),
    }
)


@dataclass(frozen=True)
class _Entry:
    """One tag: ``count`` values of ``kind``, in ``value`` itself or at the offset that it holds."""

    tag: int
    kind: int
    count: int
    value: bytes


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
        values = f"{self.order}{entry.count}{kind}"
        try:
            if struct.calcsize(values) <= len(entry.value):
                return struct.unpack_from(values, entry.value)
            (at,) = struct.unpack(self.order + "L", entry.value)
            return struct.unpack_from(values, self.data, at)
        except struct.error as error:
            raise TruncatedImageError("The image data ends before its tags do.") from error


def orientation(block: bytes) -> int:
    """The EXIF orientation 1 to 8 of a TIFF structure; 1 where it has none or is damaged.

    Damaged tags say nothing about the pixels, so the image is then used as it is stored.
    """
    try:
        found = _directory(block, frozenset({_ORIENTATION}))
    except (TruncatedImageError, UnreadableImageError):
        return 1
    order, entries = found.order, found.entries
    entry = entries.get(_ORIENTATION)
    if entry is None or entry.count != 1 or entry.kind not in (_SHORT, _LONG):
        return 1
    value: int
    (value,) = struct.unpack_from(order + ("H" if entry.kind == _SHORT else "L"), entry.value)
    return value if 1 <= value <= 8 else 1


def image_tags(data: bytes, max_parts: int) -> Directory:
    """What the first directory says of its pixels.

    Raises `UnreadableImageError`, `TruncatedImageError`, or `ImageTooLargeError` for a tag of more
    than ``max_parts`` values: decoders hold each of them as an object of its own.
    """
    directory = _directory(data, _IMAGE_TAGS)
    for entry in directory.entries.values():
        if entry.count > max_parts:
            raise ImageTooLargeError(
                f"The TIFF has {entry.count:,} values in tag {entry.tag}; "
                f"at most {max_parts:,} are accepted."
            )
    return directory


def image_only(directory: Directory) -> bytes:
    """The TIFF file with ``directory`` alone."""
    data, order = directory.data, directory.order
    kept = [entry for _, entry in sorted(directory.entries.items())]
    # The directory may be anywhere, on an even offset.
    body = data[8:] + bytes(len(data) % 2)
    written = struct.pack(order + "H", len(kept)) + b"".join(
        struct.pack(order + _ENTRY, entry.tag, entry.kind, entry.count, entry.value)
        for entry in kept
    )
    return data[:4] + struct.pack(order + "L", 8 + len(body)) + body + written + bytes(4)


def _directory(data: bytes, wanted: frozenset[int]) -> Directory:
    """The ``wanted`` entries of the first directory; of a repeated tag the first."""
    order = _ORDERS.get(data[:4])
    if order is None:
        raise UnreadableImageError("The TIFF's header is not of an accepted kind.")
    try:
        (start,) = struct.unpack_from(order + "L", data, 4)
        (count,) = struct.unpack_from(order + "H", data, start)
        (rows,) = struct.unpack_from(f"{count * _ENTRY_BYTES}s", data, start + 2)
    except struct.error as error:
        raise TruncatedImageError("The image data ends before its tags do.") from error
    found: dict[int, _Entry] = {}
    for entry in struct.iter_unpack(order + _ENTRY, rows):
        if entry[0] in wanted:
            found.setdefault(entry[0], _Entry(*entry))
    return Directory(data, order, found)
