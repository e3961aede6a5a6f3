"""What a model says about an image, free of NumPy so that records can be read without it."""

from dataclasses import dataclass
from typing import Literal

from visionflow.images.input_spec import Box

UnknownReason = Literal["unsure", "unfamiliar"]
"""Why an image has no answer: nothing reaches the model's threshold of confidence, or the image is
unlike all that the model was taught. Where both hold, ``unfamiliar``."""


@dataclass(frozen=True)
class Score:
    """A label with its temperature-scaled probability, 0..1."""

    label: str
    confidence: float


@dataclass(frozen=True)
class PredictionSet:
    """The smallest set of labels, best first, that holds the true one for a share ``coverage`` of
    images like those of the model's validation. It promises nothing for an unfamiliar image.

    It is empty where even the best label has a lower confidence than the true one almost ever has:
    then the model has no answer that would be right with that probability.
    """

    coverage: float
    labels: tuple[str, ...]


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
