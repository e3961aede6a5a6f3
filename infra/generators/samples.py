"""Draws the sample images of the local cloud, so that no photo travels with the project."""

from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Color = tuple[int, int, int]
Point = tuple[float, float]

FOLDER = Path(__file__).parents[1] / "samples"
SIDE = 320
# Drawn larger and scaled down, which smooths every edge.
_SCALE = 4


class Scene:
    """A square image with the unit square as its coordinates, y downwards."""

    def __init__(self, top: Color, bottom: Color) -> None:
        """Start from a vertical gradient."""
        side = SIDE * _SCALE
        ramp = np.linspace(0, 1, side)[:, None, None]
        rows = np.array(top) * (1 - ramp) + np.array(bottom) * ramp
        pixels = np.broadcast_to(rows, (side, side, 3)).round().astype(np.uint8)
        self.image = Image.fromarray(pixels)

    def polygon(self, points: Sequence[Point], color: Color) -> None:
        ImageDraw.Draw(self.image).polygon([self._pixel(p) for p in points], fill=color)

    def ellipse(self, center: Point, rx: float, ry: float, color: Color) -> None:
        x, y = center
        box = [self._pixel((x - rx, y - ry)), self._pixel((x + rx, y + ry))]
        ImageDraw.Draw(self.image).ellipse([*box[0], *box[1]], fill=color)

    def disc(self, center: Point, radius: float, color: Color) -> None:
        self.ellipse(center, radius, radius, color)

    def blur(self, radius: float) -> None:
        """Soften what is drawn so far, as a background out of focus."""
        self.image = self.image.filter(ImageFilter.GaussianBlur(radius * self.image.width))

    def finished(self, seed: int) -> Image.Image:
        """At its final size, with the grain of a photo."""
        small = self.image.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        grain = np.random.default_rng(seed).normal(0, 4, (SIDE, SIDE, 1))
        noisy = (np.asarray(small) + grain).clip(0, 255).round().astype(np.uint8)
        return Image.fromarray(noisy)

    def _pixel(self, point: Point) -> tuple[float, float]:
        return point[0] * self.image.width, point[1] * self.image.height


def airplane() -> Scene:
    scene = Scene(top=(74, 134, 205), bottom=(176, 211, 240))
    for x, y, r in ((0.15, 0.8, 0.12), (0.3, 0.86, 0.14), (0.8, 0.2, 0.1), (0.92, 0.24, 0.12)):
        scene.ellipse((x, y), r * 1.6, r * 0.5, (238, 243, 248))
    scene.blur(0.02)
    body, shade, dark = (232, 235, 240), (160, 168, 180), (70, 78, 92)
    scene.polygon([(0.46, 0.5), (0.62, 0.5), (0.40, 0.24), (0.33, 0.24)], shade)
    scene.polygon([(0.14, 0.47), (0.22, 0.47), (0.16, 0.28), (0.09, 0.28)], (190, 60, 50))
    scene.ellipse((0.5, 0.51), 0.4, 0.065, body)
    scene.polygon([(0.12, 0.5), (0.5, 0.555), (0.5, 0.575), (0.2, 0.56)], shade)
    scene.polygon([(0.44, 0.54), (0.62, 0.54), (0.40, 0.8), (0.31, 0.8)], (200, 206, 216))
    scene.polygon([(0.12, 0.51), (0.22, 0.51), (0.13, 0.6), (0.07, 0.6)], shade)
    scene.ellipse((0.45, 0.64), 0.06, 0.025, dark)
    for step in range(11):
        scene.disc((0.3 + step * 0.045, 0.495), 0.008, dark)
    scene.polygon([(0.82, 0.485), (0.87, 0.485), (0.885, 0.505), (0.82, 0.505)], dark)
    return scene


def ship() -> Scene:
    scene = Scene(top=(150, 190, 225), bottom=(214, 226, 236))
    scene.polygon([(0, 0.62), (1, 0.62), (1, 1), (0, 1)], (38, 84, 124))
    for step in range(24):
        y = 0.66 + 0.014 * step
        x = (step * 0.37) % 1
        scene.ellipse((x, y), 0.16, 0.004, (70, 118, 158))
    scene.blur(0.004)
    white, grey, red = (240, 240, 238), (150, 156, 164), (172, 48, 40)
    scene.polygon([(0.08, 0.52), (0.94, 0.5), (0.84, 0.7), (0.15, 0.7)], (36, 44, 66))
    scene.polygon([(0.13, 0.655), (0.865, 0.65), (0.84, 0.7), (0.15, 0.7)], red)
    scene.polygon([(0.2, 0.4), (0.72, 0.4), (0.76, 0.52), (0.18, 0.52)], white)
    scene.polygon([(0.28, 0.31), (0.62, 0.31), (0.66, 0.4), (0.26, 0.4)], white)
    scene.polygon([(0.36, 0.17), (0.46, 0.17), (0.46, 0.31), (0.36, 0.31)], red)
    scene.polygon([(0.36, 0.17), (0.46, 0.17), (0.46, 0.205), (0.36, 0.205)], (30, 30, 34))
    scene.polygon([(0.595, 0.14), (0.605, 0.14), (0.605, 0.31), (0.595, 0.31)], grey)
    for step in range(12):
        scene.disc((0.24 + step * 0.042, 0.46), 0.011, (60, 90, 120))
    for step in range(7):
        scene.disc((0.31 + step * 0.05, 0.355), 0.011, (60, 90, 120))
    scene.ellipse((0.5, 0.705), 0.4, 0.012, (190, 210, 224))
    return scene


