"""The one image path: bytes to upright RGB to the model's uint8 tensor.

Training's evaluation, int8 calibration, the export gate and the Lambdas all call these functions,
so a picture cannot look different to the network in training and in production.
"""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError
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
    width, height = image.size
    if width * height > limits.max_pixels:
        raise _too_many_pixels(f"{width} x {height}", limits)
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
    if max(image.size) > side:
        image = ImageOps.contain(image, (side, side), Image.Resampling.BICUBIC)
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
        raise _too_many_pixels("more than that", DEFAULT_LIMITS) from error
    except Exception as error:
        raise _damaged(error) from error


def _damaged(error: Exception) -> TruncatedImageError | UnreadableImageError:
    # Pillow's plugins raise whatever they trip over on damaged data (OSError, SyntaxError,
    # ValueError, struct.error ...), so behind a recognised format everything means "damaged".
    if "truncated" in str(error).lower() or isinstance(error, EOFError):
        return TruncatedImageError("The image data ends before the picture does.")
    return UnreadableImageError(f"The image data is damaged ({error}).")


def _too_many_pixels(found: str, limits: ImageLimits) -> ImageTooLargeError:
    return ImageTooLargeError(
        f"The image would unpack to {found} pixels; at most {limits.max_pixels:,} are accepted."
    )


def _orientation(image: Image.Image) -> Image.Transpose | None:
    try:
        return _UPRIGHT.get(image.getexif().get(ExifTag.Orientation, 1))
    except Exception:
        # A damaged EXIF block says nothing about the pixels: the picture is taken as it lies.
        return None


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I") or image.mode == "F":
        return _from_deep_samples(image)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def _from_deep_samples(image: Image.Image) -> Image.Image:
    """Greyscale of 16 or 32 bits a sample. Pillow's own ``convert`` would clip instead of scale.

    Integers span 0..65535. Floats span 0..1 where none is above 1, else 0..255.
    """
    samples = np.asarray(image).astype(np.float32)
    brightest = 65_535.0
    if image.mode == "F":
        brightest = 1.0 if samples.max() <= 1.0 else 255.0
    scale = 255.0 / brightest
    grey = np.clip(np.nan_to_num(samples) * scale + 0.5, 0, 255).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")
