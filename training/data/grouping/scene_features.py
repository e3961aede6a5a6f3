"""What images are compared by: embeddings of the starter, whose trunk saw a million photographs."""

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.data.cache import cached_bytes
from training.data.image_set import decoded
from training.data.listing import Listing
from visionflow.answers.embedder import VIEWS, Embedder
from visionflow.images.pipeline import UInt8Array, load
from visionflow_starter import STARTER

Float32Array = npt.NDArray[np.float32]


def starter_embeddings(listing: Listing, cache: Path | None = None) -> Float32Array:
    """float32 [N, 2, F]: embeddings by the starter of each image and of its mirror image.

    The same whatever is trained, on any machine with the same kind of processor. With a ``cache``
    folder they are kept there and found again by the images' content. Raises `DatasetError` for a
    file that is not an image.
    """
    embedder = _starter()

    def embed(data: bytes) -> UInt8Array:
        return embedder.embed(load(data, embedder.spec)[None]).view(np.uint8)

    key = hashlib.sha256(f"embeddings {listing.sha256} {embedder.trunk}".encode()).hexdigest()[:32]
    path = cache / f"{key}.features" if cache else None
    flat = cached_bytes(path, lambda: decoded(listing, embed))
    return flat.view(np.float32).reshape(len(listing), VIEWS, embedder.features)


def scene_features(listing: Listing, cache: Path | None = None) -> Float32Array:
    """float32 [N, F]: the mean over both views of `starter_embeddings`."""
    return views_joined(starter_embeddings(listing, cache))


def views_joined(embeddings: Float32Array) -> Float32Array:
    """[N, F] of ``embeddings`` [N, views, F]: what images are compared by."""
    mean: Float32Array = embeddings.mean(axis=1)
    return mean


@cache
def _starter() -> Embedder:
    return Embedder(STARTER)
