"""Which images are for fitting, which for choosing, which for measuring."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from training.config import DataConfig
from training.data.folders.parts import around, find_parts
from training.data.folders.walk import image_folders
from training.data.listing import Int64Array, Listing, list_images
from training.data.parents import Parents, require_same_nesting
from training.errors import DatasetError

SPLIT_FILE = "split.json"
"""What a run keeps of `Splits.to_json`."""


@dataclass(frozen=True, eq=False)
class Groups:
    """Which images show the same thing: those with the same number.

    ``by``: ``data.group_by``. ``numbers``: int64 [N] from 0, of all images in the order of
    `list_parts`, part by part.
    """

    by: str
    numbers: Int64Array


@dataclass(frozen=True, eq=False)
class Splits:
    """The three parts, all with the labels of the training part.

    ``fractions``: of the parts that were drawn out of the training folder by ``seed`` because the
    dataset had none, their shares of each class, or with ``by_class`` false of all images.
    ``places``: where the images of each part stand in the order of ``groups``.
    """

    train: Listing
    validation: Listing
    test: Listing
    seed: int
    fractions: Mapping[str, float]
    groups: Groups
    places: Mapping[str, Int64Array]
    by_class: bool = True

    @property
    def parts(self) -> dict[str, Listing]:
        return {"train": self.train, "validation": self.validation, "test": self.test}

    @property
    def group_numbers(self) -> dict[str, Int64Array]:
        """The group of each image of each part, int64 [n]."""
        return {name: self.groups.numbers[self.places[name]] for name in self.parts}

    def to_json(self, dataset: Path | None = None) -> str:
        """Every file's name, SHA-256 and group, part by part, and how the parts came about.

        ``dataset``: the folder that all of them lie in, for commands that read them again.
        """
        numbers = self.group_numbers
        document = {
            "dataset": None if dataset is None else str(dataset.resolve()),
            "seed": self.seed,
            "carved": tuple(self.fractions),
            "fractions": self.fractions,
            "group_by": self.groups.by,
            "labels": self.train.labels,
            "parts": {
                name: {
                    "folder": part.root.name,
                    "sha256": part.sha256,
                    "files": dict(zip(part.files, part.hashes, strict=True)),
                    "groups": numbers[name].tolist(),
                }
                for name, part in self.parts.items()
            },
        }
        return json.dumps(document, indent=1) + "\n"


def list_parts(
    folder: Path,
    first: tuple[str, ...] = (),
    above: Parents | None = None,
    labels: tuple[str, ...] | None = None,
    *,
    skip_unreadable: bool = False,
) -> dict[str, Listing]:
    """The parts that ``folder`` is divided into, ``train`` first; nothing else if it is not.

    ``folder`` holds either class folders or ``train`` (with ``validation`` and ``test``, or what
    else people call these), which hold the class folders. ``first``: labels that come before all
    others.
    ``above``: the parents of nested class folders, where they are.
    ``labels``: all that there are, where images of some of them may be missing.
    ``skip_unreadable``: as for `list_images`.

    Raises `DatasetError` where `list_images` does, and for a folder that is divided in an unclear
    way.
    """
    paths = find_parts(folder)
    nested = {}
    if above is not None:
        for name, path in paths.items():
            require_same_nesting(path, above)
            nested[name] = image_folders(path)
    train = list_images(
        paths["train"], labels, first, nested.get("train"), skip_unreadable=skip_unreadable
    )
    train = replace(train, left_out=around(folder, paths.values()) + train.left_out)
    others: list[str] = [name for name in ("validation", "test") if name in paths]
    return {"train": train} | {
        name: list_images(
            paths[name],
            train.labels,
            nested=nested.get(name),
            skip_unreadable=skip_unreadable,
        )
        for name in others
    }


def divide(
    parts: Mapping[str, Listing],
    groups: Groups,
    config: DataConfig,
    seed: int,
    *,
    by_class: bool = True,
    held: Mapping[str, str] = MappingProxyType({}),
) -> Splits:
    """The three parts of a dataset: those in ``parts``, and those that are missing carved out of
    the training images by `carve`, with the shares that ``config`` states. ``held``: the part that
    an image, by its SHA-256, was in before."""
    train = parts["train"]
    shares = {"validation": config.validation, "test": config.test}
    fractions = {name: share for name, share in shares.items() if name not in parts}
    numbers = groups.numbers[: len(train)]
    carved = carve(train, numbers, fractions, seed, by_class=by_class, held=held)
    places = dict(carved)
    start = len(train)
    for name, part in parts.items():
        if name != "train":
            places[name] = np.arange(start, start + len(part))
            start += len(part)
    pieces = {name: train.subset(indices) for name, indices in carved.items()}
    found = {**parts, **pieces}
    return Splits(
        train=found["train"],
        validation=found["validation"],
        test=found["test"],
        seed=seed,
        fractions=fractions,
        groups=groups,
        places=places,
        by_class=by_class,
    )


def require_measurable(splits: Splits) -> None:
    """Raise `DatasetError` where a part that was carved has images of less than two classes."""
    for name in splits.fractions:
        part = splits.parts[name]
        classes = np.count_nonzero(part.counts)
        if classes < 2:
            raise DatasetError(
                f"{part.root}: {name} images of at least 2 classes are needed, and only {classes} "
                "of the classes can be divided. Images that show the same thing stay together "
                f"(group_by = {splits.groups.by}), and the other classes have too few groups of "
                "such images. Add images of other things or scenes, or say with --group-by which "
                "images belong together; --group-by content takes all files that differ for "
                "independent."
            )


def carve(
    listing: Listing,
    groups: Int64Array,
    fractions: Mapping[str, float],
    seed: int,
    *,
    by_class: bool = True,
    held: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Int64Array]:
    """Sorted indices of each part in ``fractions`` and of the rest, called ``train``.

    Each part gets its share of every class, as nearly as ``groups`` (int64 [N]) allow, which stay
    whole. From the largest to the smallest, each group goes to one of the parts that have room for
    it, by chance in proportion to their room: so every part gets groups of all sizes. A class with
    at least as many groups as there are parts has one in each; with two it lies in the training
    part and in ``test`` (in ``validation`` where that alone is carved), with one in the training
    part alone. Copies of a single file go to the training part while it has room, so that
    validation and test seldom hold the same image twice. Without ``by_class`` each part gets its
    share of all images, whatever they show: a class of one image may then be in any part.

    A group with an image in ``held`` (part by SHA-256) stays in that part, whatever room it has;
    of several, the last in the order of the parts: a test image never becomes a training image.
    """
    if not by_class:
        listing = replace(listing, labels=("",), targets=np.zeros_like(listing.targets))
    return _Carving(listing, groups, fractions, np.random.default_rng(seed), held).carved()


class _Carving:
    """``room``: of each part, for images of each class, [P, C]; the training part comes first.
    ``part``: int64 [G], where each group lies; ``lying``: int64 [P, C], the groups of each class in
    each part."""

    def __init__(
        self,
        listing: Listing,
        groups: Int64Array,
        fractions: Mapping[str, float],
        generator: np.random.Generator,
        held: Mapping[str, str],
    ) -> None:
        self._names = ("train", *fractions)
        numbers, self._members = np.unique(groups, return_inverse=True)
        # Sparse [G, C]: hundreds of thousands of groups hold images of one class each.
        counts = csr_array(
            (np.ones(len(listing), np.int64), (self._members, listing.targets)),
            (len(numbers), len(listing.labels)),
        )
        counts.sum_duplicates()
        self._counts = counts
        totals = counts.sum(axis=0)
        shares = [np.rint(fraction * totals) for fraction in fractions.values()]
        self._room = np.array([totals - sum(shares), *shares])
        self._part = np.zeros(len(numbers), np.int64)
        self._lying = np.zeros((len(self._names), len(listing.labels)), np.int64)
        self._generator = generator
        self._sizes = counts.sum(axis=1)
        contents = {*zip(self._members.tolist(), listing.hashes, strict=True)}
        different = np.bincount([group for group, _ in contents], minlength=len(numbers))
        self._copies = (different == 1) & (self._sizes > 1)
        places = {name: place for place, name in enumerate(self._names)}
        of_image = [places.get(held.get(sha256, ""), -1) for sha256 in listing.hashes]
        self._held = np.full(len(numbers), -1)
        np.maximum.at(self._held, self._members, of_image)

    def carved(self) -> dict[str, Int64Array]:
        wanted = self._wanted()
        for group in np.flatnonzero(self._held >= 0).tolist():
            self._put(group, int(self._held[group]))
        order = self._generator.permutation(len(self._sizes))
        order = order[np.argsort(-self._sizes[order], kind="stable")]
        order = order[self._held[order] < 0]
        for group in order.tolist():
            classes, _ = self._content(group)
            # The parts in which all of its classes may lie.
            allowed = wanted[:, classes].all(axis=1)
            self._put(group, self._draw(group, np.flatnonzero(allowed)))
        self._fill(wanted, order[::-1])
        return {
            name: np.flatnonzero(self._part[self._members] == part)
            for part, name in enumerate(self._names)
        }

    def _content(self, group: int) -> tuple[Int64Array, Int64Array]:
        """The classes of its images, and how many each has."""
        place = slice(self._counts.indptr[group], self._counts.indptr[group + 1])
        return self._counts.indices[place], self._counts.data[place]

    def _wanted(self) -> npt.NDArray[np.bool_]:
        """In which parts [P, C] each class is to lie, by the number of its groups."""
        groups = np.bincount(self._counts.indices, minlength=self._counts.shape[1])
        # The last part is the test part, where it is carved.
        importance = np.array([0, *range(len(self._names) - 1, 0, -1)])
        wanted: npt.NDArray[np.bool_] = groups > importance[:, None]
        return wanted

    def _draw(self, group: int, allowed: Int64Array) -> int:
        classes, counts = self._content(group)
        room = self._room[:, classes]
        fits = [part for part in allowed if (room[part] >= counts).all()]
        if self._copies[group] and 0 in fits:
            return 0
        left = room.sum(axis=1)
        if not fits:
            return int(allowed[np.argmax(left[allowed])])
        return int(self._generator.choice(fits, p=left[fits] / left[fits].sum()))

    def _put(self, group: int, part: int) -> None:
        classes, counts = self._content(group)
        self._room[part, classes] -= counts
        self._lying[part, classes] += 1
        self._part[group] = part

    def _take(self, group: int) -> None:
        classes, counts = self._content(group)
        part = self._part[group]
        self._room[part, classes] += counts
        self._lying[part, classes] -= 1

    def _fill(self, wanted: npt.NDArray[np.bool_], order: Int64Array) -> None:
        """Move the smallest group that can be spared to each part that a class is missing from."""
        by_class = self._counts[order].tocsc()
        for part, target in zip(*np.nonzero(wanted), strict=True):
            if self._lying[part, target]:
                continue
            column = slice(by_class.indptr[target], by_class.indptr[target + 1])
            for group in order[np.sort(by_class.indices[column])].tolist():
                classes, _ = self._content(group)
                # All of its classes have another group where it lies.
                spared = (self._lying[self._part[group], classes] > 1).all()
                if spared and wanted[part, classes].all():
                    self._take(group)
                    self._put(group, int(part))
                    break
