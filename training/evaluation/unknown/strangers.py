"""Images of things that a model was hardly ever taught: drawn here, or shipped with scikit-learn.

Every set is seeded, drawn at the size of a small photo and kept as JPEG, so that it takes the whole
path that an image takes in serving.
"""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from importlib.util import find_spec
from itertools import accumulate

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from training.data.threads import in_threads
from visionflow.images.input_spec import InputSpec
from visionflow.images.pipeline import UInt8Array, load

IMAGES = 200

_QUALITY = 90
_LEAST_SIDE = 96
_LEVELS = 256
_WORDS = """a the of and to in is was for on that by with as at from it an be or are this which you
    report total amount date number invoice account table page section measured between after we
    because several question answer system value result model image large small first second"""

Colour = tuple[int, int, int]
Draw = Callable[[int, np.random.Generator], Image.Image]


@dataclass(frozen=True)
class Strangers:
    """How one image of a set is drawn: RGB, about ``side`` pixels wide. ``labels``: names of
    classes that would make these images no strangers to a model."""

    draw: Draw
    labels: frozenset[str]


def stranger_sets(labels: tuple[str, ...]) -> Mapping[str, Strangers]:
    """By name: those that show nothing that ``labels`` name."""
    named = {label.lower() for label in labels}
    return {
        name: each
        for name, each in _SETS.items()
        if not named & each.labels and (name != "digits" or find_spec("sklearn") is not None)
    }


def drawn(name: str, spec: InputSpec, count: int, seed: int) -> Iterator[UInt8Array]:
    """``count`` images of the set ``name`` as a model of ``spec`` sees them: [size, size, 3]."""
    number = list(_SETS).index(name)

    def one(i: int) -> UInt8Array:
        generator = np.random.default_rng([seed, number, i])
        # Twice what the model sees, so that no detail is lost to enlarging.
        side = int(max(_LEAST_SIDE, 2 * spec.resize) * generator.uniform(0.9, 1.2))
        buffer = io.BytesIO()
        _SETS[name].draw(side, generator).save(buffer, "JPEG", quality=_QUALITY)
        return load(buffer.getvalue(), spec)

    return in_threads(one, range(count), f"draw {name}")


def _text(side: int, random: np.random.Generator) -> Image.Image:
    """A page of words, dark on light or light on dark."""
    ink, paper = _contrast(random)
    image = Image.new("RGB", (side, side), paper)
    draw = ImageDraw.Draw(image)
    size = int(max(8, side * random.uniform(0.03, 0.09)))
    font = _font(size)
    margin = side * random.uniform(0.02, 0.1)
    height = 1.35 * size
    for row in range(int((side - margin) / height)):
        words = random.choice(_WORDS.split(), 14).tolist()
        # A paragraph's last line is short.
        most = random.integers(5, 30) if random.random() < 0.2 else None
        # Drawing takes most of the time, so what begins beyond the edge is not drawn.
        shown = " ".join(words[: _fitting(words, size, side)])[:most]
        draw.text((margin, margin + row * height), shown, ink, font)
    # The right margin cuts what is too long.
    draw.rectangle((side - margin, 0, side, side), fill=paper)
    return image


def _shapes(side: int, random: np.random.Generator) -> Image.Image:
    """Flat geometric shapes on a flat ground."""
    image = Image.new("RGB", (side, side), _colour(random))
    draw = ImageDraw.Draw(image)
    for _ in range(random.integers(1, 9)):
        x, y = random.uniform(0, side, 2).tolist()
        radius = side * random.uniform(0.08, 0.35)
        corners = int(random.integers(2, 8))
        fill = _colour(random)
        if corners == 2:
            flat = radius * random.uniform(0.5, 1)
            draw.ellipse((x - radius, y - flat, x + radius, y + flat), fill=fill)
        else:
            turn = random.uniform(0, 360)
            draw.regular_polygon((x, y, radius), corners, rotation=turn, fill=fill)
    return image


