"""What a model says about an image, free of NumPy so that records can be read without it."""

from dataclasses import dataclass

from visionflow.images.input_spec import Box


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
