"""How much an image is like those that a model was taught: nearest neighbours of its embedding.

The distance to the k-th nearest training embedding tells strange inputs from known ones better than
the confidence does (Sun et al. 2022, arXiv:2204.06507).
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from visionflow.errors import ArtifactError

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class FamiliarImages:
    """Embeddings of training images. ``directions``: float32 [M, F], each of length 1."""

    directions: FloatArray

    @classmethod
    def of(cls, embeddings: FloatArray) -> Self:
        """Of embeddings [M, F], as they are kept: in half precision."""
        return cls(_directions(embeddings).astype(np.float16).astype(np.float32))

    @classmethod
    def open(cls, file: Path | bytes) -> Self:
        """What `to_bytes` wrote. Raises `ArtifactError` for anything else."""
        source = io.BytesIO(file) if isinstance(file, bytes) else file
        try:
            stored = np.load(source, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise ArtifactError(f"the stored embeddings cannot be read ({error})") from error
        if getattr(stored, "dtype", None) != np.float16 or stored.ndim != 2 or not stored.size:
            raise ArtifactError("the stored embeddings are not a table of half-precision numbers")
        return cls(stored.astype(np.float32))

    def to_bytes(self) -> bytes:
        """A NumPy file of float16 [M, F]."""
        buffer = io.BytesIO()
        np.save(buffer, self.directions.astype(np.float16), allow_pickle=False)
        return buffer.getvalue()

    def similarity(self, embeddings: FloatArray, neighbour: int) -> FloatArray:
        """float32 [N]: the cosine similarity of each of [N, F] to its ``neighbour``-th nearest.

        Of fewer stored embeddings than that, to the farthest.
        """
        cosines = _directions(embeddings) @ self.directions.T
        place = max(0, cosines.shape[1] - neighbour)
        nearest: FloatArray = np.partition(cosines, place, axis=1)[:, place]
        return nearest


def _directions(embeddings: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    scaled: FloatArray = embeddings / np.maximum(lengths, np.finfo(np.float32).tiny)
    return scaled
