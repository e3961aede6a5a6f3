"""The sealed set of a job: images of its dataset that no training machine gets.

The control plane chooses them before the first machine is launched and measures with them what the
machine has made. They are drawn by the hash of their content: copies of an image lie on one side,
and further jobs on the same dataset seal the same images, so that two versions can be compared.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from visionflow.jobs.layout import Layout

SHARE = 0.1
"""Of each class, at most."""
MOST_IMAGES = 500
LEAST_IMAGES = 20
"""Of fewer, no measure is worth having: such a dataset has no sealed set."""
MOST_BYTES = 1024**3
"""Of all together; the publishing function has them on its disk."""
LARGEST_IMAGE = 20 * 1024**2


@dataclass(frozen=True)
class StoredFile:
    """An object below a prefix. ``name`` is relative to that, ``etag`` names the content."""

    name: str
    size: int
    etag: str


@dataclass(frozen=True)
class SealedImage:
    """An image that the machine does not get, and what it shows."""

    name: str
    etag: str
    label: str


@dataclass(frozen=True)
class SealedSet:
    """``labels``: all classes of the dataset, sorted. ``withheld``: the names of the images and of
    their copies, none of which the machine gets. ``images``: what is measured with; empty where the
    dataset has too few. ``least_validation``: at least so many validation images the smallest class
    has. Of a version of a dataset, ``missing``: how many of its images were erased since it was
    frozen; ``copied``: whether any is a copy of a prediction's image; ``version_sha256``: of its
    manifest."""

    labels: tuple[str, ...]
    images: tuple[SealedImage, ...]
    withheld: tuple[str, ...]
    least_validation: int
    missing: int = 0
    copied: bool = False
    version_sha256: str | None = None

    @property
    def sha256(self) -> str:
        """Names the set: equal for equal images with equal labels."""
        digest = hashlib.sha256()
        for image in sorted(self.images, key=lambda image: image.etag):
            digest.update(f"{image.etag}\0{image.label}\0".encode(errors="surrogateescape"))
        return digest.hexdigest()


def seal(files: Sequence[StoredFile], layout: Layout, validation: float) -> SealedSet:
    """Choose the sealed set of a dataset.

    Only images of the training part are sealed, up to `SHARE` of each class and `MOST_IMAGES` in
    all, by the order of a hash of their content. An image that lies in two classes, or in another
    part too, is not: its label is in doubt, or the machine has it anyway. ``validation``: the share
    of the images that training measures with, where the dataset has no part for that.
    """
    names: dict[str, list[StoredFile]] = defaultdict(list)
    labels: dict[str, set[str | None]] = defaultdict(set)
    for file in files:
        names[file.etag].append(file)
        labels[file.etag].add(layout.label_of(file.name))
    classes: dict[str, list[str]] = defaultdict(list)
    for etag, found in labels.items():
        for label in found - {None}:
            classes[str(label)].append(etag)
    most = most_of_a_class(max(1, len(classes)))
    chosen = [
        (etag, label)
        for label, etags in classes.items()
        for etag in sorted(etags, key=draw)[: min(int(len(etags) * SHARE), most)]
        if labels[etag] == {label} and names[etag][0].size <= LARGEST_IMAGE
    ]
    kept = measured(
        (SealedImage(names[etag][0].name, etag, label), names[etag][0].size)
        for etag, label in chosen
    )
    return SealedSet(
        labels=tuple(sorted(classes)),
        images=kept,
        withheld=tuple(sorted(file.name for image in kept for file in names[image.etag])),
        least_validation=layout.least_validation([file.name for file in files], validation),
    )


def measured(chosen: Iterable[tuple[SealedImage, int]]) -> tuple[SealedImage, ...]:
    """Those of ``chosen``, with their sizes in bytes, that there is room for; none where they are
    too few."""
    kept: list[SealedImage] = []
    room = MOST_BYTES
    for image, size in sorted(chosen, key=lambda each: draw(each[0].etag)):
        room -= size
        if len(kept) == MOST_IMAGES or room < 0:
            break
        kept.append(image)
    return tuple(kept) if len(kept) >= LEAST_IMAGES else ()


def most_of_a_class(classes: int) -> int:
    """How many images of each of ``classes`` are measured with at most: of large ones equally
    many."""
    return max(1, MOST_IMAGES // classes)


def draw(etag: str) -> str:
    """The place of some content in the order in which images are sealed."""
    return hashlib.sha256(f"sealed {etag}".encode()).hexdigest()
