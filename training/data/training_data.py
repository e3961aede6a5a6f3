"""All images of one run, each form decoded when it is first asked for."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from training.ancestor import read_ancestor
from training.config import DataConfig, TrainConfig
from training.data.image_set import ImageSet, load_images
from training.data.split import Splits, read_splits
from training.data.upright_images import UprightImageSet, load_upright_images
from training.errors import DatasetError
from visionflow.images.input_spec import InputSpec


@dataclass
class TrainingData:
    """The three parts of a dataset and how they are decoded.

    ``cache``: the folder that keeps what is decoded; without one it is kept in memory.
    """

    splits: Splits
    config: DataConfig
    spec: InputSpec
    cache: Path | None

    @property
    def labels(self) -> tuple[str, ...]:
        return self.splits.train.labels

    @cached_property
    def sha256(self) -> str:
        """Content hash of all that decides a run's weights: training and validation images."""
        both = self.splits.train.sha256 + self.splits.validation.sha256
        return hashlib.sha256(both.encode()).hexdigest()

    @cached_property
    def train_upright_images(self) -> UprightImageSet:
        """For `TrainBatches`: whole images."""
        return load_upright_images(self.splits.train, self.spec.resize, self.cache)

    @cached_property
    def train_images(self) -> ImageSet:
        """The training images through the serving path: for frozen features."""
        return load_images(self.splits.train, self.spec, self.cache)

    @cached_property
    def validation(self) -> ImageSet:
        return load_images(self.splits.validation, self.spec, self.cache)

    @cached_property
    def test(self) -> ImageSet:
        return load_images(self.splits.test, self.spec, self.cache)

    def decode(self) -> None:
        """Decode validation and test images now. Raises `DatasetError` for a damaged file."""
        for part in ("validation", "test"):
            getattr(self, part)

    def calibration(self, count: int, seed: int) -> ImageSet:
        """``count`` training images (all, when there are fewer), drawn without replacement."""
        drawn = np.random.default_rng(seed).permutation(len(self.splits.train))[:count]
        return load_images(self.splits.train.subset(drawn), self.spec)


def load_training_data(folder: Path, config: TrainConfig, cache: Path | None) -> TrainingData:
    """List and divide ``folder``; nothing is decoded yet.

    The labels of a model that grows come first. Raises `DatasetError`, also for a ``cache`` among
    the classes, and `TrainingError` when that model cannot grow.
    """
    if cache is not None and _is_a_class(cache.resolve(), folder.resolve()):
        raise DatasetError(
            f"{cache}: lies in {folder}, where its folder would be taken for a class; keep runs "
            "and decoded images somewhere else"
        )
    first: tuple[str, ...] = ()
    if config.model.grow_from:
        first = read_ancestor(config.model.grow_from, config.input).labels
    splits = read_splits(folder, config.data, config.seed, first)
    for part in (splits.validation, splits.test):
        if first and not part.counts[: len(first)].any():
            raise DatasetError(
                f"{part.root}: no images of {', '.join(first)}, classes that the model has, "
                "so their loss cannot be measured; add some"
            )
    return TrainingData(splits, config.data, config.input, cache)


def _is_a_class(path: Path, folder: Path) -> bool:
    """Whether ``path`` lies in one of the folders that are classes, or parts, of ``folder``."""
    if not path.is_relative_to(folder):
        return False
    # Hidden folders are not classes.
    return not path.relative_to(folder).as_posix().startswith(".")
