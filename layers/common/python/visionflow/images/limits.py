"""How large an image may be. Kept apart from the image path, which needs NumPy and Pillow."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ImageLimits:
    """Refused above these.

    ``max_bytes``: size of the file. ``max_memory``: bytes that decoding it takes at its peak, by an
    estimate from format, mode and size (photos of 64 megapixels fit). ``max_scanned``: pixels of a
    JPEG times its scans, each of which is a walk over the whole image and takes about 0.7 ns for
    a pixel; progressive encoders write about ten.
    ``max_parts``: segments, chunks, blocks or strips of a file, each of which costs a step in
    Python; an image of 64 megapixels in strips of one row has some 8,000.
    """

    max_bytes: int = 32_000_000
    max_memory: int = 800_000_000
    max_scanned: int = 1_500_000_000
    max_parts: int = 65_536


DEFAULT_LIMITS = ImageLimits()
