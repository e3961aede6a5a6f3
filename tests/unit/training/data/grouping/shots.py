"""Scenes drawn several times, as a person takes several photos of one thing."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance

SIDE = 160


def draw_scene(generator: np.random.Generator) -> Image.Image:
    """Shapes of any kind and colour on a ground of any colour, larger than a shot of it."""
    side = 2 * SIDE
    image = Image.new("RGB", (side, side), _colour(generator))
    pen = ImageDraw.Draw(image)
    for _ in range(generator.integers(4, 9)):
        left, top = generator.integers(0, side - 60, 2).tolist()
        width, height = generator.integers(40, 200, 2).tolist()
        box = (left, top, left + width, top + height)
        shape = generator.integers(4)
        if shape == 0:
            pen.ellipse(box, _colour(generator), _colour(generator), 6)
        elif shape == 1:
            pen.rectangle(box, _colour(generator), _colour(generator), 6)
        elif shape == 2:
            corners = generator.integers(0, side, (3, 2))
            pen.polygon([tuple(corner) for corner in corners.tolist()], _colour(generator))
        else:
            for offset in range(0, width, 12):
                line = (left + offset, top, left + offset, top + height)
                pen.line(line, _colour(generator), 5)
    return image


def shots(scene: Image.Image, count: int, generator: np.random.Generator) -> list[Image.Image]:
    """``count`` views of ``scene``: cut out, scaled and lit a little differently."""
    found = []
    for _ in range(count):
        crop = int(generator.integers(int(1.8 * SIDE), 2 * SIDE))
        left, top = generator.integers(0, 2 * SIDE - crop + 1, 2).tolist()
        view = scene.crop((left, top, left + crop, top + crop)).resize((SIDE, SIDE))
        found.append(ImageEnhance.Brightness(view).enhance(generator.uniform(0.8, 1.2)))
    return found


def draw_coin_tosses(folder: Path, scenes: int, per_scene: int, seed: int = 1) -> None:
    """``scenes`` whose label, heads or tails, is decided by a coin: nothing can be learned."""
    generator = np.random.default_rng(seed)
    for scene in range(scenes):
        label = ("heads", "tails")[int(generator.integers(2))]
        (folder / label).mkdir(parents=True, exist_ok=True)
        for image in shots(draw_scene(generator), per_scene, generator):
            name = f"{generator.integers(16**12):012x}-{scene:03}.jpg"
            image.save(folder / label / name, quality=90)


def _colour(generator: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = generator.integers(0, 256, 3).tolist()
    return red, green, blue
