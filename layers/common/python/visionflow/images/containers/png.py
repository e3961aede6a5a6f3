"""PNG without what its pixels do not need. W3C PNG, third edition."""

import struct
import zlib
from collections.abc import Iterator

from visionflow.images.containers import icc, orientation
from visionflow.images.containers.contents import MOST_METADATA, Contents, Parts
from visionflow.images.limits import ImageLimits

_SIGNATURE_BYTES = 8
_PIXEL_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_REPEATED = frozenset({b"IDAT"})  # the others describe the pixels, once
_COLOUR_CHUNKS = frozenset({b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"sBIT", b"eXIf"})
_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_RAW_EXIF = (b"Raw profile type exif", b"Raw profile type APP1")
_XMP = b"XML:com.adobe.xmp"
_GREY = (0, 4)  # colour types without and with opacity
_DEEP = 16
_SAME_GAMMA = 0.01


def walk(data: bytes, limits: ImageLimits) -> Contents:
    """Without ancillary chunks, whose text and profiles are compressed; an animation's first frame.

    Of what describes the pixels the first counts.
    """
    kept, found = [data[:_SIGNATURE_BYTES]], dict[bytes, bytes]()
    exif, xmp = [b""], b""
    described: set[bytes] = set()
    for kind, start, end in _chunks(data, Parts(limits)):
        if kind in _PIXEL_CHUNKS - described:
            kept.append(data[start:end])
            described |= {kind} - _REPEATED
        elif kind in _COLOUR_CHUNKS and kind not in found:
            found[kind] = data[start + 8 : end - 4]
        elif kind in _TEXTS:
            keyword, text = _text(kind, data[start + 8 : end - 4])
            if keyword in _RAW_EXIF:
                exif.append(orientation.of_raw_profile(text))
            elif keyword == _XMP:
                xmp = xmp or text
        if kind == b"IEND":
            break
    exif[0] = found.get(b"eXIf", b"")
    header = kept[1][8:] if len(kept) > 1 else b""
    return Contents(
        "PNG",
        b"".join(kept),
        orientation.of(exif, xmp),
        profile=_profile(found, grey=header[9:10] in (bytes([kind]) for kind in _GREY)),
        high=_stated(found.get(b"sBIT", b"")),
    )


def _chunks(data: bytes, parts: Parts) -> Iterator[tuple[bytes, int, int]]:
    at = _SIGNATURE_BYTES
    while at < len(data):
        parts.count()
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], at, end
        at = end


def _text(kind: bytes, content: bytes) -> tuple[bytes, bytes]:
    """Keyword and text, unpacked of those that are looked at alone."""
    keyword, _, rest = content[: MOST_METADATA + 100].partition(b"\0")
    if keyword not in (*_RAW_EXIF, _XMP):
        return b"", b""
    if kind == b"tEXt":
        return keyword, rest
    if kind == b"zTXt":
        return keyword, _unpacked(rest[1:]) or b""
    packed, _, after = rest[:1], rest[1:2], rest[2:]
    text = after.partition(b"\0")[2].partition(b"\0")[2]  # behind language and translation
    return keyword, (_unpacked(text) or b"") if packed == b"\1" else text


def _unpacked(data: bytes) -> bytes | None:
    """At most `MOST_METADATA` bytes, however much is packed."""
    try:
        found = zlib.decompressobj().decompress(data, MOST_METADATA + 1)
    except zlib.error:
        return None
    return found if len(found) <= MOST_METADATA else None


def _profile(found: dict[bytes, bytes], *, grey: bool) -> bytes | None:
    """What the first of cICP, iCCP, sRGB, and gAMA with cHRM says, as a profile."""
    if len(found.get(b"cICP", b"")) == 4:
        primaries, transfer = found[b"cICP"][:2]
        if (made := icc.of_code_points(primaries, transfer)) or not icc.is_unknown(
            primaries, transfer
        ):
            return made
    if b"iCCP" in found:
        return _unpacked(found[b"iCCP"].partition(b"\0")[2][1:])
    if b"sRGB" in found or len(found.get(b"gAMA", b"")) != 4:
        return None
    gamma = int.from_bytes(found[b"gAMA"], "big") / 100_000
    corners = icc.SRGB
    if len(found.get(b"cHRM", b"")) == 32:
        numbers = [value / 100_000 for value in struct.unpack(">8L", found[b"cHRM"])]
        white, red, green, blue = zip(numbers[::2], numbers[1::2], strict=True)
        corners = icc.Corners(red, green, blue, white)
    if not 0.1 <= gamma <= 10:
        return None
    # 1/2.2 is how encoders write sRGB's own curve, and what the standard has them write for it.
    curve = icc.SRGB_CURVE if abs(gamma - 1 / 2.2) < _SAME_GAMMA else (1 / gamma,)
    if curve == icc.SRGB_CURVE and (grey or corners == icc.SRGB):
        return None
    return icc.grey(curve) if grey else icc.matrix(corners, curve)


def _stated(significant: bytes) -> float | None:
    """White by the number of significant bits, where samples were not scaled up to all bits, as the
    standard has it; the largest sample shows whether they were."""
    bits = max(significant, default=0)
    return 2.0**bits - 1 if 8 < bits < _DEEP else None
