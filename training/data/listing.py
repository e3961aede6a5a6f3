"""Which images a folder of class folders holds: names, classes and content hashes."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.data.threads import in_threads
from training.errors import DatasetError
from visionflow.images.formats import IMAGE_SUFFIXES
from visionflow.jobs.layout import is_image_name
from visionflow.labels import composed, label_problem, twins

Int64Array = npt.NDArray[np.int64]

SUFFIXES = IMAGE_SUFFIXES


@dataclass(frozen=True, eq=False)
class Listing:
    """Files of images with what they show; nothing is decoded.

    ``files``: POSIX paths relative to ``root``, sorted by class, then by name. ``targets``: int64
    [N], indices into ``labels``. ``hashes``: SHA-256 (hex) of each file's bytes.
    """

    root: Path
    labels: tuple[str, ...]
    files: tuple[str, ...]
    targets: Int64Array
    hashes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.files)

    @property
    def sha256(self) -> str:
        """Hash of each file's class, relative name and content: the same data has the same hash in
        any folder."""
        digest = hashlib.sha256()
        for name, content in zip(self.files, self.hashes, strict=True):
            # A name may be any bytes; Python holds those that are not UTF-8 as surrogates.
            digest.update(f"{name}\0".encode(errors="surrogateescape"))
            digest.update(bytes.fromhex(content))
        return digest.hexdigest()

    @property
    def counts(self) -> Int64Array:
        """int64 [C]: the images of each class."""
        return np.bincount(self.targets, minlength=len(self.labels)).astype(np.int64)

    def path(self, index: int) -> Path:
        return self.root / self.files[index]

    def subset(self, indices: Int64Array) -> "Listing":
        """The files at ``indices``, in that order, with all labels."""
        return Listing(
            self.root,
            self.labels,
            tuple(self.files[i] for i in indices),
            self.targets[indices],
            tuple(self.hashes[i] for i in indices),
        )


def list_images(
    folder: Path,
    labels: tuple[str, ...] | None = None,
    first: tuple[str, ...] = (),
    nested: Sequence[Path] | None = None,
) -> Listing:
    """List and hash every image below ``folder``, whose folders are the classes.

    ``nested``: the folders of the classes, and only of images that lie directly in them, where they
    are not those at the top.

    With ``labels`` given (those of the training part) these are the classes, and some of them may
    be missing. Without them the labels are sorted, those in ``first`` before the others.

    Raises `DatasetError` on a missing folder, a class without images, a class that is not in
    ``labels``, one of ``first`` that is missing, and without labels on fewer than two classes.
    """
    classes = _find_classes(folder, nested)
    if labels is None:
        labels = (*first, *(label for label in classes if label not in first))
        if lost := [label for label in first if label not in classes]:
            raise DatasetError(
                f"{folder}: no images of {', '.join(lost)}, classes of the model that "
                "this one grows from; add some, or these classes would be forgotten"
            )
        if len(labels) < 2:
            raise DatasetError(
                f"{folder}: found {len(labels)} class folders with images, at least 2 are needed"
            )
    if unknown := sorted(set(classes) - set(labels)):
        raise DatasetError(
            f"{folder}: the training images have no class {', '.join(unknown)}; add it to them "
            "or remove the folder"
        )
    paths = [file for files in classes.values() for file in files]
    names = tuple(file.relative_to(folder).as_posix() for file in paths)
    counts = [len(files) for files in classes.values()]
    targets = np.repeat(np.array([labels.index(label) for label in classes], np.int64), counts)
    hashes = tuple(in_threads(_sha256, paths, f"read {folder.name}"))
    return Listing(folder, labels, names, targets, hashes)


def joined(parts: Sequence[Listing]) -> Listing:
    """All ``parts`` as one, with the labels of the first. Where they lie in several folders, each
    name begins with that of its folder."""
    root = parts[0].root
    divided = any(part.root != root for part in parts)
    return Listing(
        root.parent if divided else root,
        parts[0].labels,
        tuple(
            f"{part.root.name}/{name}" if divided else name for part in parts for name in part.files
        ),
        np.concatenate([part.targets for part in parts]),
        tuple(content for part in parts for content in part.hashes),
    )


def read_bytes(file: Path) -> bytes:
    """The content of an image. Raises `DatasetError` where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise DatasetError(f"{file}: cannot be read ({error.strerror})") from error


def same_content(hashes: Sequence[str], members: Iterable[int]) -> list[list[int]]:
    """``members``, which are indices of ``hashes``, in groups of the same hash."""
    groups: dict[str, list[int]] = {}
    for index in members:
        groups.setdefault(hashes[index], []).append(index)
    return list(groups.values())


def class_folders(folder: Path) -> list[Path]:
    """The folders in ``folder``, sorted, without hidden ones. Raises `DatasetError`."""
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder; expected one folder of images per class")
    return sorted(x for x in folder.iterdir() if x.is_dir() and not x.name.startswith("."))


def class_labels(folders: Iterable[Path]) -> list[str]:
    """What class folders are called, `composed`.

    Raises `DatasetError` for a name that cannot be a label, and for two that differ by case or
    composition alone.
    """
    by_label: dict[str, Path] = {}
    for folder in folders:
        label = composed(folder.name)
        if problem := label_problem(label):
            raise DatasetError(
                f"{folder.parent}: the class folder {label!r:.80} {problem}; rename it"
            )
        if label in by_label:
            raise _same_name(by_label[label], folder)
        by_label[label] = folder
    if pair := twins(by_label):
        raise _same_name(by_label[pair[0]], by_label[pair[1]])
    return [*by_label]


def _same_name(first: Path, second: Path) -> DatasetError:
    return DatasetError(
        f"{second}: differs from {first} by upper and lower case or by composition alone; move the "
        "images of both into one folder, or rename one"
    )


def is_image(file: Path) -> bool:
    """Whether the name is that of an image, and there is one."""
    return is_image_name(file.name) and file.is_file()


def _find_classes(folder: Path, nested: Sequence[Path] | None) -> dict[str, list[Path]]:
    folders = class_folders(folder) if nested is None else nested
    classes = {
        label: sorted(filter(is_image, entry.rglob("*") if nested is None else entry.iterdir()))
        for label, entry in zip(class_labels(folders), folders, strict=True)
    }
    if not any(classes.values()):
        raise DatasetError(
            f"{folder}: no images in folders of classes; expected {folder.name}/<class>/<image>"
        )
    if empty := [label for label, files in classes.items() if not files]:
        raise DatasetError(
            f"{folder}: no images in class {', '.join(empty)}; add some or remove the folder"
        )
    return classes


def _sha256(file: Path) -> str:
    return hashlib.sha256(read_bytes(file)).hexdigest()
