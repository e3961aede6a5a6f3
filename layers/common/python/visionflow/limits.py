"""How large a picture may be. Kept apart from the image path, which needs NumPy and Pillow."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ImageLimits:
    """Refused above these: bytes of the file, and pixels its header announces."""

    max_bytes: int = 32_000_000
    max_pixels: int = 64_000_000


DEFAULT_LIMITS = ImageLimits()
