"""How large an image may be. Apart from the pipeline, which needs NumPy and Pillow."""

from dataclasses import dataclass

from visionflow.errors import ImageTooLargeError


@dataclass(frozen=True)
class ImageLimits:
    """An image above one of these is refused.

    ``max_bytes``: size of the file. ``max_memory``: peak bytes of decoding, estimated from format,
    mode and size (photos of 64 megapixels fit). ``max_scanned``: pixels of a JPEG times its scans.
    A decoder walks over the whole image for each scan; progressive encoders write about ten.
    ``max_parts``: segments, chunks, blocks, boxes, strips or tiles of a file, each of which costs a
    step in Python; an image of 64 megapixels in strips of one row has about 8,000.
    """

    max_bytes: int = 32_000_000
    max_memory: int = 800_000_000
    max_scanned: int = 1_500_000_000
    max_parts: int = 65_536

    def check_bytes(self, size: int) -> None:
        """Raise `ImageTooLargeError` for a file of ``size`` bytes that is too large."""
        if size > self.max_bytes:
            raise ImageTooLargeError(
                f"The image has {size:,} bytes; at most {self.max_bytes:,} are accepted."
            )


DEFAULT_LIMITS = ImageLimits()
