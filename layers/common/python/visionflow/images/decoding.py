"""A walked file to pixels of 8 bits by Pillow: what it takes, whether it is whole, its colours."""

import io
import zlib
from collections.abc import Iterable
from dataclasses import replace
from math import ceil

from PIL import Image, UnidentifiedImageError

from visionflow.errors import ImageTooLargeError, TruncatedImageError, UnreadableImageError
from visionflow.images import colours, samples
from visionflow.images.containers.animations import WEBP_BYTES_PER_PIXEL
from visionflow.images.containers.av1 import AVIF_BYTES_PER_PIXEL
from visionflow.images.containers.contents import Contents
from visionflow.images.containers.orientation import EXIF_PREFIX
from visionflow.images.limits import ImageLimits

_HEIF_BRANDS = frozenset(b"heic heix heim heis hevc hevx hevm hevs mif1 msf1".split())

_BAND = 256
_CORNER = 4
_MIDDLE = (127, 128)
_SIXTEEN_BITS = b"\x10"
# Bytes that decoding takes for a pixel, of formats whose decoders hold more than their result.
_PEAKS = {"WEBP": WEBP_BYTES_PER_PIXEL, "AVIF": AVIF_BYTES_PER_PIXEL, "JPEG2000": 32}


def exif_of(image: Image.Image) -> bytes:
    found = image.info.get("exif", b"")
    return found.removeprefix(EXIF_PREFIX) if isinstance(found, bytes) else b""


