"""What one file of a dataset is: readable or not, how it is stored, what it looks like."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from training.data.grouping.duplicates import Look, look_of
from visionflow.errors import ImageError, MissingImageError
from visionflow.images.formats import format_of
from visionflow.images.pipeline import UInt8Array, decode

Oddity = Literal[
    "greyscale", "cmyk", "alpha", "rotated", "animated", "small", "elongated", "one_colour"
]

SMALL_SIDE = 16
ELONGATED = 3.0
"""A longer side above this many shorter sides loses most of the image in the centre crop."""

# In 8-bit steps, over the cells of the thumbnail: JPEG noise is below, visible content above.
_COLOUR_CAST = 4


@dataclass(frozen=True, eq=False)
class ImageFacts:
    """``width`` and ``height`` are the upright image's, in pixels; ``bytes`` the file's.

    ``thumbnail``: uint8 RGB [16, 16, 3]; ``code``: its 64-bit perceptual hash.
    """

    sha256: str
    bytes: int
    width: int
    height: int
    oddities: tuple[Oddity, ...]
    thumbnail: UInt8Array
    code: int


@dataclass(frozen=True)
class BadFile:
    """``code`` and ``message`` are those of the `ImageError` that decoding it raises."""

    file: str
    code: str
    message: str


def read_facts(folder: Path, name: str) -> ImageFacts | BadFile:
    """Decode the file ``name`` of ``folder`` as training and serving do and look at it. Never
    raises for a bad file."""
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        return BadFile(name, MissingImageError.code, f"The file cannot be read ({error.strerror}).")
    try:
        image = decode(data)
    except ImageError as error:
        return BadFile(name, error.code, str(error))
    look = look_of(image.upright())
    oddities: dict[Oddity, bool] = {
        **_stored_oddly(data),
        "rotated": image.orientation != 1,
        **_looks_odd(image.size, look),
    }
    return ImageFacts(
        hashlib.sha256(data).hexdigest(),
        len(data),
        image.width,
        image.height,
        tuple(oddity for oddity, holds in oddities.items() if holds),
        look.thumbnail,
        look.code,
    )


def _stored_oddly(data: bytes) -> dict[Oddity, bool]:
    try:
        with Image.open(io.BytesIO(data), formats=(format_of(data),)) as image:
            return {
                "cmyk": image.mode == "CMYK",
                "alpha": image.has_transparency_data,
                "animated": getattr(image, "is_animated", False),
            }
    except Exception:
        # Deep samples, damaged metadata, or an end that is missing, on which Pillow's plugins raise
        # many classes: `decode` reads the pixels, and Pillow as it is does not.
        return {}


def _looks_odd(size: tuple[int, int], look: Look) -> dict[Oddity, bool]:
    short, long = sorted(size)
    cells = look.thumbnail.reshape(-1, 3).astype(np.int64)
    coloured = np.ptp(cells, axis=1).max() > _COLOUR_CAST
    return {
        "greyscale": not coloured and not look.one_colour,
        "small": short < SMALL_SIDE,
        "elongated": long > ELONGATED * short,
        "one_colour": look.one_colour,
    }
