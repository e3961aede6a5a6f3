"""The one image path: bytes to upright RGB to the model's uint8 tensor.

Training's evaluation, int8 calibration, the export gate and the Lambdas all call these functions,
so an image cannot look different to the network in training and in production.

A JPEG much larger than needed is decoded at 1/2, 1/4 or 1/8 of its scale, from the lowest
frequencies of its blocks alone. Along each side the result still has `HEADROOM` times the pixels
that the model sees. Its tensor differs from that of the whole image by less than `TOLERANCE`;
tests/parity measures it.

Colours are converted to sRGB last, of the few pixels that are left.
"""

import io
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from visionflow.errors import EmptyImageError, ImageError
from visionflow.images import colours, containers, decoding
from visionflow.images.containers import tiff_tags
from visionflow.images.input_spec import InputSpec
from visionflow.images.limits import DEFAULT_LIMITS, ImageLimits
from visionflow.images.pixels import THUMBNAIL_SIDE, UInt8Array

__all__ = ["THUMBNAIL_SIDE", "UInt8Array"]

# Pillow calls a reducing gap of 3 indistinguishable from none. Just below it a photo of 12
# megapixels is decoded at a quarter for a model of 224 pixels out of 256.
HEADROOM = 2.9
THUMBNAIL_HEADROOM = 1.9
TOLERANCE = 2.5
"""Mean absolute difference of two tensors of one image, in grey levels of 255."""

_REDUCTIONS = (8, 4, 2)

_RESAMPLING = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}

# EXIF 2.32, tag 0x0112: how to turn the stored pixels so that the image stands upright.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ON_ITS_SIDE = (5, 6, 7, 8)


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """A decoded image.

    ``stored``: RGB as stored in the file, or pixels that ``conversion`` makes RGB of, at
    1/``reduction`` of its width and height. ``width`` and ``height`` are the upright image's at
    full scale, in pixels. ``orientation`` is EXIF's: 1 is upright.
    """

    stored: Image.Image
    width: int
    height: int
    orientation: int = 1
    reduction: int = 1
    conversion: colours.Conversion | None = None

    @classmethod
    def of(cls, image: Image.Image) -> "DecodedImage":
        """An upright RGB image at full scale."""
        return cls(image, *image.size)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, upright, at full scale."""
        return self.width, self.height

    def upright(self) -> Image.Image:
        """All decoded pixels."""
        return _turn(self._in_srgb(self.stored), self.orientation)

    def resized(
        self,
        size: tuple[int, int],
        box: tuple[float, float, float, float],
        resampling: Image.Resampling,
        reducing_gap: float | None = None,
    ) -> Image.Image:
        """What ``box`` (left, top, right, bottom in upright pixels at full scale) shows, upright.

        The box must be centred, because the few pixels that remain are turned last.
        """
        on_its_side = self.orientation in _ON_ITS_SIDE
        if on_its_side:
            size, box = (size[1], size[0]), (box[1], box[0], box[3], box[2])
        # Fractions matter: the last reduced pixel of a row may stand for fewer of the file's.
        left, top, right, bottom = (edge / self.reduction for edge in box)
        resized = self.stored.resize(size, resampling, (left, top, right, bottom), reducing_gap)
        return _turn(self._in_srgb(resized), self.orientation)

    def _in_srgb(self, image: Image.Image) -> Image.Image:
        return image if self.conversion is None else self.conversion(image)


def decode(
    data: bytes, spec: InputSpec | None = None, limits: ImageLimits = DEFAULT_LIMITS
) -> DecodedImage:
    """Decode an image to 8-bit RGB.

    The first frame of an animation is taken, transparency is laid on white, 16-bit samples are
    scaled to 8. With ``spec`` a large JPEG is decoded at the smallest scale that is good enough for
    `prepare` with it and for `thumbnail`; without, every pixel is there.

    Raises `EmptyImageError`, `ImageTooLargeError`, `TruncatedImageError` or `UnreadableImageError`.
    """
    if not data:
        raise EmptyImageError("The image has zero bytes.")
    limits.check_bytes(len(data))
    contents = containers.unpack(data, limits)
    try:
        image = decoding.open_image(contents)
        decoding.check_cost(image, contents, limits)
        width, height = image.size
        reduction = _reduction(width, height, spec) if spec and contents.format == "JPEG" else 1
        if contents.again:
            decoding.check_whole(contents, contents.again, reduction)
        if contents.reduced and reduction > 1:
            image = decoding.open_image(replace(contents, data=contents.reduced(reduction)))
        decoding.load(image, reduction)
        if contents.refilled and decoding.ends_grey(image, reduction):
            decoding.check_whole(contents, contents.refilled(), reduction)
        flat, conversion = decoding.flat(image, contents)
    except (MemoryError, ImageError):
        raise
    except Exception as error:
        raise decoding.damaged(error) from error
    if contents.samples:
        width, height = contents.samples.size
    orientation = contents.orientation
    if contents.format == "AVIF":  # Pillow says by this how the container turns the image
        orientation = tiff_tags.orientation(decoding.exif_of(image)) or 1
    if orientation in _ON_ITS_SIDE:
        width, height = height, width
    return DecodedImage(flat, width, height, orientation, reduction, conversion)


def prepare(image: DecodedImage, spec: InputSpec) -> UInt8Array:
    """Resize and crop in one resampling step. Returns uint8 RGB, [size, size, 3]."""
    box = spec.crop_box(*image.size)
    side = (spec.size, spec.size)
    return np.asarray(image.resized(side, box, _RESAMPLING[spec.interpolation]))


def load(data: bytes, spec: InputSpec) -> UInt8Array:
    """`decode` and `prepare`: from a file's bytes to the model's tensor [size, size, 3]."""
    return prepare(decode(data, spec), spec)


def thumbnail(image: DecodedImage, side: int = THUMBNAIL_SIDE) -> bytes:
    """A JPEG of the whole image that fits into ``side`` x ``side`` pixels, never enlarged."""
    scale = min(1.0, side / max(image.size))
    width, height = (max(1, round(length * scale)) for length in image.size)
    whole = (0, 0, *image.size)
    # Reduced by a whole step first where there is one, the rest by Hamming's filter: a third of
    # bicubic's time on a web photo, and one grey level away from it.
    small = image.resized((width, height), whole, Image.Resampling.HAMMING, reducing_gap=1.0)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def _reduction(width: int, height: int, spec: InputSpec) -> int:
    """By how much a JPEG may be reduced in decoding."""
    most = min(
        min(width, height) / (HEADROOM * spec.resize),
        max(width, height) / (THUMBNAIL_HEADROOM * THUMBNAIL_SIDE),
    )
    return next((scale for scale in _REDUCTIONS if scale <= most), 1)


def _turn(image: Image.Image, orientation: int) -> Image.Image:
    turn = _UPRIGHT.get(orientation)
    return image if turn is None else image.transpose(turn)
