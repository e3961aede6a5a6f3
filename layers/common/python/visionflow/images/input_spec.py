"""What a model expects to see: the data contract that travels in its manifest."""

from dataclasses import dataclass
from typing import Literal

from visionflow.errors import ConfigError

Interpolation = Literal["bilinear", "bicubic", "lanczos"]


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
        if not 1 <= self.size <= self.resize:
            raise ConfigError(
                f"input: size must be between 1 and resize, found {self.size} and {self.resize}"
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
