"""How a dataset's files are divided and classed, by their names alone.

Training reads folders by these rules, and the control plane the keys of the datasets bucket: so
both find the same classes.
"""

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath

from visionflow.images.formats import IMAGE_SUFFIXES
from visionflow.labels import PARTS, composed

# Such as 2024-05-01, 07 or 12.5: a day, a series, but not what an image shows.
_NUMBERS = re.compile(r"[\d\s._:-]+")


def is_image_name(name: str) -> bool:
    """macOS puts a ``._name.jpg`` without an image beside it."""
    return PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES and not name.startswith(".")


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
        or any(map(_NUMBERS.fullmatch, names))
    ):
        return False
    # One folder in each: rather who took the images than what they show.
    return len({path[0] for path in folders}) != len(folders)


@dataclass(frozen=True)
class Layout:
    """``train``: the top folder of the training part, None where the dataset is not divided.
    ``nested``: the class is the folder that an image lies in, not the one at the top."""

    train: str | None
    nested: bool

    @classmethod
    def of(cls, names: Collection[str], *, parents: str, group_by: str) -> "Layout":
        """Of a dataset with the files ``names``, by its config's ``data.parents`` and
        ``data.group_by``."""
        train = _training_folder(names)
        flat = cls(train, nested=False)
        # Folders are either parents or groups.
        if parents != "auto" or group_by == "folder":
            return flat
        paths = filter(None, map(flat._below, names))
        return cls(train, are_nested({path[:-1] for path in paths if len(path) > 1}))

    def label_of(self, name: str) -> str | None:
        """The class of an image of the training part, its letters composed; None for any other
        file."""
        path = self._below(name)
        if path is None or len(path) < 2:
            return None
        return composed(path[-2] if self.nested else path[0])

    def least_validation(self, names: Collection[str], share: float) -> int:
        """How many validation images the smallest class has at least, where ``share`` of the
        training part are for validation if nothing else is: half of that, since images of one scene
        stay together."""
        paths = [path for path in map(_image_path, names) if path]
        own = Counter(
            path[-2] for path in paths if self.train and PARTS.get(path[0].lower()) == "validation"
        )
        if own:
            return min(own.values())
        training = Counter(label for label in map(self.label_of, names) if label)
        return int(min(training.values(), default=0) * share / 2)

    def _below(self, name: str) -> tuple[str, ...] | None:
        """The path of an image in the training part; None for any other file."""
        path = _image_path(name)
        if path is None or self.train is None:
            return path
        return path[1:] if path[0] == self.train else None


def _training_folder(names: Collection[str]) -> str | None:
    paths = [path for path in map(_image_path, names) if path and path[0].lower() == "train"]
    # A class may well be called "train": then it holds images, and not folders of classes.
    if not paths or any(len(path) < 3 for path in paths):
        return None
    return paths[0][0]


def _image_path(name: str) -> tuple[str, ...] | None:
    path = PurePosixPath(name).parts
    hidden = any(part.startswith(".") for part in path)
    return None if hidden or not path or not is_image_name(path[-1]) else path