def load(image: Image.Image, reduction: int) -> None:
    if reduction > 1:
        image.draft(None, (image.width // reduction, image.height // reduction))
    announced = image.size
    image.load()
    if image.size != announced:  # a HEIC's container and its stream may disagree
        raise UnreadableImageError("The image is not of the size that its header says.")


def check_whole(contents: Contents, again: Iterable[bytes], reduction: int) -> None:
    """Refuse an image whose pixels depend on what is put in the place of its end."""
    seen = set()
    for data in (contents.data, *again):
        image = open_image(replace(contents, data=data))
        load(image, reduction)
        seen.add(_checksum(image))
    if len(seen) > 1:
        raise TruncatedImageError("The image data ends before the image does.")


def ends_grey(image: Image.Image, reduction: int) -> bool:
    """Whether the last corner is the middle of the scale, which libjpeg puts where data are
    missing."""
    side = max(1, _CORNER // reduction)
    right, bottom = image.size
    corner = image.crop((max(0, right - side), max(0, bottom - side), right, bottom))
    return all(value in _MIDDLE for band in corner.split() for value in band.getextrema())


def _checksum(image: Image.Image) -> int:
    found = 0
    for top in range(0, image.height, _BAND):
        band = image.crop((0, top, image.width, min(top + _BAND, image.height)))
        found = zlib.crc32(band.tobytes(), found)
    return found


def open_image(contents: Contents) -> Image.Image:
    if contents.format == "HEIF":
        register_heif()
    try:
        if contents.format == "AVIF":
            _prepare_avif()
        image = Image.open(io.BytesIO(contents.data), formats=(contents.format,))
        if contents.format == "JPEG":
            # In one piece: libjpeg decodes the end of each of Pillow's 64 KB by its slow way.
            image.decodermaxblock = len(contents.data)
        return image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooLargeError("The image has more pixels than any format may have.") from error
    except UnidentifiedImageError as error:
        raise UnreadableImageError(
            f"The {contents.format} has a damaged header, or pixels of a kind that is not accepted."
        ) from error


def _prepare_avif() -> None:
    """One thread, because a machine decodes several images at a time. Imported here, because its
    library is large and few images need it."""
    from PIL import AvifImagePlugin  # noqa: PLC0415

    AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def register_heif() -> None:
    """Make Pillow open HEIC, where pillow-heif is installed.

    Imported here, because it takes 40 ms and few images need it.
    """
    try:
        from pillow_heif import HeifImageFile, options  # noqa: PLC0415
    except ImportError as error:
        raise UnreadableImageError(
            "HEIC is not supported here; send the image as JPEG instead (on an iPhone: Settings, "
            "Camera, Formats, Most Compatible)."
        ) from error
    options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False
    options.DECODE_THREADS = 1
    # Pillow-heif's own registration asks for its encoder, which the functions' layer lacks.
    Image.register_open(HeifImageFile.format, HeifImageFile, _is_heif)


def _is_heif(head: bytes) -> bool:
    """By the brands that pillow-heif opens."""
    return head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS


def damaged(error: Exception) -> TruncatedImageError | UnreadableImageError:
    # Pillow's plugins raise many classes on damaged data (OSError, SyntaxError, ValueError,
    # struct.error ...), so with a recognised format each of them means "damaged".
    if "truncated" in str(error).lower() or isinstance(error, EOFError):
        return TruncatedImageError("The image data ends before the image does.")
    return UnreadableImageError(f"The image cannot be decoded ({error}).")


def check_cost(image: Image.Image, contents: Contents, limits: ImageLimits) -> None:
    """Refuse by the header what would take too much memory or time to decode."""
    width, height = contents.samples.size if contents.samples else image.size
    if width * height > (most := limits.max_memory // peak_bytes_per_pixel(image, contents)):
        raise ImageTooLargeError(
            f"The image has {width} x {height} pixels; at most {most:,} are accepted "
            f"of a {image.format} in mode {image.mode}."
        )
    if width * height * contents.scans > limits.max_scanned:
        raise ImageTooLargeError(
            f"The {image.format} has {contents.scans:,} scans of {width} x {height} pixels; at "
            f"most {limits.max_scanned:,} pixels are accepted in all scans together."
        )


def peak_bytes_per_pixel(image: Image.Image, contents: Contents) -> int:
    """Upper bound of what `decode` allocates; a test measures each kind at its limit."""
    if contents.samples:
        # All bytes as they are read and as pixels, and the 8 bits that are made of them.
        width = max(1, contents.samples.size[0])
        return 12 + 2 * ceil(image.width / width) * (1 + len(contents.samples.planes))
    if image.format in _PEAKS:
        return _PEAKS[image.format]
    if image.has_transparency_data or _is_deep(image):
        return 16
    return 12


def flat(image: Image.Image, contents: Contents) -> tuple[Image.Image, colours.Conversion | None]:
    """8 bits, without opacity, in the space that a conversion reads, else in RGB."""
    conversion = colours.conversion(contents.profile) if contents.profile else None
    if contents.samples:
        planes = [open_image(replace(contents, data=data)) for data in contents.samples.planes]
        image = samples.of_bytes([image, *planes], contents.samples)
    elif _is_deep(image):
        image = samples.grey_of(image, contents.high)
    elif contents.format == "PNG" and contents.data[24:25] == _SIXTEEN_BITS:
        samples.of_png(image, lambda: open_image(contents), contents.high)
    if image.mode == "LAB":
        return image, colours.lab()
    if conversion and conversion.mode == _mode(image):
        return _on_white(image, conversion.mode), conversion
    return _on_white(image, "RGB"), None


def _mode(image: Image.Image) -> str:
    """The mode of the colours that a profile is for."""
    return {"CMYK": "CMYK", "L": "L", "LA": "L", "1": "L"}.get(image.mode, "RGB")


def _on_white(image: Image.Image, mode: str) -> Image.Image:
    if image.has_transparency_data:
        rgba = image if image.mode == "RGBA" else image.convert("RGBA")
        white = Image.new("RGB", rgba.size, "white")
        white.paste(rgba, mask=rgba)
        return white.convert(mode)
    return image.convert(mode) if image.mode != mode else image


def _is_deep(image: Image.Image) -> bool:
    return image.mode.startswith("I") or image.mode == "F"
