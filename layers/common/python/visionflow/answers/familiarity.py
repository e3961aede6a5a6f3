"""How much an image is like those that a model was taught.

Two measures, each with a threshold in the manifest. The first is the similarity of its embedding to
the fifth nearest of some training images (Sun et al. 2022, arXiv:2204.06507), compared with what is
usual for those neighbours and for the class that is answered: images of some classes are all alike,
those of others hardly. The second is the finest detail of the pixels: an enlarged or blurred image
has less than anything that the model was taught.
"""

import io
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from visionflow.errors import ArtifactError
from visionflow.images.pixels import UInt8Array

FloatArray = npt.NDArray[np.float32]
Int64Array = npt.NDArray[np.int64]

NEIGHBOUR = 5
# How much of what is usual for the neighbours, and for the class, is taken off the similarity.
_OF_NEIGHBOURS = 0.2
_OF_CLASS = 0.3
# Directions in which training images differ most; the others change the similarity by nothing that
# could be measured.
_AXES = 256
# What is read; a run keeps less than a hundredth of it. An archive can pack gigabytes of zeros
# into a file of any size.
_MAX_BYTES = 100_000_000


@dataclass(frozen=True, eq=False)
class FamiliarImages:
    """M training images of C classes, each as a direction of its embedding of F features.

    ``axes``: [D, F], orthonormal; ``directions``: [M, D]; ``neighbourhood``: [M], each one's
    similarity to its own `NEIGHBOUR`-th nearest; ``class_mean``: [C], the mean of these. All
    float32, kept in half precision.
    """

    axes: FloatArray
    directions: FloatArray
    neighbourhood: FloatArray
    class_mean: FloatArray

    @classmethod
    def of(cls, embeddings: FloatArray, targets: Int64Array, classes: int) -> Self:
        """Of training images: embeddings [M, F] and int64 [M], indices of ``classes`` labels."""
        unit = _unit(embeddings)
        axes = np.linalg.svd(unit, full_matrices=False)[2][:_AXES]
        directions = unit @ axes.T
        similarity = directions @ directions.T
        np.fill_diagonal(similarity, -np.inf)
        own = np.sort(similarity, axis=1)[:, 1:][:, -NEIGHBOUR:]
        neighbourhood = own[:, 0] if own.size else np.ones(len(unit))
        sums = np.bincount(targets, neighbourhood, minlength=classes)
        counts = np.bincount(targets, minlength=classes)
        # A class without an image here is taken for an average one.
        mean = np.where(counts > 0, sums / np.maximum(counts, 1), neighbourhood.mean())
        return cls(*(_half(part) for part in (axes, directions, neighbourhood, mean)))

    @classmethod
    def open(cls, file: Path | bytes) -> Self:
        """What `to_bytes` wrote. Raises `ArtifactError` for anything else."""
        source = io.BytesIO(file) if isinstance(file, bytes) else file
        try:
            with np.load(source, allow_pickle=False) as stored:
                if (size := sum(part.file_size for part in stored.zip.infolist())) > _MAX_BYTES:
                    raise ValueError(f"{size:,} bytes when unpacked")
                parts = {field.name: stored[field.name] for field in fields(cls)}
        except Exception as error:
            # Besides the errors of NumPy, zipfile and zlib also what the header of a part evaluates
            # to, and the memory that it asks for.
            raise ArtifactError(f"the familiar images cannot be read ({error})") from error
        shapes = tuple(part.shape for part in parts.values())
        if not _fit(*shapes) or any(part.dtype != np.float16 for part in parts.values()):
            raise ArtifactError(f"the familiar images have shapes that do not fit: {shapes}")
        if not all(np.isfinite(part).all() for part in parts.values()):
            raise ArtifactError("the familiar images hold numbers that are not finite")
        return cls(**{name: part.astype(np.float32) for name, part in parts.items()})

    def to_bytes(self) -> bytes:
        """A NumPy archive of float16 arrays."""
        buffer = io.BytesIO()
        arrays = {name: part.astype(np.float16) for name, part in vars(self).items()}
        np.savez(buffer, **arrays)
        return buffer.getvalue()

    def fits(self, features: int, classes: int) -> bool:
        """Whether they are of a model with so many features and classes."""
        return (self.axes.shape[1], len(self.class_mean)) == (features, classes)

    def familiarity(self, embeddings: FloatArray, answers: Int64Array) -> FloatArray:
        """float32 [N], higher for what is more familiar, of embeddings [N, F].

        ``answers``: int64 [N], the index of each one's best label.
        """
        similarity = _unit(embeddings) @ self.axes.T @ self.directions.T
        count = min(NEIGHBOUR, similarity.shape[1])
        nearest = np.argpartition(similarity, -count, axis=1)[:, -count:]
        kth = np.take_along_axis(similarity, nearest, axis=1).min(axis=1)
        around = self.neighbourhood[nearest].mean(axis=1)
        found: FloatArray = kth - _OF_NEIGHBOURS * around - _OF_CLASS * self.class_mean[answers]
        return found


def finest_detail(images: UInt8Array) -> FloatArray:
    """float32 [N]: how much of [N, H, W, 3] changes within one pixel, compared with two.

    0.5 for what is smooth, such as an image that was enlarged; 1 for noise.
    """
    green = images[..., 1].astype(np.int16)
    one = _change(green, 1)
    # An image of one colour has no detail at all.
    detail: FloatArray = np.divide(
        one, _change(green, 2), out=np.full_like(one, 0.5), where=one > 0
    )
    return detail


def _change(green: npt.NDArray[np.int16], pixels: int) -> FloatArray:
    """The mean difference at this distance, in both directions."""
    down = np.abs(green[:, pixels:] - green[:, :-pixels]).mean(axis=(1, 2), dtype=np.float32)
    right = np.abs(green[:, :, pixels:] - green[:, :, :-pixels]).mean(axis=(1, 2), dtype=np.float32)
    change: FloatArray = down + right
    return change


def _unit(embeddings: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    scaled: FloatArray = embeddings / np.maximum(lengths, np.finfo(np.float32).tiny)
    return scaled


def _half(values: npt.NDArray[np.floating]) -> FloatArray:
    """As they are after they were kept."""
    return values.astype(np.float16).astype(np.float32)


def _fit(axes: tuple[int, ...], directions: tuple[int, ...], *rows: tuple[int, ...]) -> bool:
    neighbourhood, class_mean = rows
    return (
        (len(axes), len(directions), len(class_mean)) == (2, 2, 1)
        and directions[1] == axes[0]
        and neighbourhood == directions[:1]
        and min(*axes, *directions, *class_mean) > 0
    )