def automobile() -> Scene:
    scene = Scene(top=(178, 205, 228), bottom=(210, 220, 224))
    scene.polygon([(0, 0.48), (1, 0.44), (1, 0.66), (0, 0.66)], (96, 130, 84))
    scene.blur(0.015)
    scene.polygon([(0, 0.64), (1, 0.64), (1, 1), (0, 1)], (112, 114, 118))
    red, dark_red, glass = (196, 32, 36), (132, 18, 24), (52, 68, 84)
    scene.ellipse((0.5, 0.8), 0.42, 0.035, (62, 63, 66))
    scene.polygon([(0.24, 0.52), (0.36, 0.36), (0.64, 0.36), (0.78, 0.52)], red)
    scene.polygon([(0.28, 0.52), (0.375, 0.39), (0.49, 0.39), (0.49, 0.52)], glass)
    scene.polygon([(0.515, 0.52), (0.515, 0.39), (0.625, 0.39), (0.73, 0.52)], glass)
    hull = [(0.08, 0.55), (0.2, 0.51), (0.8, 0.51), (0.93, 0.57), (0.94, 0.73), (0.07, 0.73)]
    scene.polygon(hull, red)
    scene.polygon([(0.07, 0.68), (0.94, 0.68), (0.94, 0.74), (0.07, 0.74)], dark_red)
    scene.polygon([(0.498, 0.53), (0.507, 0.53), (0.507, 0.7), (0.498, 0.7)], dark_red)
    scene.ellipse((0.91, 0.595), 0.025, 0.022, (250, 240, 200))
    scene.ellipse((0.09, 0.6), 0.02, 0.025, (120, 10, 12))
    for x in (0.26, 0.75):
        scene.disc((x, 0.74), 0.098, (24, 24, 26))
        scene.disc((x, 0.74), 0.055, (178, 182, 188))
        scene.disc((x, 0.74), 0.018, (70, 72, 76))
    return scene


def truck() -> Scene:
    scene = Scene(top=(160, 196, 230), bottom=(222, 228, 230))
    scene.polygon([(0, 0.68), (1, 0.68), (1, 1), (0, 1)], (120, 118, 112))
    scene.blur(0.006)
    scene.polygon([(0.05, 0.22), (0.63, 0.22), (0.63, 0.68), (0.05, 0.68)], (236, 236, 232))
    scene.polygon([(0.05, 0.22), (0.63, 0.22), (0.63, 0.25), (0.05, 0.25)], (200, 200, 196))
    scene.polygon([(0.05, 0.66), (0.95, 0.66), (0.95, 0.73), (0.05, 0.73)], (50, 52, 56))
    blue, glass = (30, 84, 158), (58, 74, 92)
    scene.polygon(
        [(0.66, 0.36), (0.84, 0.36), (0.92, 0.52), (0.95, 0.55), (0.95, 0.7), (0.66, 0.7)], blue
    )
    scene.polygon([(0.72, 0.4), (0.82, 0.4), (0.88, 0.52), (0.72, 0.52)], glass)
    scene.polygon([(0.92, 0.6), (0.955, 0.6), (0.955, 0.64), (0.92, 0.64)], (250, 240, 190))
    for x in (0.17, 0.33, 0.8):
        scene.disc((x, 0.75), 0.082, (26, 26, 28))
        scene.disc((x, 0.75), 0.04, (168, 170, 176))
    return scene


def frog() -> Scene:
    scene = Scene(top=(96, 88, 62), bottom=(74, 62, 42))
    for step in range(40):
        spot = ((step * 0.377) % 1, (step * 0.619) % 1)
        scene.ellipse(spot, 0.05, 0.03, (108 + step, 98 + step // 2, 66))
    scene.blur(0.012)
    green, light, dark = (92, 138, 48), (150, 184, 88), (46, 74, 24)
    scene.ellipse((0.5, 0.88), 0.4, 0.05, (48, 40, 28))
    for x in (0.22, 0.78):
        scene.ellipse((x, 0.7), 0.17, 0.13, dark)
        scene.ellipse((x, 0.69), 0.15, 0.11, green)
        scene.ellipse((x, 0.86), 0.13, 0.03, green)
    scene.ellipse((0.5, 0.62), 0.26, 0.25, green)
    scene.ellipse((0.5, 0.7), 0.19, 0.16, light)
    scene.ellipse((0.5, 0.45), 0.25, 0.16, green)
    for x in (0.34, 0.66):
        scene.disc((x, 0.31), 0.085, green)
        scene.disc((x, 0.3), 0.06, (212, 170, 60))
        scene.ellipse((x, 0.3), 0.035, 0.02, (16, 16, 12))
        scene.ellipse((x, 0.87), 0.07, 0.03, light)
    scene.polygon([(0.29, 0.5), (0.5, 0.545), (0.71, 0.5), (0.5, 0.56)], dark)
    for x, y in ((0.42, 0.38), (0.56, 0.4), (0.3, 0.62), (0.7, 0.6), (0.62, 0.5)):
        scene.ellipse((x, y), 0.022, 0.016, dark)
    return scene


SCENES: tuple[Callable[[], Scene], ...] = (airplane, automobile, frog, ship, truck)


def files() -> dict[Path, bytes]:
    """The committed images, drawn again."""
    made = {}
    for seed, draw in enumerate(SCENES):
        stream = BytesIO()
        draw().finished(seed).save(stream, "JPEG", quality=90)
        made[FOLDER / f"{draw.__name__}.jpg"] = stream.getvalue()
    return made
