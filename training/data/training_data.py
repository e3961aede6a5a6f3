"""All images of one run, each form decoded when it is first asked for."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from training.ancestor import read_ancestor
from training.config import DataConfig, TrainConfig
from training.data.folders.left_out import LeftOut
from training.data.folders.parts import find_parts
from training.data.grouping.by_rule import table_path
from training.data.grouping.saved_groups import load_groups
from training.data.grouping.scene_features import (
    Float32Array,
    starter_embeddings,
    views_joined,
)
from training.data.grouping.summary import summarize_groups
from training.data.image_set import (
    ImageSet,
    all_unreadable_named,
    decoded_batches,
    images_at_once,
    load_images,
    readable,
)
from training.data.listing import Int64Array, Listing
from training.data.parents import (
    Parents,
    label_tree,
    nested_parents,
    parents_of,
    read_parents,
)
from training.data.split import (
    Groups,
    Splits,
    divide,
    list_parts,
    require_measurable,
)
from training.errors import DatasetError
from training.results.groups import GroupSummary
from visionflow.images.input_spec import InputSpec
from visionflow.images.pipeline import UInt8Array
from visionflow.models.label_tree import LabelTree

if TYPE_CHECKING:
    from training.data.upright_images import UprightImageSet


@dataclass
class TrainingData:
    """The three parts of a dataset and how they are decoded.

    ``found``: the images as the dataset's folders divide them. ``tree``: the labels with their
    parents. ``cache``: the folder that keeps what is decoded; without one it is kept in memory.
    ``folder``: of the dataset, where there is one.
    """

    found: Mapping[str, Listing]
    splits: Splits
    config: DataConfig
    spec: InputSpec
    cache: Path | None
    tree: LabelTree
    folder: Path | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        return self.splits.train.labels

    @property
    def groups(self) -> Groups:
        """Which images show the same thing, of all in the order of ``found``."""
        return self.splits.groups

    @property
    def left_out(self) -> LeftOut:
        """What lies in the dataset's folder and is not used."""
        return sum((part.left_out for part in self.found.values()), LeftOut())

    @cached_property
    def group_numbers(self) -> dict[str, Int64Array]:
        """The group of each image of ``train``, ``validation`` and ``test``, int64 [n] each."""
        return self.splits.group_numbers

    @cached_property
    def group_summary(self) -> GroupSummary:
        return summarize_groups(self.found, self.splits)

    @cached_property
    def embeddings(self) -> dict[str, Float32Array]:
        """Of each image of ``train``, ``validation`` and ``test``, float32 [n, 2, F] each, by the
        starter.

        Those that images were grouped by: where ``cache`` has them they are not computed again.
        """
        with all_unreadable_named(self.found.values()):
            found = [starter_embeddings(part, self.cache) for part in self.found.values()]
        every = np.concatenate(found)
        return {name: every[places] for name, places in self.splits.places.items()}

    @property
    def embedded(self) -> bool:
        """Whether `embeddings` are there, so that no image has to be read for them."""
        return "embeddings" in vars(self)

    @property
    def scene_features(self) -> dict[str, Float32Array]:
        """What images are compared by, of the same images, float32 [n, F] each."""
        return {name: views_joined(part) for name, part in self.embeddings.items()}

    @cached_property
    def sha256(self) -> str:
        """Content hash of all that decides a run's weights: training and validation images."""
        both = self.splits.train.sha256 + self.splits.validation.sha256
        return hashlib.sha256(both.encode()).hexdigest()

    @cached_property
    def train_upright_images(self) -> "UprightImageSet":
        """For `TrainBatches`: whole images. They are scaled by torch, which only training needs."""
        from training.data.upright_images import load_upright_images  # noqa: PLC0415

        with all_unreadable_named(self.found.values()):
            return load_upright_images(self.splits.train, self.spec.resize, self.cache)

    @cached_property
    def train_images(self) -> ImageSet:
        """The training images through the serving path: for frozen features."""
        with all_unreadable_named(self.found.values()):
            return load_images(self.splits.train, self.spec, self.cache)

    @cached_property
    def validation(self) -> ImageSet:
        return load_images(self.splits.validation, self.spec, self.cache)

    @cached_property
    def test(self) -> ImageSet:
        return load_images(self.splits.test, self.spec, self.cache)

    def decode(self) -> None:
        """Decode validation and test images now. Raises `DatasetError` with all damaged files."""
        with all_unreadable_named(self.found.values()):
            for part in ("validation", "test"):
                getattr(self, part)

    def calibration(self, count: int, seed: int) -> ImageSet:
        """``count`` training images (all, when there are fewer), drawn without replacement."""
        drawn = np.random.default_rng(seed).permutation(len(self.splits.train))[:count]
        if self._train_decoded:
            return self.train_images.subset(drawn)
        return load_images(self.splits.train.subset(drawn), self.spec)

    def train_batches(self, places: Int64Array) -> Iterator[UInt8Array]:
        """The training images at ``places`` as they are served, in batches [N, size, size, 3]; they
        are decoded unless `train_images` were."""
        if not self._train_decoded:
            yield from decoded_batches(self.splits.train.subset(places), self.spec)
            return
        size = images_at_once(self.spec.size, self.spec.size)
        for start in range(0, len(places), size):
            yield self.train_images.images[places[start : start + size]]

    @property
    def _train_decoded(self) -> bool:
        return "train_images" in vars(self)


