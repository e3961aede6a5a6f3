"""Which images a folder of class folders holds: names, classes and content hashes."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.data.folders.classes import Classes, classes_in
from training.data.folders.left_out import LeftOut
from training.data.folders.parts import hint
from training.data.threads import in_threads
from training.errors import DatasetError

Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Listing:
    """Files of images with what they show; nothing is decoded.

    ``files``: POSIX paths relative to ``root``, sorted by class, then by name. ``targets``: int64
    [N], indices into ``labels``. ``hashes``: SHA-256 (hex) of each file's bytes. ``left_out``: what
    else lies there.
    """

    root: Path
    labels: tuple[str, ...]
    files: tuple[str, ...]
    targets: Int64Array
    hashes: tuple[str, ...]
    left_out: LeftOut = field(default_factory=LeftOut)

    def __len__(self) -> int:
        return len(self.files)

    @property
    def sha256(self) -> str:
        """Hash of each file's class, relative name and content: the same data has the same hash in
        any folder."""
        digest = hashlib.sha256()
        for name, content in zip(self.files, self.hashes, strict=True):
            digest.update(f"{name}\0".encode())
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
    *,
    skip_unreadable: bool = False,
) -> Listing:
    """List and hash every image below ``folder``, whose folders are the classes.

    ``nested``: the folders of the classes, and only of images that lie directly in them, where they
    are not those at the top.

    With ``labels`` given (those of the training part) these are the classes, and some of them may
    be missing. Without them the labels are sorted, those in ``first`` before the others.
    ``skip_unreadable``: whether to leave out files that the system does not let read.

    Raises `DatasetError` on a missing folder, names that are not text, that cannot be labels or
    look alike, a class without images, a class that is not in ``labels``, one of ``first`` that is
    missing, on files that cannot be read, all of them named, and without labels on fewer than two
    classes.
    """
    found = classes_in(folder, nested)
    found.require_sound()
    hashes, unreadable = _hashes(folder, found, skip_unreadable)
    classes = {
        label: [file for file in files if file in hashes]
        for label, files in sorted(found.files.items())
    }
    _require_images(folder, classes)
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
                f"{hint(folder)}"
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
    left_out = replace(found.left_out, unreadable=tuple(unreadable))
    return Listing(folder, labels, names, targets, tuple(hashes[file] for file in paths), left_out)


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


def _require_images(folder: Path, classes: Mapping[str, Sequence[Path]]) -> None:
    if not any(classes.values()):
        raise DatasetError(
            f"{folder}: no images in folders of classes; expected {folder.name}/<class>/<image>"
            f"{hint(folder)}"
        )
    if empty := [label for label, files in classes.items() if not files]:
        raise DatasetError(
            f"{folder}: no images in class {', '.join(empty)}; add some or remove the folder"
            f"{hint(folder)}"
        )


def _hashes(folder: Path, found: Classes, skip: bool) -> tuple[dict[Path, str], dict[Path, str]]:
    """The SHA-256 of each image, and why others cannot be read."""
    paths = [file for _, files in sorted(found.files.items()) for file in files]
    hashes: dict[Path, str] = {}
    unreadable: dict[Path, str] = {}
    results = in_threads(_sha256, paths, f"read {folder.name}")
    for file, (sha256, why) in zip(paths, results, strict=True):
        if why:
            unreadable[file] = why
        else:
            hashes[file] = sha256
    if unreadable and not skip:
        named = "; ".join(f"{file} ({why})" for file, why in unreadable.items())
        raise DatasetError(
            f"{len(unreadable):,} files cannot be read: {named}. Give yourself the right to read "
            "them, or leave them out with --skip-unreadable."
        )
    return hashes, unreadable


def _sha256(file: Path) -> tuple[str, str]:
    """The hash, or else why there is none."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest(), ""
    except OSError as error:
        return "", error.strerror or type(error).__name__
