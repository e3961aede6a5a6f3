"""Drawn flowers: a data set of five classes for tests and demonstrations, without any download.

What tells the classes apart is form, not colour: each kind comes in several colours that others
have too, at any place, size, tilt and rotation, in changing light, partly hidden, before all sorts
of backgrounds. So a network has to look at petals; a linear model on the pixels cannot.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter
from tqdm import tqdm

from training.data.whole_folder import already_made, whole_folder
from training.errors import DatasetError

FloatArray = npt.NDArray[np.float64]
Colour = tuple[int, int, int]

LEAST_SIZE = 32
_OVERSAMPLING = 2
_GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))


class Brush:
    """Draws in the flower's own plane: unit radius, turned, tilted and moved into the picture."""

    def __init__(self, image: Image.Image, generator: np.random.Generator) -> None:
        self.random = generator
        self._draw = ImageDraw.Draw(image)
        self._side = image.width
        self.place((0.5, 0.5), 0.3, 0.0, 1.0)

    def place(self, centre: tuple[float, float], radius: float, turn: float, tilt: float) -> None:
        """Where the next flower goes: shares of the picture's side; ``tilt`` 1 faces us."""
        self._centre = np.array(centre) * self._side
        self._radius = radius * self._side
        squash = np.diag([1.0, tilt])
        self._axes = _rotation(turn) @ squash * self._radius

    def polygon(self, outline: FloatArray, colour: Colour, edge: Colour | None = None) -> None:
        points = outline @ self._axes.T + self._centre
        self._draw.polygon(points.ravel().tolist(), fill=colour, outline=edge)

    def line(self, outline: FloatArray, colour: Colour, width: float) -> None:
        points = outline @ self._axes.T + self._centre
        pixels = max(1, round(width * self._radius))
        self._draw.line(points.ravel().tolist(), fill=colour, width=pixels, joint="curve")

    def dots(self, centres: FloatArray, radius: float, colours: list[Colour]) -> None:
        pixels = max(0.7, radius * self._radius)
        points = centres @ self._axes.T + self._centre
        for (x, y), colour in zip(points, colours, strict=True):
            self._draw.ellipse((x - pixels, y - pixels, x + pixels, y + pixels), fill=colour)

    def shade(self, colour: Colour, spread: float = 0.08) -> Colour:
        """``colour``, a little brighter or darker by chance."""
        return _scaled(colour, 1 + self.random.uniform(-spread, spread))


def draw_flower(label: str, size: int, generator: np.random.Generator) -> Image.Image:
    """One picture of ``label``, RGB, ``size`` x ``size`` pixels, decided by ``generator`` alone."""
    side = size * _OVERSAMPLING
    image = _background(side, generator)
    brush = Brush(image, generator)
    _grass(brush, int(generator.integers(0, 14)))
    flower = _FLOWERS[label]
    colours = int(generator.integers(len(_PETALS[label])))
    if generator.random() < 0.35:
        # A neighbour further off, out of focus and often cut by the border.
        centre = generator.uniform(0.0, 1.0, 2)
        _one_flower(brush, flower, _PETALS[label][colours], tuple(centre), 0.55)
        blurred = image.filter(ImageFilter.GaussianBlur(side / 60))
        image.paste(blurred)
    centre = generator.normal(0.5, 0.09, 2)
    _one_flower(brush, flower, _PETALS[label][colours], tuple(centre), 1.0)
    if generator.random() < 0.4:
        _grass(brush, int(generator.integers(1, 5)))
    return _photograph(image.reduce(_OVERSAMPLING), generator)


def write_flowers(folder: Path, pictures: int, size: int = 96, seed: int = 1) -> bool:
    """Class folders with ``pictures`` JPEG files each; whole or not there at all.

    Picture i of a class depends on the seed, the class and i, so a larger set begins with the
    smaller one. Returns False where ``folder`` holds this very set already. Raises `DatasetError`
    when it holds something else or a number is too small.
    """
    if pictures < 1 or size < LEAST_SIZE:
        raise DatasetError(
            f"flowers: at least 1 picture of at least {LEAST_SIZE} pixels; "
            f"asked for {pictures} of {size}"
        )
    source = {"name": "flowers", "pictures": pictures, "size": size, "seed": seed}
    if already_made(folder, source):
        return False
    with (
        whole_folder(folder, source) as partial,
        tqdm(total=pictures * len(LABELS), desc="draw flowers", unit="img") as progress,
    ):
        for target, label in enumerate(LABELS):
            (partial / label).mkdir()
            for i in range(pictures):
                generator = np.random.default_rng([seed, target, i])
                image = draw_flower(label, size, generator)
                image.save(partial / label / f"{i:05}.jpg", quality=92)
                progress.update()
    return True


