"""How large a picture may be. Kept apart from the image path, which needs NumPy and Pillow."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ImageLimits:
    """Refused above these.

    ``max_bytes``: size of the file. ``max_memory``: bytes that decoding it takes at its peak, by an
    estimate from format, mode and size (photos of 64 megapixels fit). ``max_scans``: passes of a
    progressive JPEG, each of which costs a walk over the whole picture; encoders write about ten.
    """

    max_bytes: int = 32_000_000
    max_memory: int = 800_000_000
    max_scans: int = 100


DEFAULT_LIMITS = ImageLimits()

# MIME types of the formats that `visionflow.images` decodes; a test compares the two.
ACCEPTED_TYPES = frozenset(
    {"image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp", "image/tiff"}
)

# Of a picture in a direct call. Lambda takes 6 MB of event, in which the picture is base64.
MAX_DIRECT_BYTES = 4_400_000
