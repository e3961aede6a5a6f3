"""Flowers of polygons: five kinds that differ in their petals."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

FloatArray = npt.NDArray[np.float64]
Colour = tuple[int, int, int]

_GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))


class Brush:
    """Draws in the flower's own plane: unit radius, turned, tilted and moved into the image."""

    def __init__(self, image: Image.Image, generator: np.random.Generator) -> None:
        self.random = generator
        self._draw = ImageDraw.Draw(image)
        self._side = image.width
        self.place((0.5, 0.5), 0.3, 0.0, 1.0)

    def place(self, centre: tuple[float, float], radius: float, turn: float, tilt: float) -> None:
        """Where the next flower goes: shares of the image's side; ``tilt`` 1 faces us."""
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
        return scaled(colour, 1 + self.random.uniform(-spread, spread))


def stem(brush: Brush) -> None:
    """From the flower's centre down, with up to two leaves."""
    random = brush.random
    green = _leaf_green(random)
    lean = random.uniform(-0.8, 0.8)
    t = np.linspace(0, 1, 12)[:, None]
    path = np.hstack([lean * t**2, 4 * t])
    brush.line(path, scaled(green, 0.7), 0.13)
    brush.line(path - [0.02, 0], green, 0.07)
    for side in (-1, 1):
        if random.random() < 0.5:
            leaf = _petal(1.2, 0.22, 0.9) @ _rotation(np.pi / 2 - side * random.uniform(0.5, 1.1)).T
            brush.polygon(leaf + path[3] + [0, 0.3], brush.shade(green, 0.2), scaled(green, 0.6))


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
    _ring(brush, outline, count, scaled(colour, 0.82), 0.0, 0.08)
    _ring(brush, outline * 0.9, count, colour, np.pi / count, 0.08)
    seeds = ((70, 42, 20), (50, 30, 18), (100, 66, 28))[int(random.integers(3))]
    _disc(brush, random.uniform(0.42, 0.54), seeds, 150, 0.6)


def _dandelion(brush: Brush, colour: Colour) -> None:
    """In bloom, or gone to seed."""
    if brush.random.random() < 0.3:
        _puff(brush)
    else:
        _dandelion_bloom(brush, colour)


def _dandelion_bloom(brush: Brush, colour: Colour) -> None:
    """Layer upon layer of fine straps down to the middle: no disc."""
    random = brush.random
    for radius in (1.0, 0.84, 0.66, 0.46, 0.26):
        count = int(26 + 18 * radius)
        outline = _petal(radius, 0.05 * radius + 0.02, 0.25)
        tone = scaled(colour, 0.68 + 0.36 * (1 - radius) + random.uniform(0, 0.06))
        _ring(brush, outline, count, tone, random.uniform(0, 1), 0.14)


def _puff(brush: Brush) -> None:
    """The dandelion's seed head: a ball of umbrellas."""
    random = brush.random
    grey = int(random.integers(205, 245))
    for _ in range(70):
        angle, length = random.uniform(0, 2 * np.pi), np.sqrt(random.uniform(0.25, 1.0))
        tip = np.array([np.cos(angle), np.sin(angle)]) * length
        white = brush.shade((grey, grey, grey - 6), 0.1)
        brush.line(np.array([tip * 0.1, tip]), scaled(white, 0.8), 0.012)
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
        tone = scaled(brush.shade(colour, 0.07), 1.08 - 0.5 * inwards)
        brush.polygon(outline, tone, scaled(colour, 0.5))
    turns = np.linspace(0.4, random.uniform(8, 11), 40)[:, None]
    spiral = 0.022 * turns * np.hstack([np.cos(turns + spin), np.sin(turns + spin)])
    brush.line(spiral, scaled(colour, 0.38), 0.035)


def _tulip(brush: Brush, colour: Colour) -> None:
    """A cup seen from the side: pointed petals that overlap and open upwards."""
    random = brush.random
    opening = random.uniform(0.16, 0.4)
    base = np.array([0.0, 0.75])
    dark = scaled(colour, 0.62)
    for angle, length, width, tone in (
        (-opening * 0.5, 1.5, 0.34, 0.72),
        (opening * 0.5, 1.5, 0.34, 0.76),
        (-opening, 1.55, 0.38, 0.92),
        (opening, 1.55, 0.38, 0.86),
        (random.uniform(-0.08, 0.08), 1.42, 0.46, 1.04),
    ):
        outline = _petal(length, width, 0.85) @ _rotation(angle - np.pi / 2).T
        brush.polygon(outline + base, scaled(brush.shade(colour, 0.05), tone), dark)
        vein = np.array([[0.3, 0.0], [length * 0.8, 0.0]]) @ _rotation(angle - np.pi / 2).T
        brush.line(vein + base, scaled(colour, tone * 0.84), 0.03)


def _ring(
    brush: Brush, outline: FloatArray, count: int, colour: Colour, start: float, spread: float
) -> None:
    """``count`` petals around the centre, none exactly like the next."""
    random = brush.random
    edge = scaled(colour, 0.7)
    for i in random.permutation(count):
        angle = start + 2 * np.pi * i / count + random.normal(0, 0.04)
        turned = outline * random.uniform(0.88, 1.06) @ _rotation(angle).T
        brush.polygon(turned, brush.shade(colour, spread), edge)


def _disc(brush: Brush, radius: float, colour: Colour, seeds: int, dark: float) -> None:
    """A flower's middle: florets on a Fermat spiral (Vogel 1979)."""
    brush.polygon(_wavy_disc(brush.random, 0.02) * radius, scaled(colour, dark))
    order = np.arange(seeds)
    angle, reach = order * _GOLDEN_ANGLE, np.sqrt((order + 0.5) / seeds) * radius * 0.95
    centres = np.column_stack([reach * np.cos(angle), reach * np.sin(angle)])
    brush.dots(centres, 0.55 * radius / np.sqrt(seeds), [brush.shade(colour, 0.25) for _ in order])


def grass(brush: Brush, blades: int) -> None:
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


def scaled(colour: tuple[float, float, float], factor: float) -> Colour:
    """``colour``, brighter above 1 and darker below."""
    red, green, blue = (min(255, max(0, round(channel * factor))) for channel in colour)
    return red, green, blue


@dataclass(frozen=True)
class Kind:
    """``draw`` fills the unit circle of a brush with one colour's flower; ``colours`` that are more
    common stand here more than once. ``upright``: seen from the side, on its stem."""

    draw: Callable[[Brush, Colour], None]
    colours: tuple[Colour, ...]
    upright: bool = False


_WHITE, _YELLOW, _ORANGE = (244, 242, 236), (250, 212, 44), (244, 146, 40)
_PINK, _RED, _VIOLET = (240, 150, 186), (206, 36, 48), (164, 106, 200)
KINDS: dict[str, Kind] = {
    "daisy": Kind(_daisy, (_WHITE, _WHITE, _WHITE, _PINK, _VIOLET, _YELLOW)),
    "dandelion": Kind(_dandelion, (_YELLOW, _YELLOW, _YELLOW, _ORANGE), upright=True),
    "rose": Kind(_rose, (_RED, _PINK, _WHITE, _YELLOW, _ORANGE)),
    "sunflower": Kind(_sunflower, (_YELLOW, _YELLOW, _ORANGE, (176, 60, 30))),
    "tulip": Kind(_tulip, (_RED, _PINK, _WHITE, _YELLOW, _ORANGE, _VIOLET), upright=True),
}
