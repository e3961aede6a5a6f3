"""Draw the icons of the installed page: ``python dashboard/scripts/icons.py``.

The same eye as ``favicon.svg``, at eight times the size and scaled down, as Pillow draws no smooth
edges itself. A maskable icon is cut to any shape by the phone, so its drawing keeps to the inner
four fifths (https://www.w3.org/TR/appmanifest/#icon-masks).
"""

import math
from pathlib import Path

from PIL import Image, ImageDraw

FOLDER = Path(__file__).parents[1] / "public" / "icons"
GROUND, LINE = "#3454d1", "#ffffff"
OVERSAMPLING = 8
PEN_STEPS = 2000
# The favicon's units: a square of 32, the lids between x = 5 and 27, 7.5 high.
UNITS, HALF_WIDTH, HALF_HEIGHT, STROKE, PUPIL, CORNER = 32, 11, 7.5, 2.2, 3.8, 8


def icon(size: int, *, maskable: bool) -> Image.Image:
    """A square RGBA icon of ``size`` pixels, to its edges where it is ``maskable``."""
    large = size * OVERSAMPLING
    image = Image.new("RGBA", (large, large))
    draw = ImageDraw.Draw(image)
    corner = 0 if maskable else large * CORNER // UNITS
    draw.rounded_rectangle((0, 0, large - 1, large - 1), corner, fill=GROUND)
    unit = large / UNITS * (0.8 if maskable else 1)
    centre = large / 2
    # A pen with a round tip, set down often enough to leave one line.
    tip = STROKE * unit / 2
    for step in range(-PEN_STEPS, PEN_STEPS + 1):
        share = step / PEN_STEPS
        x = centre + share * HALF_WIDTH * unit
        height = HALF_HEIGHT * unit * math.cos(share * math.pi / 2)
        for y in (centre - height, centre + height):
            draw.ellipse((x - tip, y - tip, x + tip, y + tip), fill=LINE)
    radius = PUPIL * unit
    draw.ellipse((centre - radius, centre - radius, centre + radius, centre + radius), fill=LINE)
    return image.resize((size, size), Image.Resampling.LANCZOS)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    icon(192, maskable=False).save(FOLDER / "icon-192.png", optimize=True)
    icon(512, maskable=False).save(FOLDER / "icon-512.png", optimize=True)
    icon(512, maskable=True).save(FOLDER / "maskable-512.png", optimize=True)
    icon(180, maskable=True).save(FOLDER / "apple-180.png", optimize=True)


if __name__ == "__main__":
    main()
