"""Whole upright images at one scale, decoded once: what augmentation cuts its crops out of."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision.transforms.v2 import functional

from training.data.cache import cached_bytes
from training.data.image_set import decoded
from training.data.listing import Int64Array, Listing
from visionflow.images.input_spec import InputSpec
from visionflow.images.pipeline import UInt8Array, decode

LONGEST = 4
"""An image that is longer than this many times its shorter side loses both ends: no crop reaches
there."""


class UprightImageSet:
    """Images of different shapes in one flat array, with what they show.

    ``targets``: int64 [N], indices into ``labels``.
    """

    def __init__(self, listing: Listing, pixels: UInt8Array, sizes: Int64Array) -> None:
        """``pixels``: the images' bytes one behind the other; ``sizes``: [N, 2], height, width"""
        self.labels = listing.labels
        self.targets = listing.targets
        self._pixels = pixels
        self._sizes = sizes
        self._ends = np.cumsum(sizes.prod(axis=1) * 3)

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> UInt8Array:
        """uint8 RGB [height, width, 3], without a copy."""
        height, width = self._sizes[index]
        end = self._ends[index]
        return self._pixels[end - height * width * 3 : end].reshape(height, width, 3)


def load_upright_images(listing: Listing, side: int, cache: Path | None = None) -> UprightImageSet:
    """Decode the listed images and scale them, so that the shorter side has ``side`` pixels.

    With a ``cache`` folder the result is kept there and found again by the same content and
    ``side``.

    Raises `DatasetError` for a file that is not an image and for a cache that cannot be written.
    """
    count = len(listing)

    def produce() -> Iterator[UInt8Array]:
        sizes = np.empty((count, 2), np.int64)
        for index, image in enumerate(decoded(listing, scaled)):
            sizes[index] = image.shape[:2]
            yield image
        yield sizes.view(np.uint8)

    def scaled(content: bytes) -> UInt8Array:
        return scale(decode(content, InputSpec(side, side)).upright(), side)

    key = hashlib.sha256(f"{listing.sha256} {side}".encode()).hexdigest()[:32]
    flat = cached_bytes(cache / f"{key}.images" if cache else None, produce)
    at = len(flat) - count * 2 * 8
    sizes = np.frombuffer(flat[at:].tobytes(), np.int64).reshape(count, 2)
    return UprightImageSet(listing, flat[:at], sizes)


def scale(image: Image.Image, side: int) -> UInt8Array:
    """uint8 [height, width, 3] with ``side`` pixels along the shorter side, in proportion."""
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)
    shorter = min(image.size)
    size = [min(length, shorter * LONGEST) for length in (image.height, image.width)]
    pixels = functional.center_crop(pixels, size)
    # A third of the time that Pillow takes for the same filter.
    pixels = functional.resize(pixels, [round(length * side / shorter) for length in size])
    scaled: UInt8Array = pixels.permute(1, 2, 0).numpy()
    return scaled
