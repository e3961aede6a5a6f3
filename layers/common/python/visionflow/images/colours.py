"""Colours of a profile to sRGB, by littlecms, which Pillow brings and this imports when needed.

Pixels are converted after they are reduced to the few that a model or a thumbnail shows. Resampling
works on stored values as it does for sRGB, so what differs from the other order is small: the
curves of two colour spaces bend alike; tests/parity measures it.
"""

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from PIL import Image

from visionflow.images.containers import icc

if TYPE_CHECKING:
    from PIL import ImageCms

# Of profiles in use at the same time, each of which may take some megabytes.
_KEPT = 8
_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}


@dataclass(frozen=True, eq=False)
class Conversion:
    """From pixels of ``mode`` (RGB, L, CMYK or LAB) to sRGB."""

    mode: str
    transform: "ImageCms.ImageCmsTransform"

    def __call__(self, image: Image.Image) -> Image.Image:
        """The same image in RGB."""
        return self.transform.apply(image)


@lru_cache(_KEPT)
def conversion(profile: bytes) -> Conversion | None:
    """None for a profile of sRGB, for one that is damaged, and for one that is not for images."""
    found = icc.parse(profile)
    if found is None:
        return None
    from PIL import ImageCms  # noqa: PLC0415

    try:
        opened = ImageCms.getOpenProfile(io.BytesIO(found.data))
        return _made(opened, _MODES[found.space])
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


@lru_cache(1)
def lab() -> Conversion:
    """From CIELAB under D50."""
    from PIL import ImageCms  # noqa: PLC0415

    return _made(ImageCms.createProfile("LAB"), "LAB")


def _made(opened: "ImageCms._CmsProfileCompatible", mode: str) -> Conversion:
    """Perceptual, with black on black, so that an image of print has neither grey shadows nor
    clipped colours. Of profiles that are a matrix and curves, the intent changes nothing."""
    from PIL import ImageCms  # noqa: PLC0415

    flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
    intent = ImageCms.Intent.PERCEPTUAL
    to = ImageCms.createProfile("sRGB")
    return Conversion(mode, ImageCms.buildTransform(opened, to, mode, "RGB", intent, flags))
