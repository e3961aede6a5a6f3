"""JPEG without what its pixels do not need. ITU-T T.81, annex B."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from visionflow.errors import TruncatedImageError
from visionflow.images import jpeg_scans
from visionflow.images.containers import orientation
from visionflow.images.containers.contents import MOST_METADATA, Contents, Parts
from visionflow.images.limits import ImageLimits

# A JPEG's markers that a length follows, and the one that ends the image.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
# A marker follows another nearly at once, or behind the megabytes of a scan, where every hundredth
# byte is 0xFF: NumPy finds the first that no zero follows in a third of the expression's time.
_NEAR, _STRIDE = 64, 1 << 16
_START_OF_SCAN, _END_OF_IMAGE, _RESTART_INTERVAL = 0xDA, 0xD9, 0xDD
_END = b"\xff\xd9"
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
# Frames with arithmetic coding: a scan of one takes as long as so many others, because a decision
# may take a small part of a bit.
_ARITHMETIC = (0xC9, 0xCA, 0xCB)
_ARITHMETIC_SCANS = 20
_APP0, _APP1, _APP2, _APP14, _APP15, _COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
_ICC = b"ICC_PROFILE\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_COEFFICIENTS = 64
# What may stand where bits are missing, beside the zeros that a decoder takes: bits that begin with
# one, because few zeros are the code for the end of a block, and go on in different ways.
_REST = bytes((37 * n * n + 91 * n + 53) % 251 for n in range(512))
_FILLINGS = (b"\xd6" + _REST, b"\xaa" + _REST, b"\xfa" + _REST)
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")


@dataclass
class _Found:
    exif: bytes = b""
    xmp: bytes = b""
    profile: dict[int, bytes] = field(default_factory=dict)
    profile_bytes: int = 0
    # The coefficients of each component that no scan has brought in full precision.
    missing: dict[int, set[int]] = field(default_factory=dict)
    in_scans: bool = False

    def look_at(self, kind: int, segment: bytes) -> None:
        if kind == _APP1 and segment[4:10] == orientation.EXIF_PREFIX:
            self.exif = self.exif or segment[10:]
        elif kind == _APP1 and segment[4:].startswith(_XMP):
            self.xmp = self.xmp or segment[4 + len(_XMP) :]
        elif kind == _APP2 and segment[4:].startswith(_ICC) and len(segment) > 18:
            self.profile_bytes += len(segment)
            if self.profile_bytes <= MOST_METADATA:
                self.profile.setdefault(segment[16], segment[18:])
        elif kind in _FRAMES and len(segment) > 9:
            self.in_scans = kind == jpeg_scans.FRAME
            components = segment[10 : 10 + 3 * segment[9] : 3]
            self.missing = {one: set(range(_COEFFICIENTS)) for one in components}

    def scan(self, header: bytes) -> None:
        """Take the header of a scan into account: components, coefficients, and precision."""
        if len(header) < 5 or len(header) < 8 + 2 * header[4]:
            return
        count = header[4]
        first, last, precision = header[5 + 2 * count : 8 + 2 * count]
        if precision & 15 == 0:
            for component in header[5 : 5 + 2 * count : 2]:
                self.missing.get(component, set()).difference_update(range(first, last + 1))

    def lacks_a_mean(self) -> bool:
        """Whether scans lack the mean of each block of a component, in full precision."""
        return any(0 in coefficients for coefficients in self.missing.values())

    def whole_profile(self) -> bytes | None:
        """The parts of the profile in their order, which are numbered from 1."""
        if self.profile_bytes > MOST_METADATA or not self.profile:
            return None
        return b"".join(self.profile[number] for number in sorted(self.profile))


def walk(data: bytes, limits: ImageLimits) -> Contents:
    """Without the segments of applications, except the two that name the colours (JFIF, Adobe).

    Segments are skipped by their length, so scans inside EXIF or behind the image (its thumbnail,
    a phone's video) are not counted.
    """
    kept, found = [data[:2]], _Found()
    scans, first_scan, weight = 0, len(data), 1
    restarts, last_scan, end = False, 0, None
    for kind, start, stop in _segments(data, Parts(limits)):
        if kind in _ARITHMETIC:
            weight = _ARITHMETIC_SCANS
        if kind == _RESTART_INTERVAL:
            restarts = True
        if kind == _END_OF_IMAGE:
            end = start
        elif kind == _START_OF_SCAN:
            scans, last_scan = scans + 1, stop
            first_scan = min(first_scan, start)
            found.scan(data[start:stop])
        elif scans == 0:
            segment = data[start:stop]
            found.look_at(kind, segment)
            if _names_colours(kind, segment) or not _is_metadata(kind):
                kept.append(segment)
    body = b"".join([*kept, memoryview(data)[first_scan:]])
    turn = orientation.of([found.exif], found.xmp)
    contents = Contents("JPEG", body, turn, scans * weight, found.whole_profile())
    if scans == 0 or any(found.missing.values()):
        if end is not None and found.lacks_a_mean():
            raise TruncatedImageError("The image data ends before the image does.")
        return contents
    shift = len(body) - len(data)
    closed = _with_ends(contents, last_scan + shift, end and end + shift, restarts=restarts)
    return _with_fewer_scans(closed, limits) if found.in_scans else closed


def _with_fewer_scans(contents: Contents, limits: ImageLimits) -> Contents:
    """With what leaves scans out, unless they have to tell whether the image is whole."""
    if contents.again:
        return contents
    return replace(contents, reduced=partial(_reduced, contents.data, limits))


def _reduced(body: bytes, limits: ImageLimits, reduction: int) -> bytes:
    return jpeg_scans.reduced(body, _segments(body, Parts(limits)), reduction)


def _with_ends(contents: Contents, scan: int, end: int | None, *, restarts: bool) -> Contents:
    """With what tells whether the last scan, which begins at ``scan``, is whole; ``end`` is where
    the end marker is."""
    if end is not None:
        refilled = partial(_closed_at, contents.data, scan, end, restarts=restarts)
        return replace(contents, refilled=refilled)
    body, *again = _closed_at(contents.data, scan, len(contents.data), restarts=restarts)
    return replace(contents, data=body, scans=contents.scans * (1 + len(again)), again=tuple(again))


def _closed_at(body: bytes, scan: int, end: int, *, restarts: bool) -> tuple[bytes, ...]:
    seen = len(_RESTART.findall(body, scan, end)) if restarts else 0
    following = b"\xff" + bytes([0xD0 + seen % 8]) if restarts else b""
    return _closed(body[:end], following)


def _closed(body: bytes, restart: bytes) -> tuple[bytes, ...]:
    """An image up to its end marker, closed in ways that its own pixels do not depend on.

    Where a restart marker is due, libjpeg skips all up to it, so an image that has ``restart``
    markers is also closed with the next of them.
    A decoder reads ahead, so it waits for the end even where no pixel is missing. Zeros at the end
    are of a copy that stopped, except for one alone, or one that 0xFF needs.
    """
    body = body.removesuffix(b"\xff")
    own = body.rstrip(b"\0")
    if len(body) == len(own) + 1 or own.endswith(b"\xff"):
        own = body[: len(own) + 1]
    fillings = (*_FILLINGS, restart + _FILLINGS[0]) if restart else _FILLINGS
    return body + _END, *(own + filling + _END for filling in fillings)


def _segments(data: bytes, parts: Parts) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of each segment with a length, and of the image's end."""
    at = 2
    while marker := _next_marker(data, at):
        parts.count()
        kind = data[marker.end() - 1]
        if kind == _END_OF_IMAGE:
            yield kind, marker.start(), marker.end()
            return
        at = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
        yield kind, marker.start(), at


def _next_marker(data: bytes, at: int) -> re.Match[bytes] | None:
    # Imported here, because functions that decode nothing know of formats too.
    import numpy as np  # noqa: PLC0415

    near = _MARKER.search(data, at, at + _NEAR)
    if near:
        return near
    for start in range(at, len(data) - 1, _STRIDE):
        values = np.frombuffer(data, np.uint8, min(_STRIDE + 1, len(data) - start), start)
        candidate = values[:-1] == 0xFF
        candidate &= values[1:] != 0
        for place in np.flatnonzero(candidate) if candidate.any() else ():
            if marker := _MARKER.match(data, start + int(place)):
                return marker
    return None


def _is_metadata(kind: int) -> bool:
    return _APP0 <= kind <= _APP15 or kind == _COMMENT


def _names_colours(kind: int, segment: bytes) -> bool:
    return (kind == _APP0 and segment[4:8] == b"JFIF") or (
        kind == _APP14 and segment[4:9] == b"Adobe"
    )
