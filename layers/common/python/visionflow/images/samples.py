"""Deep samples to 8 bits: one rule for what is black and what is white.

1. What the file states counts: TIFF's (S)MinSampleValue and (S)MaxSampleValue, or 12 bits a sample.
   A stated range that is all that the type can hold says nothing, nor does a stated end of whole
   numbers beyond which samples lie.
2. Else whole numbers without a negative one span 0 to the smallest of 8, 10, 12, 14, 16, 24 or 32
   bits that holds the largest of them: cameras and microscopes write 12 bits into 16.
3. Else floating numbers span 0 to 1, or 0 to 255, where all lie within.
4. Else samples span what they have, from the smallest to the largest.

All samples of an image are scaled alike. Where white is zero (WhiteIsZero), the result is inverted,
at any depth. NaN is black, infinities are black and white.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from visionflow.errors import UnreadableImageError
from visionflow.images.containers.contents import Samples

Array = npt.NDArray[Any]

_DEPTHS = (8, 10, 12, 14, 16, 24, 32)
_BAND = 256
# A megapixel at most is unpacked at a time.
_BAND_BYTES = 8_000_000
_HORIZONTAL, _FLOATING = 2, 3
_FULL = 65_535.0
# The upper byte of a sample of more than 14 bits.
_NEEDS_ALL_BITS = 64


def span(
    smallest: float,
    largest: float,
    *,
    whole: bool,
    low: float | None = None,
    high: float | None = None,
) -> tuple[float, float]:
    """The values of black and white, by the rule above.

    ``smallest`` and ``largest`` finite sample; ``low`` and ``high`` as stated.
    """
    if high is not None:
        return min(smallest, 0.0) if low is None else low, high
    if smallest >= 0 and whole:
        bits = next((bits for bits in _DEPTHS if largest < 2.0**bits), _DEPTHS[-1])
        return low or 0.0, 2.0**bits - 1
    if smallest >= 0 and largest <= 255:
        return low or 0.0, 1.0 if largest <= 1 else 255.0
    return (smallest if low is None else low), largest


def scaled(values: Array, black: float, white: float) -> npt.NDArray[np.uint8]:
    """``values`` in 8 bits, rounded."""
    if not white > black:
        return np.zeros(values.shape, np.uint8)
    found: npt.NDArray[np.floating[Any]] = np.array(
        values, np.float64 if values.dtype.itemsize > 2 else np.float32
    )
    with np.errstate(invalid="ignore", over="ignore"):
        found -= black
        found *= 255.0 / (white - black)
        found += 0.5
    np.nan_to_num(found, copy=False, nan=0.0, posinf=255.0, neginf=0.0)
    np.clip(found, 0, 255, out=found)
    return found.astype(np.uint8)


def grey_of(image: Image.Image, high: float | None) -> Image.Image:
    """A decoded image of one deep sample a pixel in 8 bits. ``high``: white by what the file
    states, which holds unless a sample is above."""
    values = np.asarray(image)
    largest = float(values.max())
    stated = high if high is not None and largest <= high else None
    if high is not None and stated is None:
        stated = _FULL
    whole = np.issubdtype(values.dtype, np.integer)
    black, white = span(float(values.min()), largest, whole=whole, high=stated)
    return Image.fromarray(scaled(values, black, white))


def of_bytes(images: list[Image.Image], samples: Samples) -> Image.Image:
    """The image whose bytes are the grey pixels of ``images``: one, or one for each plane.

    In mode L or RGB, laid on white where it has opacity.
    """
    width, height = samples.size
    black, white = _span_of(images, samples)
    result = np.empty((height, width, samples.colours), np.uint8)
    at = 0
    for band in _bands(images, samples):
        values = band[..., : samples.colours]
        if samples.colours > 1 and band.dtype.itemsize == 2 and (black, white) == (0, _FULL):
            shown = (values >> 8).astype(np.uint8)  # as Pillow reads 16 bits of a PNG
        else:
            shown = scaled(values, black, white)
        if samples.inverted:
            shown = 255 - shown
        if samples.alpha is not None:
            shown = _on_white(shown, band[..., samples.alpha], samples)
        result[at : at + len(shown)] = shown
        at += len(shown)
    return Image.fromarray(result if samples.colours > 1 else result[..., 0])


def _span_of(images: list[Image.Image], samples: Samples) -> tuple[float, float]:
    """The values of black and white of all samples that are shown."""
    largest, smallest, whole = -math.inf, math.inf, True
    for band in _bands(images, samples):
        whole = np.issubdtype(band.dtype, np.integer)
        shown = band[..., : samples.colours]
        if not whole:
            shown = shown[np.isfinite(shown)]
        if shown.size:
            largest = max(largest, float(shown.max()))
            smallest = min(smallest, float(shown.min()))
    if largest < smallest:
        smallest = largest = 0.0
    low, high = samples.low, samples.high
    if whole and low is not None and smallest < low:
        low = None
    if whole and high is not None and largest > high:
        high = None
    return span(smallest, largest, whole=whole, low=low, high=high)


def of_png(image: Image.Image, again: Callable[[], Image.Image], high: float | None) -> None:
    """Brighten the upper bytes of 16-bit colours, in place, where no sample needs all 16 bits.

    ``image``: decoded by Pillow, which leaves the lower bytes out; ``again`` opens it anew.
    """
    extrema = cast(tuple[tuple[int, int], ...], image.getextrema())
    if max(largest for _, largest in extrema[:3]) >= _NEEDS_ALL_BITS:
        return
    both = cast(ImageFile.ImageFile, again())
    tile = both.tile[0]
    # Grey with opacity: two samples of two bytes, read as four of one.
    grey = tile.args == "LA;16B"
    rawmode = "RGBA" if grey else f"{image.mode};16L"
    both.tile = [tile._replace(args=rawmode)]
    both.load()
    bands = range(0, image.height, _BAND)

    def values(top: int) -> Array:
        box = (0, top, image.width, min(top + _BAND, image.height))
        upper = np.asarray(image.crop(box)).astype(np.uint16)
        lower = np.asarray(both.crop(box)).astype(np.uint16)
        return (upper << 8) | (lower[..., [1, 1, 1, 3]] if grey else lower)

    largest = max(int(values(top)[..., :3].max()) for top in bands)
    stated = high if high is not None and largest <= high else None
    _, white = span(0, largest, whole=True, high=stated)
    for top in bands:
        found = values(top)
        shown = scaled(found, 0, white)
        if image.mode == "RGBA":
            shown[..., 3] = found[..., 3] >> 8
        image.paste(Image.fromarray(shown, image.mode), (0, top))


def _on_white(shown: npt.NDArray[np.uint8], opacity: Array, samples: Samples) -> Array:
    whole = np.issubdtype(opacity.dtype, np.integer)
    full = float(np.iinfo(opacity.dtype).max) if whole else 1.0
    if samples.dtype == "packed12":
        full = 4095.0
    share = np.clip(np.nan_to_num(opacity.astype(np.float32)) / full, 0, 1)[..., None]
    colour = shown.astype(np.float32)
    if not samples.premultiplied:
        colour *= share
    result: Array = np.clip(colour + 255 * (1 - share) + 0.5, 0, 255).astype(np.uint8)
    return result


def _bands(images: list[Image.Image], samples: Samples) -> Iterator[Array]:
    """The samples [rows, width, samples] of some rows at a time."""
    width, height = samples.size
    rows = max(1, min(_BAND, _BAND_BYTES // max(1, images[0].width * len(images))))
    for top in range(0, height, rows):
        down = min(rows, height - top)
        count = 1 if len(images) > 1 else samples.count
        planes = [
            _unpacked(np.asarray(image.crop((0, top, image.width, top + down))), samples, count)
            for image in images
        ]
        yield (planes[0] if len(planes) == 1 else np.concatenate(planes, axis=2))[:, :width]


def _unpacked(rows: npt.NDArray[np.uint8], samples: Samples, count: int) -> Array:
    """Bytes [rows, bytes] to samples [rows, pixels, count], each piece of a row for itself."""
    if samples.dtype == "packed12":
        return _twelve_bits(rows, count)
    dtype = np.dtype(samples.dtype)
    pieces = rows.reshape(len(rows), -1, samples.across * count * dtype.itemsize)
    if samples.predictor == _FLOATING:
        # The sum runs over bytes at the distance of a pixel; the highest bytes of all come first.
        summed = pieces.reshape(*pieces.shape[:2], -1, count).cumsum(axis=2, dtype=np.uint8)
        apart = summed.reshape(*pieces.shape[:2], dtype.itemsize, -1)
        joined = np.ascontiguousarray(apart.swapaxes(2, 3))
        values = joined.view(dtype.newbyteorder(">"))[..., 0]
    else:
        values = np.ascontiguousarray(pieces).view(dtype)
    values = values.astype(dtype.newbyteorder("="), copy=False)
    values = values.reshape(*values.shape[:2], -1, count)
    if samples.predictor == _HORIZONTAL:
        if not np.issubdtype(dtype, np.integer):
            raise UnreadableImageError("The TIFF's predictor does not suit its samples.")
        values = values.cumsum(axis=2, dtype=values.dtype)
    return values.reshape(len(rows), -1, count)


def _twelve_bits(rows: npt.NDArray[np.uint8], count: int) -> Array:
    """Two samples in three bytes, the first in the upper bits."""
    padded = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 3))).reshape(len(rows), -1, 3)
    first, middle, last = (padded[..., n].astype(np.uint16) for n in range(3))
    both = np.stack([first << 4 | middle >> 4, (middle & 15) << 8 | last], axis=-1)
    flat = both.reshape(len(rows), -1)
    return flat[:, : flat.shape[1] // count * count].reshape(len(rows), -1, count)
