"""What a model expects to see: the data contract that travels in its manifest."""

from dataclasses import dataclass
from typing import Literal

from visionflow.errors import ConfigError

Interpolation = Literal["bilinear", "bicubic", "lanczos"]

# Pixels. The finest detail is measured over two of them; what a large one takes grows with its
# square, and a version has to answer within the function's memory and time.
MIN_SIZE = 4
MAX_SIZE = 1_024
# The crop keeps at least this part of the shorter side.
_LEAST_KEPT = 1 / 4


@dataclass(frozen=True)
class Box:
    """A rectangle in fractions of an image's width and height, origin at the top left."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class InputSpec:
    """Geometry of the model's input.

    The shorter side of the upright image is scaled to ``resize`` pixels, then a centred square of
    ``size`` pixels is cut out. The tensor is uint8 RGB, [size, size, 3].
    """

    size: int
    resize: int
    crop: Literal["center"] = "center"
    interpolation: Interpolation = "bilinear"

    def __post_init__(self) -> None:
        if not MIN_SIZE <= self.size <= MAX_SIZE:
            raise ConfigError(
                f"input.size: must be between {MIN_SIZE} and {MAX_SIZE}, found {self.size:.20g}"
            )
        if not self.size <= self.resize <= self.size / _LEAST_KEPT:
            raise ConfigError(
                f"input.resize: must be between size and {1 / _LEAST_KEPT:g} times size, found "
                f"{self.resize:.20g} for size {self.size}"
            )

    def crop_box(self, width: int, height: int) -> tuple[float, float, float, float]:
        """The square that the model sees, as (left, top, right, bottom) in source pixels."""
        side = min(width, height) * self.size / self.resize
        left, top = (width - side) / 2, (height - side) / 2
        return left, top, left + side, top + side

    def relative_box(self, width: int, height: int) -> Box:
        """`crop_box` in fractions of the image, to lay an overlay over it."""
        left, top, right, bottom = self.crop_box(width, height)
        return Box(left / width, top / height, (right - left) / width, (bottom - top) / height)
