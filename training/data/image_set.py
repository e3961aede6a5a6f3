"""Folders of class folders, decoded once into memory through the serving image path."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from training.errors import DatasetError
from visionflow.errors import ImageError
from visionflow.images import UInt8Array, load
from visionflow.input_spec import InputSpec

Int64Array = npt.NDArray[np.int64]

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"})


@dataclass(frozen=True)
class ImageSet:
    """Pictures ready for a network, with what they show.

    ``images``: uint8 RGB [N, size, size, 3]; ``targets``: int64 [N], indices into ``labels``.
    """

    labels: tuple[str, ...]
    images: UInt8Array
    targets: Int64Array

    def __len__(self) -> int:
        return len(self.targets)

    def subset(self, indices: Int64Array) -> "ImageSet":
        """The pictures at ``indices``, in that order."""
        return ImageSet(self.labels, self.images[indices], self.targets[indices])


@dataclass(frozen=True)
class TrainingData:
    """What weights may be fitted to, what choices are made by, and the content hash of both."""

    train: ImageSet
    validation: ImageSet
    sha256: str

    def sample_for_calibration(self, count: int, seed: int) -> ImageSet:
        """``count`` training pictures (all, when there are fewer), drawn without replacement."""
        generator = np.random.default_rng(seed)
        return self.train.subset(generator.permutation(len(self.train))[:count])


def load_training_data(
    folder: Path, spec: InputSpec, validation_fraction: float, seed: int
) -> TrainingData:
    """Decode ``folder`` and hold out a stratified part of it.

    Raises `DatasetError` as `load_images` and `stratified_split` do.
    """
    images, sha256 = load_images(folder, spec)
    kept, held_out = stratified_split(images.targets, validation_fraction, seed)
    return TrainingData(images.subset(kept), images.subset(held_out), sha256)


def find_images(folder: Path) -> dict[str, list[Path]]:
    """The picture files of each class folder, both in sorted order.

    Raises `DatasetError` on a missing folder, fewer than two classes, or a class without pictures.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder; expected one folder of pictures per class")
    classes = {
        entry.name: sorted(file for file in entry.rglob("*") if file.suffix.lower() in SUFFIXES)
        for entry in sorted(folder.iterdir())
        if entry.is_dir() and not entry.name.startswith(".")
    }
    if len(classes) < 2:
        raise DatasetError(f"{folder}: found {len(classes)} class folders, at least 2 are needed")
    if empty := [label for label, files in classes.items() if not files]:
        raise DatasetError(f"{folder}: no pictures in class {', '.join(empty)}")
    return classes


def load_images(folder: Path, spec: InputSpec) -> tuple[ImageSet, str]:
    """Decode every picture below ``folder`` and hash the set's content.

    The hash is the SHA-256 over each file's class, relative name and content, in sorted order: it
    names the exact data of a run wherever the folder lies.

    Raises `DatasetError` for what `find_images` refuses and for a file that is not a picture.
    """
    classes = find_images(folder)
    files = [(label, file) for label, files in classes.items() for file in files]
    images = np.empty((len(files), spec.size, spec.size, 3), np.uint8)
    digest = hashlib.sha256()
    for i, (_, file) in enumerate(tqdm(files, desc=f"decode {folder.name}", unit="img")):
        data = file.read_bytes()
        try:
            images[i] = load(data, spec)
        except ImageError as error:
            raise DatasetError(f"{file}: {error} Remove or replace the file.") from error
        digest.update(f"{file.relative_to(folder).as_posix()}\0".encode())
        digest.update(hashlib.sha256(data).digest())
    position = {label: i for i, label in enumerate(classes)}
    targets = np.array([position[label] for label, _ in files], np.int64)
    return ImageSet(tuple(classes), images, targets), digest.hexdigest()


def stratified_split(
    targets: Int64Array, fraction: float, seed: int
) -> tuple[Int64Array, Int64Array]:
    """Indices (kept, held out), sorted and disjoint, with ``fraction`` of each class held out.

    At least one picture of a class is held out and at least one kept; a class with a single picture
    raises `DatasetError`.
    """
    generator = np.random.default_rng(seed)
    held_out = []
    for target in np.unique(targets):
        members = np.flatnonzero(targets == target)
        if len(members) < 2:
            raise DatasetError(
                f"class number {target} has one picture; splitting it needs at least 2"
            )
        count = min(max(1, round(fraction * len(members))), len(members) - 1)
        held_out.append(generator.permutation(members)[:count])
    validation = np.sort(np.concatenate(held_out))
    return np.setdiff1d(np.arange(len(targets)), validation), validation
