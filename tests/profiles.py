"""Colour profiles (ICC version 2) written by hand, and what they mean by their definitions."""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_D65 = (0.3127, 0.3290)


@dataclass(frozen=True)
class Space:
    """A colour space by its chromaticities and its curve, from stored values to light."""

    red: tuple[float, float]
    green: tuple[float, float]
    blue: tuple[float, float]
    white: tuple[float, float]
    curve: Callable[[Array], Array]

    def to_d50(self) -> Array:
        """From linear RGB to XYZ under D50 [3, 3]."""
        corners = np.array([[x / y, 1, (1 - x - y) / y] for x, y in self._colours()]).T
        x, y = self.white
        white = np.array([x / y, 1, (1 - x - y) / y])
        scaled = corners * np.linalg.solve(corners, white)
        gains = (_BRADFORD @ D50) / (_BRADFORD @ white)
        adapted: Array = np.linalg.inv(_BRADFORD) @ np.diag(gains) @ _BRADFORD @ scaled
        return adapted

    def _colours(self) -> tuple[tuple[float, float], ...]:
        return self.red, self.green, self.blue

    def in_srgb(self, values: npt.NDArray[np.uint8]) -> Array:
        """What ``values`` [..., 3] are in sRGB, from 0 to 255."""
        light = self.curve(values / 255)
        linear = light @ (np.linalg.inv(SRGB.to_d50()) @ self.to_d50()).T
        return encoded(linear) * 255


def encoded(linear: Array) -> Array:
    """Linear light to sRGB. IEC 61966-2-1."""
    clipped = np.clip(linear, 0, 1)
    return np.where(clipped <= 0.0031308, 12.92 * clipped, 1.055 * clipped ** (1 / 2.4) - 0.055)


def srgb_curve(x: Array) -> Array:
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)


def power(exponent: float) -> Callable[[Array], Array]:
    return lambda x: np.asarray(x, np.float64) ** exponent


def pro_photo_curve(x: Array) -> Array:
    return np.where(x < 16 / 512, x / 16, np.asarray(x, np.float64) ** 1.8)


SRGB = Space((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), _D65, srgb_curve)
DISPLAY_P3 = Space((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65, srgb_curve)
ADOBE_RGB = Space((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), _D65, power(563 / 256))
PRO_PHOTO = Space(
    (0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001), (0.3457, 0.3585), pro_photo_curve
)
SPACES = {"Display P3": DISPLAY_P3, "Adobe RGB": ADOBE_RGB, "ProPhoto": PRO_PHOTO}


def fixed(*values: float) -> bytes:
    return b"".join(struct.pack(">l", round(value * 65_536)) for value in values)


def curve(function: Callable[[Array], Array], entries: int = 1024) -> bytes:
    """A table of ``entries`` values."""
    values = np.rint(function(np.linspace(0, 1, entries)) * 65_535).astype(">u2")
    return b"curv" + bytes(4) + struct.pack(">L", entries) + values.tobytes()


def profile(
    space: bytes,
    tags: Mapping[bytes, bytes],
    *,
    kind: bytes = b"mntr",
    connection: bytes = b"XYZ ",
    name: bytes = b"a profile",
) -> bytes:
    """A file of ``tags``, whatever they hold."""
    text = b"desc" + bytes(4) + struct.pack(">L", len(name) + 1) + name + bytes(79)
    tags = {b"desc": text, b"wtpt": b"XYZ " + bytes(4) + fixed(*D50), **tags}
    at, table, body = 132 + 12 * len(tags), b"", b""
    for tag, content in tags.items():
        table += struct.pack(">4sLL", tag, at + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    header = bytearray(128)
    struct.pack_into(
        ">L4sL4s4s4s", header, 0, at + len(body), b"", 0x0210_0000, kind, space, connection
    )
    header[36:40] = b"acsp"
    header[68:80] = fixed(*D50)
    return bytes(header) + struct.pack(">L", len(tags)) + table + body


def of_space(space: Space, **options: bytes) -> bytes:
    """The profile of a matrix and curves."""
    columns = space.to_d50().T
    tags = {
        name: b"XYZ " + bytes(4) + fixed(*column)
        for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)
    }
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve(space.curve))
    return profile(b"RGB ", tags, **options)


def of_grey(function: Callable[[Array], Array]) -> bytes:
    return profile(b"GRAY", {b"kTRC": curve(function)})


def of_inks() -> bytes:
    """CMYK whose lightness falls by 20 for each full ink and by 40 for black, without a hue."""
    grid = np.stack(np.meshgrid(*[[0.0, 1.0]] * 4, indexing="ij"), axis=-1).reshape(-1, 4)
    lightness = ink_lightness(grid * 255)
    lab = np.stack([lightness / 100 * 0xFF00, *[np.full(16, 0x8000)] * 2], axis=-1)
    straight = struct.pack(">HH", 0, 65_535)
    content = (
        b"mft2"
        + bytes(4)
        + bytes([4, 3, 2, 0])
        + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
        + struct.pack(">HH", 2, 2)
        + straight * 4
        + np.rint(lab).astype(">u2").tobytes()
        + straight * 3
    )
    return profile(b"CMYK", {b"A2B0": content}, kind=b"prtr", connection=b"Lab ")


def ink_lightness(inks: Array) -> Array:
    """CIE L* of CMYK values of 0 to 255 [..., 4], by `of_inks`."""
    lightness: Array = 100 - (inks / 255) @ np.array([20, 20, 20, 40])
    return lightness


def grey_of_lightness(lightness: Array) -> Array:
    """What L* is in sRGB, from 0 to 255. CIE 15."""
    y = np.where(lightness > 8, ((lightness + 16) / 116) ** 3, lightness / 903.3)
    return encoded(y) * 255
