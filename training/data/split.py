"""Which images are for fitting, which for choosing, which for measuring."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.config import DataConfig
from training.data.listing import (
    Int64Array,
    Listing,
    class_folders,
    is_image,
    list_images,
    same_content,
)
from training.errors import DatasetError

PARTS = {
    "train": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}
"""What the folder of each part may be called."""


@dataclass(frozen=True, eq=False)
class Splits:
    """The three parts, all with the labels of the training part.

    ``fractions``: of the parts that were drawn out of the training folder by ``seed`` because the
    dataset had none, their shares of each class.
    """

    train: Listing
    validation: Listing
    test: Listing
    seed: int
    fractions: Mapping[str, float]

    def to_json(self) -> str:
        """Every file's name and SHA-256, part by part, and how the parts came about."""
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        document = {
            "seed": self.seed,
            "carved": tuple(self.fractions),
            "fractions": self.fractions,
            "labels": self.train.labels,
            "parts": {
                name: {
                    "folder": part.root.name,
                    "sha256": part.sha256,
                    "files": dict(zip(part.files, part.hashes, strict=True)),
                }
                for name, part in parts.items()
            },
        }
        return json.dumps(document, indent=1) + "\n"


def read_splits(folder: Path, config: DataConfig, seed: int, first: tuple[str, ...] = ()) -> Splits:
    """The parts of ``folder``: as its folders divide it, and drawn by ``seed`` where they do not.

    ``folder`` holds either class folders or ``train`` (with ``val``, ``valid`` or ``validation``,
    and ``test``), which hold the class folders. A part that is missing is carved out of the
    training images by `carve`, with the share that ``config`` states. ``first``: labels that come
    before all others.

    Raises `DatasetError` where `list_images` and `carve` do, and for a folder that is divided in an
    unclear way.
    """
    parts = find_parts(folder)
    train = list_images(parts["train"], None, first)
    found = {
        name: list_images(path, train.labels) for name, path in parts.items() if name != "train"
    }
    shares = {"validation": config.validation, "test": config.test}
    fractions = {name: share for name, share in shares.items() if name not in found}
    carved = carve(train, fractions, seed)
    rest = carved.pop("train")
    pieces = found | {name: train.subset(indices) for name, indices in carved.items()}
    return Splits(train.subset(rest), pieces["validation"], pieces["test"], seed, fractions)


def leaks(splits: Splits) -> Iterator[str]:
    """A sentence for each part that shares files, byte for byte, with an earlier part: accuracy
    measured on it is too high."""
    earlier: set[str] = set()
    for name, part in (
        ("training", splits.train),
        ("validation", splits.validation),
        ("test", splits.test),
    ):
        if earlier and (shared := sum(content in earlier for content in part.hashes)):
            others = "training" if name == "validation" else "training or validation"
            yield (
                f"{shared:,} of {len(part):,} {name} images are {others} images too, so "
                f"accuracy on {name} will be too high; `visionflow data inspect` names them."
            )
        earlier.update(part.hashes)


def find_parts(folder: Path) -> dict[str, Path]:
    """The folder of each part that ``folder`` is divided into; of ``train`` alone if it is not.

    Raises `DatasetError` where it is unclear what the folders are.
    """
    entries = class_folders(folder)
    by_name = {entry.name.lower(): entry for entry in entries}
    # A class may well be called "train": then it holds images, and no folders of classes.
    train = by_name.get("train")
    loose = next(filter(is_image, sorted(train.iterdir())), None) if train else None
    if train is None or not class_folders(train) or loose:
        if entries and set(by_name) <= set(PARTS) and train is None:
            raise DatasetError(f"{folder}: there is no folder train beside {', '.join(by_name)}")
        if loose and set(by_name) <= set(PARTS) and class_folders(loose.parent):
            raise DatasetError(f"{loose}: lies beside class folders; move it into its class")
        return {"train": folder}
    parts: dict[str, Path] = {}
    for name, entry in by_name.items():
        part = PARTS.get(name)
        if part is None:
            raise DatasetError(
                f"{entry}: beside {train.name} only folders called {', '.join(PARTS)} may lie; "
                "move it elsewhere"
            )
        if part in parts:
            raise DatasetError(f"{folder}: both {parts[part].name} and {entry.name} are for {part}")
        parts[part] = entry
    return parts


def carve(listing: Listing, fractions: Mapping[str, float], seed: int) -> dict[str, Int64Array]:
    """Sorted indices of each part in ``fractions`` and of the rest, called ``train``.

    Each part gets its share of every class, rounded, and at least one image. Files with the same
    content stay in one part; files that exist once are taken first, so that validation and test
    seldom hold the same image twice.

    Raises `DatasetError` for a class with fewer different images than parts.
    """
    generator = np.random.default_rng(seed)
    taken: dict[str, list[int]] = {name: [] for name in (*fractions, "train")}
    for target, label in enumerate(listing.labels):
        members = np.flatnonzero(listing.targets == target).tolist()
        groups = same_content(listing.hashes, members)
        if len(groups) < len(taken):
            raise DatasetError(
                f"{listing.root / label}: {len(groups)} different images cannot be divided into "
                f"{', '.join(taken)}; add images or leave the class out"
            )
        count = sum(map(len, groups))
        room = {name: round(fraction * count) for name, fraction in fractions.items()}
        order = [groups[i] for i in generator.permutation(len(groups))]
        order.sort(key=len)
        for name, group in zip(taken, order, strict=False):
            taken[name] += group
            room[name] = room.get(name, 0) - len(group)
        for group in order[len(taken) :]:
            name = next((x for x in fractions if room[x] >= len(group)), "train")
            taken[name] += group
            room[name] -= len(group)
    return {name: np.array(sorted(indices), np.int64) for name, indices in taken.items()}
