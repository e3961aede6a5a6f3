"""Images at the size of a tile, with the evidence of an activation map over them."""

import matplotlib as mpl
import numpy as np
from PIL import Image

from visionflow.images.pipeline import UInt8Array

_LEAST_OPAQUE, _MOST_OPAQUE = 0.15, 0.65


def resized(pixels: UInt8Array, side: int) -> UInt8Array:
    """uint8 RGB [H, W, 3] to [side, side, 3]; the pixels of a tiny image stay squares."""
    tiny = 2 * max(pixels.shape[:2]) <= side
    method = Image.Resampling.NEAREST if tiny else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(pixels).resize((side, side), method))


def heat_overlay(
    pixels: UInt8Array, values: tuple[tuple[float, ...], ...], side: int
) -> UInt8Array:
    """``pixels`` [H, W, 3] under the map ``values`` (0..1, blue to red); [side, side, 3]."""
    coarse = Image.fromarray(np.array(values, np.float32))
    heat = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC)).clip(0, 1)
    colours = 255 * mpl.colormaps["turbo"](heat)[..., :3]
    opacity = (_LEAST_OPAQUE + (_MOST_OPAQUE - _LEAST_OPAQUE) * heat)[..., None]
    blended: UInt8Array = (resized(pixels, side) * (1 - opacity) + colours * opacity).astype(
        np.uint8
    )
    return blended
