"""Real images of the odd kinds that people send."""

from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image

from tests.images import encode
from tests.profiles import DISPLAY_P3, SRGB, encoded, of_space, srgb_curve

SAMPLES = Path(__file__).parents[2] / "infra" / "samples"
# A photograph that a dependency ships: no image of a person's own has to travel with the project.
PHOTO = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"


def photo() -> Image.Image:
    """RGB, 512 x 600 or so."""
    return Image.open(PHOTO).convert("RGB")


def odd_images() -> dict[str, bytes]:
    """File name -> content. Every one shows the photograph, stored in another way."""
    rgb = photo()
    kinds: dict[str, Callable[[Image.Image], bytes]] = {
        "plain.jpg": lambda image: encode(image, "JPEG", quality=90),
        "progressive-420.jpg": lambda image: encode(
            image, "JPEG", progressive=True, subsampling="4:2:0"
        ),
        "exif-rotated.jpg": _rotated_by_exif,
        "cmyk.jpg": lambda image: encode(image.convert("CMYK"), "JPEG"),
        "grey.jpg": lambda image: encode(image.convert("L"), "JPEG"),
        "display-p3.jpg": _in_display_p3,
        "xmp-rotated.jpg": _rotated_by_xmp,
        "without-its-end.jpeg": lambda image: encode(image, "JPEG", quality=90)[:-2],
        "photo.avif": lambda image: encode(image, "AVIF", quality=80, speed=10),
        "photo.jp2": lambda image: encode(image, "JPEG2000"),
        "grey-16-bit.png": _sixteen_bit,
        "grey-12-bit.tif": lambda image: encode(_deep(image, 4095), "TIFF"),
        "grey-float.tif": _floating,
        "palette-transparent.png": _palette_with_transparency,
        "grey-alpha.png": lambda image: encode(_with_alpha(image).convert("LA"), "PNG"),
        "colour-alpha.png": lambda image: encode(_with_alpha(image), "PNG"),
        "one-bit.png": lambda image: encode(image.convert("1"), "PNG"),
        "animated.gif": _animation,
        "lossy.webp": lambda image: encode(image, "WEBP", quality=80),
        "alpha.webp": lambda image: encode(_with_alpha(image), "WEBP", lossless=True),
        "tall.png": lambda image: encode(image.resize((31, 400)), "PNG"),
        "smaller-than-the-input.png": lambda image: encode(image.resize((9, 7)), "PNG"),
    }
    return {name: make(rgb) for name, make in kinds.items()}


def crops(size: int, count: int, seed: int = 0) -> Iterator[bytes]:
    """Square PNG cut-outs of the photograph and the samples, each of a random place and scale."""
    generator = np.random.default_rng(seed)
    sources = [
        photo(),
        *(Image.open(path).convert("RGB") for path in sorted(SAMPLES.glob("*.jpg"))),
    ]
    for i in range(count):
        source = sources[i % len(sources)]
        side = int(generator.integers(size, min(source.size)))
        left, top = (int(generator.integers(0, length - side + 1)) for length in source.size)
        yield encode(source.crop((left, top, left + side, top + side)), "PNG")


def _rotated_by_exif(image: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encode(image.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=90)


def _rotated_by_xmp(image: Image.Image) -> bytes:
    packet = b'<x xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/>'
    return encode(image.transpose(Image.Transpose.ROTATE_90), "JPEG", xmp=packet, quality=90)


def _in_display_p3(image: Image.Image) -> bytes:
    """The values that show the photograph's colours in Display P3."""
    linear = srgb_curve(np.asarray(image) / 255)
    inverse = np.linalg.inv(DISPLAY_P3.to_d50()) @ SRGB.to_d50()
    values = np.rint(encoded(linear @ inverse.T) * 255).astype(np.uint8)
    return encode(Image.fromarray(values), "JPEG", quality=90, icc_profile=of_space(DISPLAY_P3))


def _sixteen_bit(image: Image.Image) -> bytes:
    return encode(_deep(image, 65_535), "PNG")


def _deep(image: Image.Image, white: int) -> Image.Image:
    samples = np.asarray(image.convert("L")) / 255 * white
    return Image.fromarray(np.rint(samples).astype(np.uint16))


def _floating(image: Image.Image) -> bytes:
    return encode(Image.fromarray(np.asarray(image.convert("L"), np.float32) / 255), "TIFF")


def _with_alpha(image: Image.Image) -> Image.Image:
    ramp = np.linspace(0, 255, image.width, dtype=np.uint8)
    alpha = Image.fromarray(np.broadcast_to(ramp, (image.height, image.width)).copy())
    result = image.copy()
    result.putalpha(alpha)
    return result


def _palette_with_transparency(image: Image.Image) -> bytes:
    return encode(image.quantize(64), "PNG", transparency=3)


def _animation(image: Image.Image) -> bytes:
    frames = [
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        image.transpose(Image.Transpose.ROTATE_90),
    ]
    return encode(image, "GIF", save_all=True, append_images=frames, duration=80)