def _one_flower(
    brush: Brush,
    flower: Callable[[Brush, Colour], None],
    colour: Colour,
    centre: tuple[float, ...],
    scale: float,
) -> None:
    random = brush.random
    radius = scale * random.uniform(0.24, 0.4)
    upright = flower in (_tulip, _puff_or_dandelion)
    turn = random.normal(0, 0.25) if upright else random.uniform(0, 2 * np.pi)
    tilt = 1.0 if upright else random.uniform(0.62, 1.0)
    place = (float(centre[0]), float(centre[1]))
    if random.random() < 0.7:
        _stem(brush, place, radius)
    brush.place(place, radius, float(turn), float(tilt))
    flower(brush, brush.shade(colour, 0.12))


def _stem(brush: Brush, centre: tuple[float, float], radius: float) -> None:
    random = brush.random
    brush.place(centre, radius, 0.0, 1.0)
    green = _leaf_green(random)
    lean = random.uniform(-0.8, 0.8)
    t = np.linspace(0, 1, 12)[:, None]
    path = np.hstack([lean * t**2, 4 * t])
    brush.line(path, _scaled(green, 0.7), 0.13)
    brush.line(path - [0.02, 0], green, 0.07)
    for side in (-1, 1):
        if random.random() < 0.5:
            leaf = _petal(1.2, 0.22, 0.9) @ _rotation(np.pi / 2 - side * random.uniform(0.5, 1.1)).T
            brush.polygon(leaf + path[3] + [0, 0.3], brush.shade(green, 0.2), _scaled(green, 0.6))


def _daisy(brush: Brush, colour: Colour) -> None:
    """Some dozen separate blunt petals in one ring around a flat yellow disc."""
    random = brush.random
    count = int(random.integers(11, 20))
    outline = _petal(1.0, random.uniform(1.5, 1.9) / count, 0.45)
    _ring(brush, outline, count, colour, 0.0, 0.08)
    _disc(brush, random.uniform(0.24, 0.32), (235, 180, 40), 60, 0.85)


def _sunflower(brush: Brush, colour: Colour) -> None:
    """Two rings of many pointed petals around a wide disc of seeds."""
    random = brush.random
    count = int(random.integers(17, 25))
    outline = _petal(1.0, random.uniform(2.0, 2.6) / count, 1.3)
    _ring(brush, outline, count, _scaled(colour, 0.82), 0.0, 0.08)
    _ring(brush, outline * 0.9, count, colour, np.pi / count, 0.08)
    seeds = ((70, 42, 20), (50, 30, 18), (100, 66, 28))[int(random.integers(3))]
    _disc(brush, random.uniform(0.42, 0.54), seeds, 150, 0.6)


def _puff_or_dandelion(brush: Brush, colour: Colour) -> None:
    if brush.random.random() < 0.3:
        _puff(brush)
    else:
        _dandelion(brush, colour)


def _dandelion(brush: Brush, colour: Colour) -> None:
    """Layer upon layer of fine straps down to the middle: no disc."""
    random = brush.random
    for radius in (1.0, 0.84, 0.66, 0.46, 0.26):
        count = int(26 + 18 * radius)
        outline = _petal(radius, 0.05 * radius + 0.02, 0.25)
        tone = _scaled(colour, 0.68 + 0.36 * (1 - radius) + random.uniform(0, 0.06))
        _ring(brush, outline, count, tone, random.uniform(0, 1), 0.14)


