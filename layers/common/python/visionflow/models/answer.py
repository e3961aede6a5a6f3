"""What a model says about an image, free of NumPy so that records can be read without it."""

from dataclasses import dataclass
from typing import Literal

from visionflow.images.input_spec import Box

UnknownReason = Literal["unsure", "unfamiliar"]
"""Why the best label is not an answer: its confidence is under the model's threshold, or the image
is unlike all that the model was taught. Where both hold, ``unfamiliar``."""


@dataclass(frozen=True)
class Score:
    """A label with its temperature-scaled probability, 0..1."""

    label: str
    confidence: float


@dataclass(frozen=True)
class ClassActivationMap:
    """Where in the image the evidence for ``label`` is.

    ``values`` is the map in ``height`` rows, scaled to 0..1, over ``box`` of the upright image.
    """

    label: str
    width: int
    height: int
    values: tuple[tuple[float, ...], ...]
    box: Box
