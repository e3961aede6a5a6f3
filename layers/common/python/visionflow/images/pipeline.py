"""The one image path: bytes to upright RGB to the model's uint8 tensor.

Training's evaluation, int8 calibration, the export gate and the Lambdas all call these functions,
so an image cannot look different to the network in training and in production.

A JPEG much larger than needed is decoded at 1/2, 1/4 or 1/8 of its scale, from the lowest
frequencies of its blocks alone. Along each side the result still has `HEADROOM` times the pixels
that the model sees. Its tensor differs from that of the whole image by less than `TOLERANCE`;
tests/parity measures it.
"""

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from visionflow.errors import (
    EmptyImageError,
    ImageError,
    ImageTooLargeError,
    TruncatedImageError,
    UnreadableImageError,
)
from visionflow.images import containers
from visionflow.images.input_spec import InputSpec
from visionflow.images.limits import DEFAULT_LIMITS, ImageLimits

UInt8Array = npt.NDArray[np.uint8]

THUMBNAIL_SIDE = 256

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

    ``stored``: RGB as stored in the file, at 1/``reduction`` of its width and height. ``width`` and
    ``height`` are the upright image's at full scale, in pixels. ``orientation`` is EXIF's: 1 is
    upright.
    """

    stored: Image.Image
    width: int
    height: int
    orientation: int = 1
    reduction: int = 1

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
        return _turn(self.stored, self.orientation)

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
        return _turn(resized, self.orientation)


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
        image = _open(contents)
        _check_cost(image, contents.scans, limits)
        width, height = image.size
        reduction = _reduction(width, height, spec) if spec and contents.format == "JPEG" else 1
        if reduction > 1:
            image.draft(None, (width // reduction, height // reduction))
        announced = image.size
        image.load()
        if image.size != announced:  # a HEIC's container and its stream may disagree
            raise UnreadableImageError("The image is not of the size that its header says.")
        rgb = _to_rgb(image)
    except (MemoryError, ImageError):
        raise
    except Exception as error:
        raise _damaged(error) from error
    if contents.orientation in _ON_ITS_SIDE:
        width, height = height, width
    return DecodedImage(rgb, width, height, contents.orientation, reduction)


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


def _open(contents: containers.Contents) -> Image.Image:
    if contents.format == "HEIF":
        _register_heif()
    try:
        return Image.open(io.BytesIO(contents.data), formats=(contents.format,))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooLargeError("The image has more pixels than any format may have.") from error
    except UnidentifiedImageError as error:
        raise UnreadableImageError(f"The {contents.format} has a damaged header.") from error


def _register_heif() -> None:
    """Make Pillow open HEIC, where pillow-heif is installed.

    Imported here, because it takes 40 ms and few images need it.
    """
    try:
        from pillow_heif import register_heif_opener  # noqa: PLC0415
    except ImportError as error:
        raise UnreadableImageError(
            "HEIC is not supported here; send the image as JPEG instead (on an iPhone: Settings, "
            "Camera, Formats, Most Compatible)."
        ) from error
    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)


def _damaged(error: Exception) -> TruncatedImageError | UnreadableImageError:
    # Pillow's plugins raise many classes on damaged data (OSError, SyntaxError, ValueError,
    # struct.error ...), so with a recognised format each of them means "damaged".
    if "truncated" in str(error).lower() or isinstance(error, EOFError):
        return TruncatedImageError("The image data ends before the image does.")
    return UnreadableImageError(f"The image cannot be decoded ({error}).")


def _check_cost(image: Image.Image, scans: int, limits: ImageLimits) -> None:
    """Refuse by the header what would take too much memory or time to decode."""
    width, height = image.size
    if width * height > (most := limits.max_memory // _peak_bytes_per_pixel(image)):
        raise ImageTooLargeError(
            f"The image has {width} x {height} pixels; at most {most:,} are accepted "
            f"of a {image.format} in mode {image.mode}."
        )
    if width * height * scans > limits.max_scanned:
        raise ImageTooLargeError(
            f"The {image.format} has {scans:,} scans of {width} x {height} pixels; at most "
            f"{limits.max_scanned:,} pixels are accepted in all scans together."
        )


def _peak_bytes_per_pixel(image: Image.Image) -> int:
    """Upper bound of what `decode` allocates; a test measures each kind at its limit."""
    if image.format == "WEBP":
        return containers.WEBP_BYTES_PER_PIXEL
    if image.has_transparency_data or _is_deep(image):
        return 16
    return 12


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if _is_deep(image):
        return _from_deep_samples(image)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGB", rgba.size, "white")
        white.paste(rgba, mask=rgba)
        return white
    return image.convert("RGB")


def _is_deep(image: Image.Image) -> bool:
    return image.mode.startswith("I") or image.mode == "F"


def _from_deep_samples(image: Image.Image) -> Image.Image:
    """Greyscale of 16 or 32 bits a sample. Pillow's own ``convert`` would clip instead of scale.

    Integers span 0..65535. Floats span 0..1 where none is above 1, else 0..255.
    """
    samples = np.array(image, dtype=np.float32)
    brightest = 65_535.0
    if image.mode == "F":
        brightest = 1.0 if samples.max() <= 1.0 else 255.0
    np.nan_to_num(samples, copy=False)
    samples *= 255.0 / brightest
    samples += 0.5
    np.clip(samples, 0, 255, out=samples)
    return Image.fromarray(samples.astype(np.uint8)).convert("RGB")
