"""The one image path: bytes to upright RGB to the model's uint8 tensor.

Training's evaluation, int8 calibration, the export gate and the Lambdas all call these functions,
so a picture cannot look different to the network in training and in production.
"""

import io
import re

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError
from PIL.ExifTags import Base as ExifTag

from visionflow.errors import (
    EmptyImageError,
    ImageTooLargeError,
    TruncatedImageError,
    UnreadableImageError,
)
from visionflow.input_spec import InputSpec
from visionflow.limits import DEFAULT_LIMITS, ImageLimits

UInt8Array = npt.NDArray[np.uint8]

ACCEPTED_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
THUMBNAIL_SIDE = 256

_RESAMPLING = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}

# The markers that a length follows, and the one that ends the picture.
_JPEG_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
_START_OF_IMAGE = b"\xff\xd8"
_START_OF_SCAN = 0xDA
_END_OF_IMAGE = 0xD9

# EXIF 2.32, tag 0x0112: how to turn the stored pixels so that the picture stands upright.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(data: bytes, limits: ImageLimits = DEFAULT_LIMITS) -> Image.Image:
    """Decode a picture to upright 8-bit RGB.

    The first frame of an animation is taken, transparency is laid on white, 16-bit samples are
    scaled to 8, and the EXIF orientation is applied.

    Raises `EmptyImageError`, `ImageTooLargeError`, `TruncatedImageError` or `UnreadableImageError`.
    """
    if not data:
        raise EmptyImageError("The image has zero bytes.")
    if len(data) > limits.max_bytes:
        raise ImageTooLargeError(
            f"The image has {len(data):,} bytes; at most {limits.max_bytes:,} are accepted."
        )
    image = _open(data)
    _check_cost(image, data, limits)
    try:
        image.load()
        orientation = _orientation(image)
        rgb = _to_rgb(image)
    except MemoryError:
        raise
    except Exception as error:
        raise _damaged(error) from error
    return rgb.transpose(orientation) if orientation is not None else rgb


def prepare(image: Image.Image, spec: InputSpec) -> UInt8Array:
    """Resize and crop in one resampling step. Returns uint8 RGB, [size, size, 3]."""
    box = spec.crop_box(*image.size)
    side = (spec.size, spec.size)
    return np.asarray(image.resize(side, _RESAMPLING[spec.interpolation], box=box))


def load(data: bytes, spec: InputSpec, limits: ImageLimits = DEFAULT_LIMITS) -> UInt8Array:
    """`decode` and `prepare`: from a file's bytes to the model's tensor [size, size, 3]."""
    return prepare(decode(data, limits), spec)


def media_type(data: bytes) -> str:
    """The MIME type that the bytes themselves tell, whatever the sender called them.

    Raises `UnreadableImageError`.
    """
    return Image.MIME[_open(data).format or ""]


def thumbnail(image: Image.Image, side: int = THUMBNAIL_SIDE) -> bytes:
    """A JPEG of the whole picture that fits into ``side`` x ``side`` pixels, never enlarged."""
    longest = max(image.size)
    if longest > side:
        width, height = (max(1, round(length * side / longest)) for length in image.size)
        # A large picture is first reduced by whole steps, to twice the thumbnail's size.
        image = image.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=2.0)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=ACCEPTED_FORMATS)
    except UnidentifiedImageError as error:
        accepted = ", ".join(ACCEPTED_FORMATS)
        raise UnreadableImageError(f"Not an image in an accepted format ({accepted}).") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooLargeError("The image has more pixels than any format may have.") from error
    except Exception as error:
        raise _damaged(error) from error


def _damaged(error: Exception) -> TruncatedImageError | UnreadableImageError:
    # Pillow's plugins raise whatever they trip over on damaged data (OSError, SyntaxError,
    # ValueError, struct.error ...), so behind a recognised format everything means "damaged".
    if "truncated" in str(error).lower() or isinstance(error, EOFError):
        return TruncatedImageError("The image data ends before the picture does.")
    return UnreadableImageError(f"The image cannot be decoded ({error}).")


def _check_cost(image: Image.Image, data: bytes, limits: ImageLimits) -> None:
    """Refuse by the header what would take too much memory or time to decode."""
    width, height = image.size
    if width * height > (most := limits.max_memory // _peak_bytes_per_pixel(image)):
        raise ImageTooLargeError(
            f"The image has {width} x {height} pixels; at most {most:,} are accepted "
            f"of a {image.format} in mode {image.mode}."
        )
    if data.startswith(_START_OF_IMAGE) and (scans := _count_scans(data)) > limits.max_scans:
        raise ImageTooLargeError(
            f"The JPEG has {scans:,} scans; at most {limits.max_scans} are accepted."
        )


def _peak_bytes_per_pixel(image: Image.Image) -> int:
    """Upper bound of what `decode` allocates; a test measures each kind at its limit."""
    if image.format == "WEBP":
        return 24  # the decoder keeps two canvases of an animation beside the frame
    if image.has_transparency_data or _is_deep(image):
        return 16
    return 12


def _count_scans(data: bytes) -> int:
    """Start-of-scan markers of a JPEG up to its end marker, without decoding it.

    Segments are stepped over by their length, so what lies in EXIF or behind the picture (its own
    thumbnail, a phone's video) is not counted. ITU-T T.81, annex B.
    """
    scans, at = 0, 2
    while marker := _JPEG_MARKER.search(data, at):
        kind, at = data[marker.end() - 1], marker.end()
        if kind == _END_OF_IMAGE:
            break
        scans += kind == _START_OF_SCAN
        at += int.from_bytes(data[at : at + 2], "big")
    return scans


def _orientation(image: Image.Image) -> Image.Transpose | None:
    try:
        return _UPRIGHT.get(image.getexif().get(ExifTag.Orientation, 1))
    except Exception:
        # A damaged EXIF block says nothing about the pixels: the picture is taken as it lies.
        return None


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
