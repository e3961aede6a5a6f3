"""WebP and GIF: the first frame, and what is around it."""

from visionflow.errors import ImageTooLargeError, TruncatedImageError, UnreadableImageError
from visionflow.images.containers import orientation
from visionflow.images.containers.contents import MOST_METADATA, Contents, Parts
from visionflow.images.limits import ImageLimits

# The decoder keeps two canvases of an animation beside the frame.
WEBP_BYTES_PER_PIXEL = 24
_WEBP_PIXELS = (b"VP8 ", b"VP8L", b"ANMF")

_GIF_HEADER_BYTES = 13
_GIF_EXTENSION, _GIF_IMAGE, _GIF_CONTROL = 0x21, 0x2C, 0xF9


def walk_webp(data: bytes, limits: ImageLimits) -> Contents:
    """As it is: its decoder copies metadata and looks into none of it. It makes room for the canvas
    when it opens a file, before it can be asked for the size.

    A file that ends early keeps the chunks that are whole, if the first frame is among them.
    """
    found: dict[bytes, bytes] = {}
    at, parts, whole = 12, Parts(limits), 12
    while at + 8 <= len(data):
        parts.count()
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if kind == b"VP8X":
            _check_webp_canvas(data[at + 12 : at + 18], limits)
        at += 8 + length
        if at > len(data):
            break
        found.setdefault(kind, data[at - length : at] if length <= MOST_METADATA else b"")
        at += length % 2
        whole = at
    if 8 + int.from_bytes(data[4:8], "little") > len(data):
        data = _shortened_webp(data, whole, found)
    turn = orientation.of([found.get(b"EXIF", b"")], found.get(b"XMP ", b""))
    return Contents("WEBP", data, turn, profile=found.get(b"ICCP"))


def _shortened_webp(data: bytes, whole: int, found: dict[bytes, bytes]) -> bytes:
    if not any(kind in found for kind in _WEBP_PIXELS):
        raise TruncatedImageError("The image data ends before the image does.")
    body = data[8:whole].ljust(whole - 8, b"\0")  # the last chunk may lack its padding
    return data[:4] + len(body).to_bytes(4, "little") + body


def _check_webp_canvas(sides: bytes, limits: ImageLimits) -> None:
    width, height = (int.from_bytes(sides[n : n + 3], "little") + 1 for n in (0, 3))
    if width * height * WEBP_BYTES_PER_PIXEL > limits.max_memory:
        raise ImageTooLargeError(
            f"The WebP has a canvas of {width} x {height} pixels; at most "
            f"{limits.max_memory // WEBP_BYTES_PER_PIXEL:,} pixels are accepted of a WebP."
        )


def walk_gif(data: bytes, limits: ImageLimits) -> Contents:
    """Without comments and other extensions before the first frame, except its transparency."""
    try:
        start = _GIF_HEADER_BYTES + _gif_palette_bytes(data[10])
        at, control, parts = start, b"", Parts(limits)
        while data[at] != _GIF_IMAGE:
            if data[at] != _GIF_EXTENSION:
                raise UnreadableImageError("The GIF holds no image.")
            extension, label = at, data[at + 1]
            at += 2
            while length := data[at]:
                parts.count()
                at += length + 1
            at += 1
            parts.count()
            if label == _GIF_CONTROL:
                control = data[extension:at]
    except IndexError as error:
        raise TruncatedImageError("The image data ends before the image does.") from error
    return Contents("GIF", data[:start] + control + data[at:])


def _gif_palette_bytes(flags: int) -> int:
    return 3 * 2 ** ((flags & 0x07) + 1) if flags & 0x80 else 0
