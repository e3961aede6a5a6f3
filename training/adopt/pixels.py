"""How a foreign network wants its pixels, which its file does not say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from training.data.image_set import ImageSet
from visionflow.answers.classifier import FloatArray, softmax
from visionflow.images.pipeline import UInt8Array

# Enough to tell normalisations apart; each is tried on all of them.
TRIED_IMAGES = 128


@dataclass(frozen=True)
class Pixels:
    """Values of each channel are taken as (value - ``mean``) / ``std``, in units of uint8.

    ``bgr``: blue comes first, and ``mean`` and ``std`` are in that order.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    bgr: bool

    def prepared(self, images: UInt8Array) -> FloatArray:
        """Float32 of images [N, H, W, 3], as the network's own preprocessing makes it."""
        ordered = images[..., ::-1] if self.bgr else images
        mean, std = np.array(self.mean, np.float32), np.array(self.std, np.float32)
        found: FloatArray = (ordered.astype(np.float32) - mean) / std
        return found


def _same(mean: float, std: float) -> Pixels:
    return Pixels((mean,) * 3, (std,) * 3, bgr=False)


IMAGENET = Pixels((123.675, 116.28, 103.53), (58.395, 57.12, 57.375), bgr=False)
INSIDE = _same(0, 1)
NORMALISATIONS: Mapping[str, Pixels] = {
    "imagenet": IMAGENET,
    "0..1": _same(0, 255),
    "-1..1": _same(127.5, 127.5),
    "lite": _same(127, 128),
    "0..255": INSIDE,
    "caffe": Pixels((103.939, 116.779, 123.68), (1, 1, 1), bgr=True),
}
"""By the names of the command line. ``imagenet``: torchvision and timm; ``-1..1`` and ``0..255``:
most of Keras; ``lite``: EfficientNet-Lite; ``caffe``: old networks of Keras and of Caffe."""


@dataclass(frozen=True)
class Tried:
    """A normalisation and its top-1 on ``images`` training images."""

    name: str
    top1: float
    images: int


def try_all(
    logits: Callable[[UInt8Array, Pixels], FloatArray], images: ImageSet
) -> tuple[Tried, ...]:
    """All `NORMALISATIONS`, the one under which the network is right most often first.

    ``logits``: [N, C] of images. Among equals the one that finds the truth likelier comes first.
    """
    targets = images.targets
    rows = np.arange(len(targets))

    def score(pixels: Pixels) -> tuple[float, float]:
        found = logits(images.images, pixels)
        truth = np.maximum(softmax(found)[rows, targets], np.finfo(np.float32).tiny)
        return float((found.argmax(axis=1) == targets).mean()), float(np.log(truth).mean())

    scores = {name: score(pixels) for name, pixels in NORMALISATIONS.items()}
    names = sorted(scores, key=scores.__getitem__, reverse=True)
    return tuple(Tried(name, scores[name][0], len(targets)) for name in names)
