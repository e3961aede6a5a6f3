"""Drawn flowers: a dataset of five classes for tests and demonstrations, without any download.

The classes differ in form, not in colour: each kind comes in colours that others have too, with
random position, size, tilt, rotation, light, occlusion and background. So a network has to look at
petals, and a linear model on the pixels fails.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from training.data.sources.flower_kinds import KINDS, Brush, Colour, Kind, grass, scaled, stem
from training.data.sources.whole_folder import already_made, whole_folder
from training.errors import DatasetError
from training.texts.progress import Bar

LABELS = tuple(KINDS)
LEAST_SIZE = 32

_OVERSAMPLING = 2
# Above and below.
_GROUNDS: tuple[tuple[Colour, Colour], ...] = (
    ((88, 132, 60), (52, 92, 40)),
    ((40, 66, 40), (22, 38, 26)),
    ((150, 190, 226), (98, 148, 84)),
    ((126, 98, 74), (76, 58, 44)),
    ((170, 168, 160), (112, 116, 104)),
    ((182, 190, 122), (120, 140, 80)),
)


def draw_flower(label: str, size: int, generator: np.random.Generator) -> Image.Image:
    """One image of ``label``, RGB, ``size`` x ``size`` pixels, decided by ``generator`` alone."""
    side = size * _OVERSAMPLING
    image = _background(side, generator)
    brush = Brush(image, generator)
    grass(brush, int(generator.integers(0, 14)))
    kind = KINDS[label]
    colour = kind.colours[generator.integers(len(kind.colours))]
    if generator.random() < 0.35:
        # A neighbour further off, out of focus and often cut by the border.
        x, y = generator.uniform(0.0, 1.0, 2).tolist()
        _grow(brush, kind, colour, (x, y), 0.55)
        image.paste(image.filter(ImageFilter.GaussianBlur(side / 60)))
    x, y = generator.normal(0.5, 0.09, 2).tolist()
    _grow(brush, kind, colour, (x, y), 1.0)
    if generator.random() < 0.4:
        grass(brush, int(generator.integers(1, 5)))
    return _photograph(image.reduce(_OVERSAMPLING), generator)


def write_flowers(folder: Path, images: int, size: int = 96, seed: int = 1) -> bool:
    """Class folders with ``images`` JPEG files each; whole or not there at all.

    Image i of a class depends on the seed, the class and i, so a larger set begins with the smaller
    one. Returns False where ``folder`` holds this set already. Raises `DatasetError` when it holds
    something else or a number is too small.
    """
    if images < 1 or size < LEAST_SIZE:
        raise DatasetError(
            f"flowers: at least 1 image of at least {LEAST_SIZE} pixels; "
            f"asked for {images} of {size}"
        )
    source = {"name": "flowers", "images": images, "size": size, "seed": seed}
    if already_made(folder, source):
        return False
    with (
        whole_folder(folder, source) as partial,
        Bar[None](what="draw flowers", total=images * len(LABELS), unit="images") as bar,
    ):
        for target, label in enumerate(LABELS):
            (partial / label).mkdir()
            for i in range(images):
                generator = np.random.default_rng([seed, target, i])
                image = draw_flower(label, size, generator)
                image.save(partial / label / f"{i:05}.jpg", quality=92)
                bar.add()
    return True


def _grow(
    brush: Brush, kind: Kind, colour: Colour, centre: tuple[float, float], scale: float
) -> None:
    """One flower, mostly with its stem."""
    random = brush.random
    radius = scale * random.uniform(0.24, 0.4)
    turn = random.normal(0, 0.25) if kind.upright else random.uniform(0, 2 * np.pi)
    tilt = 1.0 if kind.upright else random.uniform(0.62, 1.0)
    if random.random() < 0.7:
        brush.place(centre, radius, 0.0, 1.0)
        stem(brush)
    brush.place(centre, radius, turn, tilt)
    kind.draw(brush, brush.shade(colour, 0.12))


def _background(side: int, random: np.random.Generator) -> Image.Image:
    """Two colours that run into each other, clouded, with blots: foliage out of focus."""
    above, below = (np.array(colour) for colour in _GROUNDS[random.integers(len(_GROUNDS))])
    ramp = np.linspace(0, 1, 12)[:, None, None]
    coarse = above * (1 - ramp) + below * ramp + random.normal(0, 16, (12, 12, 1))
    coarse = np.clip(coarse + random.normal(0, 7, (12, 12, 3)), 0, 255)
    image = Image.fromarray(coarse.astype(np.uint8))
    image = image.resize((side, side), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(random.integers(0, 8)):
        x, y = random.uniform(0, side, 2).tolist()
        radius = side * random.uniform(0.02, 0.09)
        red, green, blue = coarse[int(12 * y / side), int(12 * x / side)].tolist()
        tone = scaled((red, green, blue), random.uniform(0.75, 1.35))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=tone)
    return image.filter(ImageFilter.BoxBlur(side / 40))


def _photograph(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """Light from one side, exposure, white balance, focus and sensor noise."""
    if random.random() < 0.3:
        image = image.filter(ImageFilter.GaussianBlur(random.uniform(0.3, 1.0) * image.width / 96))
    pixels = np.asarray(image, np.float32)
    steps = np.linspace(-1, 1, image.width, dtype=np.float32)
    across, down = random.uniform(-0.28, 0.28, 2).astype(np.float32)
    light = 1 + across * steps[None, :] + down * steps[:, None]
    balance = (random.uniform(0.72, 1.15) * random.uniform(0.92, 1.08, 3)).astype(np.float32)
    noise = random.standard_normal(pixels.shape, np.float32) * random.uniform(2, 12)
    pixels = pixels * light[..., None] * balance + noise
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
