"""The containers that images come in, walked before a decoder sees them.

Decoders also read EXIF, comments, previews and further frames, mostly in Python, and a hostile file
has millions of them. They are removed first, and what remains has a bounded number of parts. What
is needed of the rest is read here: the orientation, the colour profile, and what samples mean.
"""

from collections.abc import Callable

from visionflow.images.containers import (
    animations,
    av1,
    bmp,
    heif_items,
    jpeg,
    jpeg2000,
    png,
    tiff,
)
from visionflow.images.containers.contents import Contents
from visionflow.images.formats import format_of
from visionflow.images.limits import ImageLimits

_WALKS: dict[str, Callable[[bytes, ImageLimits], Contents]] = {
    "JPEG": jpeg.walk,
    "PNG": png.walk,
    "WEBP": animations.walk_webp,
    "GIF": animations.walk_gif,
    "BMP": bmp.walk,
    "TIFF": tiff.walk,
    "AVIF": av1.walk_avif,
    "HEIF": heif_items.walk_heif,
    "JPEG2000": jpeg2000.walk,
}


def unpack(data: bytes, limits: ImageLimits) -> Contents:
    """What a decoder needs of ``data``.

    Raises `UnreadableImageError`, `TruncatedImageError`, or `ImageTooLargeError` for more
    parts than ``limits`` allow.
    """
    return _WALKS[format_of(data)](data, limits)