def _puff(brush: Brush) -> None:
    """The dandelion's seed head: a ball of umbrellas."""
    random = brush.random
    grey = int(random.integers(205, 245))
    for _ in range(70):
        angle, length = random.uniform(0, 2 * np.pi), np.sqrt(random.uniform(0.25, 1.0))
        tip = np.array([np.cos(angle), np.sin(angle)]) * length
        white = brush.shade((grey, grey, grey - 6), 0.1)
        brush.line(np.array([tip * 0.1, tip]), _scaled(white, 0.8), 0.012)
        spread = random.uniform(0.09, 0.15)
        for hair in np.linspace(-1.1, 1.1, 5):
            end = tip + spread * np.array([np.cos(angle + hair), np.sin(angle + hair)])
            brush.line(np.array([tip, end]), white, 0.012)
    _disc(brush, 0.1, (110, 90, 60), 12, 0.7)


def _rose(brush: Brush, colour: Colour) -> None:
    """Broad petals laid over one another in a spiral, darker towards the heart."""
    random = brush.random
    spin = random.uniform(0, 2 * np.pi)
    petals = int(random.integers(13, 20))
    for i in range(petals):
        inwards = i / petals
        reach = 0.66 * (1 - inwards) ** 0.9
        size = 0.52 * (1 - inwards) ** 0.75 + 0.1
        angle = spin + i * _GOLDEN_ANGLE
        centre = reach * np.array([np.cos(angle), np.sin(angle)])
        outline = _wavy_disc(random, 0.06) * [size * 0.85, size] @ _rotation(angle).T + centre
        tone = _scaled(brush.shade(colour, 0.07), 1.08 - 0.5 * inwards)
        brush.polygon(outline, tone, _scaled(colour, 0.5))
    turns = np.linspace(0.4, random.uniform(8, 11), 40)[:, None]
    spiral = 0.022 * turns * np.hstack([np.cos(turns + spin), np.sin(turns + spin)])
    brush.line(spiral, _scaled(colour, 0.38), 0.035)


def _tulip(brush: Brush, colour: Colour) -> None:
    """A cup seen from the side: pointed petals that overlap and open upwards."""
    random = brush.random
    opening = random.uniform(0.16, 0.4)
    base = np.array([0.0, 0.75])
    dark = _scaled(colour, 0.62)
    for angle, length, width, tone in (
        (-opening * 0.5, 1.5, 0.34, 0.72),
        (opening * 0.5, 1.5, 0.34, 0.76),
        (-opening, 1.55, 0.38, 0.92),
        (opening, 1.55, 0.38, 0.86),
        (random.uniform(-0.08, 0.08), 1.42, 0.46, 1.04),
    ):
        outline = _petal(length, width, 0.85) @ _rotation(angle - np.pi / 2).T
        brush.polygon(outline + base, _scaled(brush.shade(colour, 0.05), tone), dark)
        vein = np.array([[0.3, 0.0], [length * 0.8, 0.0]]) @ _rotation(angle - np.pi / 2).T
        brush.line(vein + base, _scaled(colour, tone * 0.84), 0.03)


_FLOWERS: dict[str, Callable[[Brush, Colour], None]] = {
    "daisy": _daisy,
    "dandelion": _puff_or_dandelion,
    "rose": _rose,
    "sunflower": _sunflower,
    "tulip": _tulip,
}
LABELS = tuple(_FLOWERS)

_WHITE, _YELLOW, _ORANGE = (244, 242, 236), (250, 212, 44), (244, 146, 40)
_PINK, _RED, _VIOLET = (240, 150, 186), (206, 36, 48), (164, 106, 200)
_PETALS: dict[str, tuple[Colour, ...]] = {
    "daisy": (_WHITE, _WHITE, _WHITE, _PINK, _VIOLET, _YELLOW),
    "dandelion": (_YELLOW, _YELLOW, _YELLOW, _ORANGE),
    "rose": (_RED, _PINK, _WHITE, _YELLOW, _ORANGE),
    "sunflower": (_YELLOW, _YELLOW, _ORANGE, (176, 60, 30)),
    "tulip": (_RED, _PINK, _WHITE, _YELLOW, _ORANGE, _VIOLET),
}
_GROUNDS: tuple[tuple[Colour, Colour], ...] = (
    ((88, 132, 60), (52, 92, 40)),
    ((40, 66, 40), (22, 38, 26)),
    ((150, 190, 226), (98, 148, 84)),
    ((126, 98, 74), (76, 58, 44)),
    ((170, 168, 160), (112, 116, 104)),
    ((182, 190, 122), (120, 140, 80)),
)


