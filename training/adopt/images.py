"""The images that an adopted model is proven on: class folders of its labels, or of some."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from training.adopt.labels import ForeignLabels
from training.config import TrainConfig
from training.data.folders.classes import class_labels
from training.data.folders.parts import find_parts
from training.data.folders.walk import class_folders
from training.data.grouping.saved_groups import load_groups
from training.data.listing import Listing
from training.data.split import Groups, divide, list_parts, require_measurable
from training.data.training_data import TrainingData, require_outside
from training.errors import DatasetError

_PARTS = ("train", "validation", "test")
_NAMED = 3


def load_images_of(
    labels: ForeignLabels, folder: Path, config: TrainConfig, cache: Path, run: Path
) -> TrainingData:
    """The images in ``folder``, grouped and divided as those of a training.

    Nothing is fitted to the training part, so a class need not be in it: where some classes have
    too few images for all parts, each part gets its share of all images alike. Raises
    `DatasetError`, also for a class that is not one of the ``labels``.
    """
    require_outside(cache, folder)
    _require_known(folder, labels)
    found = {
        name: replace(part, labels=labels.names)
        for name, part in list_parts(folder, labels=labels.folders).items()
    }
    groups = load_groups(found, config.data.group_by, folder, run, cache)
    by_class = _can_divide_each_class(found, groups)
    splits = divide(found, groups, config.data, config.seed, by_class=by_class)
    require_measurable(splits)
    return TrainingData(found, splits, config.data, config.input, cache, labels.tree, folder)


def _require_known(folder: Path, labels: ForeignLabels) -> None:
    known = set(labels.folders)
    for part in find_parts(folder).values():
        unknown = [label for label in class_labels(class_folders(part)) if label not in known]
        if unknown:
            shown = ", ".join(unknown[:_NAMED]) + (", ..." if len(unknown) > _NAMED else "")
            raise DatasetError(
                f"{part}: {len(unknown)} folders are not labels of the model ({shown}). Name each "
                "folder as its label, state the folders in the column folder of the labels' CSV, "
                "or move these elsewhere."
            )


def _can_divide_each_class(found: Mapping[str, Listing], groups: Groups) -> bool:
    """Whether each class of the training folder has a group for each part that comes out of it."""
    train = found["train"]
    pairs = np.unique(np.stack([train.targets, groups.numbers[: len(train)]]), axis=1)
    counts = np.bincount(pairs[0], minlength=len(train.labels))
    needed = 1 + sum(part not in found for part in _PARTS[1:])
    return bool((counts[train.counts > 0] >= needed).all())