def _textures(side: int, random: np.random.Generator) -> Image.Image:
    """Noise of one grain, stripes, checks or a gradient, in two colours."""
    columns = np.arange(side, dtype=np.float32) / side
    rows = columns[:, None]
    turn = random.uniform(0, np.pi)
    cosine, sine = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    along = cosine * columns + sine * rows
    kind, times = random.integers(4), random.uniform(2, 25)
    if kind == 0:
        grain = int(random.integers(2, side))
        grains = random.random((grain, grain)).astype(np.float32)
        field = np.asarray(Image.fromarray(grains).resize((side, side), Image.Resampling.BICUBIC))
    elif kind == 1:
        field = (np.sin(2 * np.pi * times * along) + 1) / 2
    elif kind == 2:
        across = cosine * rows - sine * columns
        cells = np.floor(times * along).astype(np.int32) + np.floor(times * across).astype(np.int32)
        field = (cells & 1).astype(np.float32)
    else:
        field = (along - along.min()) / np.ptp(along)
    return _in_two_colours(field, random)


def _digits(side: int, random: np.random.Generator) -> Image.Image:
    """A handwritten digit of scikit-learn's, 8 x 8 pixels, enlarged."""
    digits = handwritten()
    small = Image.fromarray(digits[random.integers(len(digits))])
    large = small.resize((side, side), Image.Resampling.BICUBIC)
    return _in_two_colours(np.asarray(large), random)


@cache
def handwritten() -> npt.NDArray[np.float32]:
    """scikit-learn's digits [N, 8, 8], from 0 to 1."""
    # Not by `load_digits`: with it come readers of many formats, which take 6 MB of a function.
    with as_file(files("sklearn") / "datasets" / "data" / "digits.csv.gz") as table:
        rows = np.loadtxt(table, np.float32, delimiter=",")
    return rows[:, :-1].reshape(-1, 8, 8) / np.float32(16)  # the last column is the digit


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _fitting(words: Sequence[str], size: int, width: float) -> int:
    """How many of ``words`` begin within ``width`` pixels in a line, or one or two more."""
    ends = accumulate(_advance(word, size) for word in words)
    return sum(end < width for end in ends) + 1


@cache
def _advance(word: str, size: int) -> float:
    return _font(size).getlength(f"{word} ")


def _in_two_colours(field: npt.NDArray[np.floating], random: np.random.Generator) -> Image.Image:
    """``field``: [side, side], 0 for one colour, 1 for the other."""
    dark, light = (np.array(colour) for colour in _contrast(random))
    palette = dark + (light - dark) * np.linspace(0, 1, _LEVELS)[:, None]
    image = Image.fromarray((field.clip(0, 1) * (_LEVELS - 1)).round().astype(np.uint8))
    image.putpalette(palette.astype(np.uint8).tobytes())
    return image.convert("RGB")


def _contrast(random: np.random.Generator) -> tuple[Colour, Colour]:
    """Two colours of which one is dark, in any order."""
    dark, light = random.integers(0, 90, 3).tolist(), random.integers(170, 256, 3).tolist()
    pair = ((dark[0], dark[1], dark[2]), (light[0], light[1], light[2]))
    return pair if random.random() < 0.5 else (pair[1], pair[0])


def _colour(random: np.random.Generator) -> Colour:
    red, green, blue = random.integers(0, 256, 3).tolist()
    return red, green, blue


_DIGIT_NAMES = """zero one two three four five six seven eight nine digit digits
    0 1 2 3 4 5 6 7 8 9"""
_SHAPE_NAMES = "circle ellipse triangle square rectangle pentagon hexagon polygon shape shapes"

_SETS: Mapping[str, Strangers] = {
    "text": Strangers(_text, frozenset({"text", "document", "documents", "page", "letter"})),
    "shapes": Strangers(_shapes, frozenset(_SHAPE_NAMES.split())),
    "textures": Strangers(_textures, frozenset({"texture", "noise", "stripes", "checkered"})),
    "digits": Strangers(_digits, frozenset(_DIGIT_NAMES.split())),
}