def load_training_data(
    folder: Path, config: TrainConfig, cache: Path | None, run: Path | None = None
) -> TrainingData:
    """List, group and divide ``folder``.

    The labels of a model that grows come first. ``run``: the folder that keeps the groups, see
    `load_groups`. Raises `DatasetError`, also for a ``cache`` among the
    classes, and `TrainingError` when that model cannot grow.
    """
    require_outside(cache, folder)
    first: tuple[str, ...] = ()
    known: Parents = {}
    if config.model.grow_from:
        ancestor = read_ancestor(config.model.grow_from, config.input)
        first, known = ancestor.labels, parents_of(ancestor.manifest.label_tree())
    nested = None
    # Folders are either parents or groups.
    if config.data.parents == "auto" and config.data.group_by != "folder":
        nested = nested_parents(find_parts(folder)["train"])
    found = list_parts(folder, first, nested, skip_unreadable=config.data.skip_unreadable)
    if config.data.skip_unreadable:
        found = {name: readable(part) for name, part in found.items()}
    tree = _label_tree(folder, config.data.parents, found["train"].labels, nested, known)
    with all_unreadable_named(found.values()):
        groups = load_groups(found, config.data.group_by, folder, run, cache)
    splits = divide(found, groups, config.data, config.seed)
    require_measurable(splits)
    for part in (splits.validation, splits.test):
        if first and not part.counts[: len(first)].any():
            raise DatasetError(
                f"{part.root}: no images of {', '.join(first)}, classes that the model has, "
                "so their loss cannot be measured; add some"
            )
    return TrainingData(found, splits, config.data, config.input, cache, tree, folder)


def _label_tree(
    folder: Path, rule: str, labels: tuple[str, ...], nested: Parents | None, known: Parents
) -> LabelTree:
    """By ``data.parents``. ``known``: the parents in the model that this one grows from, which stay
    where the dataset says nothing else."""
    if rule == "none":
        return label_tree(labels, {}, folder)
    said: Parents = nested or {}
    if rule != "auto":
        table = table_path("data.parents", rule.partition(":")[2], folder)
        said = read_parents(table, labels)
    return label_tree(labels, {**known, **said}, folder)


def require_outside(cache: Path | None, folder: Path) -> None:
    """Raise `DatasetError` for a ``cache`` among the classes of ``folder``."""
    if cache is not None and _is_a_class(cache.resolve(), folder.resolve()):
        raise DatasetError(
            f"{cache}: lies in {folder}, where its folder would be taken for a class; keep runs "
            "and decoded images somewhere else"
        )


def _is_a_class(path: Path, folder: Path) -> bool:
    """Whether ``path`` lies in one of the folders that are classes, or parts, of ``folder``."""
    if not path.is_relative_to(folder):
        return False
    # Hidden folders are not classes.
    return not path.relative_to(folder).as_posix().startswith(".")