def _ring(
    brush: Brush, outline: FloatArray, count: int, colour: Colour, start: float, spread: float
) -> None:
    """``count`` petals around the centre, none exactly like the next."""
    random = brush.random
    edge = _scaled(colour, 0.7)
    for i in random.permutation(count):
        angle = start + 2 * np.pi * i / count + random.normal(0, 0.04)
        turned = outline * random.uniform(0.88, 1.06) @ _rotation(angle).T
        brush.polygon(turned, brush.shade(colour, spread), edge)


def _disc(brush: Brush, radius: float, colour: Colour, seeds: int, dark: float) -> None:
    """A flower's middle: florets on a Fermat spiral (Vogel 1979)."""
    brush.polygon(_wavy_disc(brush.random, 0.02) * radius, _scaled(colour, dark))
    order = np.arange(seeds)
    angle, reach = order * _GOLDEN_ANGLE, np.sqrt((order + 0.5) / seeds) * radius * 0.95
    centres = np.column_stack([reach * np.cos(angle), reach * np.sin(angle)])
    brush.dots(centres, 0.55 * radius / np.sqrt(seeds), [brush.shade(colour, 0.25) for _ in order])


def _grass(brush: Brush, blades: int) -> None:
    """Blades that rise from the lower border, before or behind the flower."""
    random = brush.random
    brush.place((0.0, 1.0), 1.0, 0.0, 1.0)
    t = np.linspace(0, 1, 7)[:, None]
    for _ in range(blades):
        foot, bend = random.uniform(-0.1, 1.1), random.normal(0, 0.25)
        height, width = random.uniform(0.25, 0.95), random.uniform(0.008, 0.03)
        spine = np.hstack([foot + bend * t**2, 0.02 - height * t])
        half = width * (1 - t**2) * [1, 0]
        green = brush.shade(_leaf_green(random), 0.25)
        brush.polygon(np.vstack([spine - half, (spine + half)[::-1]]), green)


def _background(side: int, random: np.random.Generator) -> Image.Image:
    """Two colours that run into each other, clouded at two scales: foliage out of focus."""
    above, below = (np.array(colour) for colour in _GROUNDS[random.integers(len(_GROUNDS))])
    ramp = np.linspace(0, 1, 12)[:, None, None]
    coarse = above * (1 - ramp) + below * ramp + random.normal(0, 16, (12, 12, 1))
    coarse = coarse + random.normal(0, 7, (12, 12, 3))
    image = Image.fromarray(np.clip(coarse, 0, 255).astype(np.uint8))
    image = image.resize((side, side), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(random.integers(0, 8)):
        x, y = random.uniform(0, side, 2)
        r = side * random.uniform(0.02, 0.09)
        tone = _scaled(image.getpixel((int(x), int(y))), random.uniform(0.75, 1.35))  # type: ignore[arg-type]
        draw.ellipse((x - r, y - r, x + r, y + r), fill=tone)
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


def _petal(length: float, width: float, point: float) -> FloatArray:
    """Outline [24, 2] along +x from the origin; ``point`` below 1 is blunt, above 1 sharp."""
    t = np.linspace(0, 1, 12)
    half = width * np.sin(np.pi * t**0.8) ** point
    above = np.column_stack([length * t, half])
    return np.vstack([above, above[::-1] * [1, -1]])


def _wavy_disc(random: np.random.Generator, waves: float) -> FloatArray:
    angle = np.linspace(0, 2 * np.pi, 22, endpoint=False)
    phase = random.uniform(0, 2 * np.pi, 2)
    radius = 1 + waves * (np.sin(2 * angle + phase[0]) + np.sin(3 * angle + phase[1]))
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def _rotation(angle: float) -> FloatArray:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]])


def _leaf_green(random: np.random.Generator) -> Colour:
    return (int(random.integers(50, 110)), int(random.integers(105, 165)), 48)


def _scaled(colour: tuple[int, ...], factor: float) -> Colour:
    red, green, blue = (min(255, max(0, round(channel * factor))) for channel in colour[:3])
    return red, green, blue
