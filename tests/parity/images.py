"""Real images of the odd kinds that people send."""

from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image

from tests.images import encode

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
        "grey-16-bit.png": _sixteen_bit,
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


def _sixteen_bit(image: Image.Image) -> bytes:
    samples = np.asarray(image.convert("L")).astype(np.uint16) * 257
    return encode(Image.fromarray(samples), "PNG")


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
