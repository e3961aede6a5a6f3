"""How a dataset's files are divided and classed, by their names alone.

Training reads folders by these rules, and the control plane the keys of the datasets bucket: so
both find the same classes.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from visionflow.images.formats import IMAGE_SUFFIXES
from visionflow.junk import junk_kind, junk_on
from visionflow.labels import composed
from visionflow.part_names import part_of, parts_of

Path = tuple[str, ...]
"""Folders from the top, with the file's name behind them."""

_NUMBERS = re.compile(r"[\d\s._:-]+")

_FIRST_YEAR = 1900

# Of a path: folder, class, image.
_LEAST_BELOW = 3


def is_image_name(name: str) -> bool:
    """Whether a file of this name is one; macOS puts a ``._name.jpg`` without an image beside
    it."""
    path = PurePosixPath(name)
    return path.suffix.lower() in IMAGE_SUFFIXES and not junk_kind(path.name)


def looks_like_a_number(name: str) -> bool:
    """Such as 2024-05-01, 07 or 12.5: a day, a series, but not what an image shows."""
    return _NUMBERS.fullmatch(name) is not None


def are_nested(folders: Collection[tuple[str, ...]]) -> bool:
    """Whether the ``folders`` that hold images, as parts of their paths, are classes with parents,
    such as ``animals/cat``.

    They are where every one lies below a top folder, some top folder has several of them, and they
    have distinct names that are not numbers or dates.
    """
    names = [path[-1] for path in folders]
    if (
        not folders
        or min(map(len, folders)) < 2
        or len(set(names)) < len(names)
        or any(map(looks_like_a_number, names))
    ):
        return False
    # One folder in each: rather who took the images than what they show.
    return len({path[0] for path in folders}) != len(folders)


def folders_around(paths: Collection[Path]) -> Path:
    """The folders, each in the one before, that all images lie in, around the folders of their
    classes or parts: such as that of a zip of a folder. ``paths``: of all images.

    None where it is not certain: an image lies beside the folders, or these look like days or
    series of one class.
    """
    around: Path = ()
    left: Collection[Path] = paths
    depth: Path = ()
    while left and len(tops := {path[0] for path in left}) == 1:
        (top,) = tops
        inner = {path[1] for path in left if len(path) > 1}
        beside = any(len(path) < _LEAST_BELOW for path in left)
        series = any(map(looks_like_a_number, inner)) and not _are_numbered_classes(left)
        if beside or part_of(top) or series:
            break
        depth = (*depth, top)
        if len(inner) > 1 or any(map(part_of, inner)):
            around = depth
            break
        left = [path[1:] for path in left]
    return around


def _are_numbered_classes(paths: Collection[Path]) -> bool:
    """Whether several folders in a lone one hold the images themselves, and are called by numbers
    as classes are (0 to 9 of MNIST), and not by years and days."""
    names = {path[1] for path in paths}
    return (
        len(names) > 1
        and all(len(path) == _LEAST_BELOW for path in paths)
        and all(name.isdecimal() and int(name) < _FIRST_YEAR for name in names)
    )


@dataclass(frozen=True)
class Layout:
    """``around``: the folders that everything lies in. ``parts``: the part of each folder below
    these, none where the dataset is not divided. ``within``: the folders around the classes of a
    part. ``nested``: the class is the folder that an image lies in, not the one at the top.
    ``by_content``: images that are not called so."""

    nested: bool
    parts: Mapping[str, str] = field(default_factory=dict)
    around: Path = ()
    within: Mapping[str, Path] = field(default_factory=dict)
    by_content: Collection[str] = frozenset()

    @classmethod
    def of(
        cls,
        names: Collection[str],
        *,
        parents: str,
        group_by: str,
        by_content: Collection[str] = frozenset(),
    ) -> "Layout":
        """Of a dataset with the files ``names``, by its config's ``data.parents`` and
        ``data.group_by``. ``by_content``: those that are images in spite of their names."""
        paths = [path for name in names if (path := _image_path(name, by_content))]
        around = folders_around(paths)
        paths = [path[len(around) :] for path in paths]
        parts = _parts(paths)
        within = {
            folder: folders_around([path[1:] for path in paths if path[0] == folder])
            for folder in parts
        }
        flat = cls(False, parts, around, within, by_content)
        # Folders are either parents or groups.
        if parents != "auto" or group_by == "folder":
            return flat
        below = filter(None, map(flat._training_path, names))
        return replace(flat, nested=are_nested({path[:-1] for path in below if len(path) > 1}))

    def place_of(self, name: str) -> tuple[str | None, str | None]:
        """Label, its letters composed, and part of an image; None for what its path does not
        say."""
        part, path = self._below(name)
        if path is None or len(path) < 2:
            return None, part
        return composed(path[-2] if self.nested else path[0]), part

    def label_of(self, name: str) -> str | None:
        """The class of an image of the training part; None for any other file."""
        label, part = self.place_of(name)
        return None if self.parts and part != "train" else label

    def least_validation(self, names: Collection[str], share: float) -> int:
        """How many validation images the smallest class has at least, where ``share`` of the
        training part are for validation if nothing else is: half of that, since images of one scene
        stay together."""
        places = list(map(self.place_of, names))
        own = Counter(label for label, part in places if label and part == "validation")
        if own:
            return min(own.values())
        training = Counter(label for label in map(self.label_of, names) if label)
        return int(min(training.values(), default=0) * share / 2)

    def _training_path(self, name: str) -> Path | None:
        part, path = self._below(name)
        return path if not self.parts or part == "train" else None

    def _below(self, name: str) -> tuple[str | None, Path | None]:
        """Part and path below the folders around the classes; no path for what is not an image, or
        lies elsewhere."""
        path = _image_path(name, self.by_content)
        if path is None or path[: len(self.around)] != self.around:
            return None, None
        path = path[len(self.around) :]
        if not self.parts:
            return None, path
        part, within = self.parts.get(path[0]), self.within.get(path[0], ())
        path = path[1:]
        if part is None or path[: len(within)] != within:
            return part, None
        return part, path[len(within) :]


def _parts(paths: Collection[Path]) -> Mapping[str, str]:
    """The part of each top folder, where the dataset is divided."""
    tops = {path[0] for path in paths if len(path) > 1}
    found = parts_of(tops)
    train = [name for name, part in found.items() if part == "train"]
    # A class may well be called "train": then it holds images, and not folders of classes.
    if not train or any(path[0] in train and len(path) < _LEAST_BELOW for path in paths):
        return {}
    # Other words are certain only among their like, or where several hold folders of classes.
    loose = {path[0] for path in paths if len(path) < _LEAST_BELOW}
    certain = (
        train[0].lower() == "train" or len(found) == len(tops) or len(found.keys() - loose) > 1
    )
    return found if certain else {}


def _image_path(name: str, by_content: Collection[str]) -> Path | None:
    path = tuple(part for part in name.split("/") if part)
    if not path or junk_on("/".join(path)):
        return None
    return path if is_image_name(path[-1]) or name in by_content else None
