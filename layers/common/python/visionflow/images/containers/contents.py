"""What a walk over a container finds: the file that is left, and what its pixels mean."""

from collections.abc import Callable
from dataclasses import dataclass

from visionflow.errors import ImageTooLargeError
from visionflow.images.limits import ImageLimits

# Longer profiles and packets of XMP are left out: the largest profiles of printing have 3 MB.
MOST_METADATA = 4_000_000


@dataclass(frozen=True)
class Samples:
    """How the samples of a deep image are stored and what they mean.

    ``dtype``: NumPy's name with the byte order, such as ``<u2``; ``packed12`` of 12 bits a sample,
    two in three bytes. ``count``: samples a pixel; ``colours`` of them (1 or 3) are shown, and
    ``alpha`` is the place of the opacity. ``predictor`` as in TIFF, in pieces of ``across`` pixels.
    ``low`` and ``high``: the stated values of black and white. ``inverted``: white is ``low``.
    ``size``: width and height. ``planes``: further files with one sample each.
    """

    dtype: str
    size: tuple[int, int]
    count: int = 1
    colours: int = 1
    alpha: int | None = None
    premultiplied: bool = False
    predictor: int = 1
    across: int = 0
    low: float | None = None
    high: float | None = None
    inverted: bool = False
    planes: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Contents:
    """The file of one image in ``data``, of ``format``, reduced to what its pixels need.

    ``orientation`` is EXIF's, 1 to 8. ``scans``: how often a decoder walks over all of a JPEG, also
    one in a TIFF; of other formats, how many such walks decoding takes. ``profile``: its ICC
    profile. ``samples``: what is in ``data`` where that is a deep image, its bytes as grey pixels.
    ``high``: the stated value of white of 16-bit samples. ``again``: the same image, whose end was
    missing, with other ends: pixels that differ were missing too. ``refilled`` makes the same of a
    JPEG that has its end, which may have been put behind half an image. ``reduced`` makes of a
    progressive JPEG the file that suffices for decoding at 1/2, 1/4 or 1/8 of its scale.
    """

    format: str
    data: bytes
    orientation: int = 1
    scans: int = 1
    profile: bytes | None = None
    samples: Samples | None = None
    high: float | None = None
    again: tuple[bytes, ...] = ()
    refilled: Callable[[], tuple[bytes, ...]] | None = None
    reduced: Callable[[int], bytes] | None = None


class Parts:
    """Counts the parts of a container against the limit."""

    def __init__(self, limits: ImageLimits) -> None:
        self._left = self._most = limits.max_parts

    def count(self, number: int = 1) -> None:
        """Raises `ImageTooLargeError`."""
        self._left -= number
        if self._left < 0:
            raise ImageTooLargeError(
                f"The image is in too many parts; at most {self._most:,} are accepted."
            )
