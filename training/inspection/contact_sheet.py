"""Some images of every class side by side: a look at the whole dataset."""

import io
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from visionflow.errors import ImageError
from visionflow.images.pipeline import decode

SIDE = 96
PER_CLASS = 12
LEAST_PER_CLASS = 3
MOST_IMAGES = 1200
"""Above this each class shows fewer, down to `LEAST_PER_CLASS`."""
MOST_HEIGHT = 12_000

_GAP = 4
_LABEL_HEIGHT = 24
_TEXT_SIZE = 14
_PAPER, _INK, _MISSING = "white", "black", (225, 225, 225)
# Pillow's own font knows Latin only; these know Korean, wherever one is installed.
_FONTS = ("NotoSansCJK-Regular.ttc", "malgun.ttf", "AppleSDGothicNeo.ttc", "NanumGothic.ttf")


def choose(files: Mapping[str, Sequence[str]], seed: int) -> dict[str, list[str]]:
    """Up to `PER_CLASS` files of each class, drawn by ``seed``, in their own order."""
    count = max(LEAST_PER_CLASS, min(PER_CLASS, MOST_IMAGES // max(1, len(files))))
    chosen = {}
    for position, (label, names) in enumerate(files.items()):
        generator = np.random.default_rng([seed, position])
        drawn = generator.permutation(len(names))[:count]
        chosen[label] = [names[i] for i in sorted(drawn.tolist())]
    return chosen


def draw_strip(files: Sequence[Path]) -> Image.Image:
    """The images in a row, RGB, each whole on a square of `SIDE` pixels."""
    strip = Image.new("RGB", (max(1, len(files)) * (SIDE + _GAP) - _GAP, SIDE), _PAPER)
    for column, file in enumerate(files):
        tile = _tile(file)
        left, top = ((SIDE - length) // 2 for length in tile.size)
        strip.paste(tile, (column * (SIDE + _GAP) + left, top))
    return strip


def draw_sheet(root: Path, chosen: Mapping[str, Sequence[str]]) -> Image.Image:
    """All classes, each under its name, below one another and then in further columns. RGB."""
    # A class with fewer needs room for its name.
    places = max(LEAST_PER_CLASS, *map(len, chosen.values()))
    width = places * (SIDE + _GAP) + _GAP
    height = SIDE + _LABEL_HEIGHT + _GAP
    rows = min(len(chosen), MOST_HEIGHT // height)
    columns = -(-len(chosen) // rows)
    sheet = Image.new("RGB", (columns * (width + _GAP), rows * height + _GAP), _PAPER)
    for position, (label, names) in enumerate(chosen.items()):
        cell = Image.new("RGB", (width, height), _PAPER)
        ImageDraw.Draw(cell).text((_GAP, 0), label, fill=_INK, font=_font(label.isascii()))
        cell.paste(draw_strip([root / name for name in names]), (_GAP, _LABEL_HEIGHT))
        column, row = divmod(position, rows)
        sheet.paste(cell, (column * (width + _GAP), row * height + _GAP))
    return sheet


def jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80, optimize=True)
    return buffer.getvalue()


def _tile(file: Path) -> Image.Image:
    try:
        image = decode(file.read_bytes()).upright()
    except (OSError, ImageError):
        # It could be read a moment ago; the grey tile shows that it is missing now.
        return Image.new("RGB", (SIDE, SIDE), _MISSING)
    return ImageOps.contain(image, (SIDE, SIDE))


@lru_cache
def _font(ascii_only: bool) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for name in () if ascii_only else _FONTS:
        try:
            return ImageFont.truetype(name, _TEXT_SIZE)
        except OSError:
            continue
    return ImageFont.load_default(_TEXT_SIZE)
