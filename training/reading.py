"""What every recipe begins with: its images, warnings about them, and who observes the run."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.config import TrainConfig
from training.data.grouping.summary import warnings
from training.data.parents import tree_summary, unread_folders
from training.data.training_data import TrainingData, load_training_data
from training.proving import CACHE_FOLDER
from training.results.history import OnEpoch
from training.results.report import Report
from training.run_folder import finished_run, say_finished
from training.texts.terminal import printable


@dataclass(frozen=True)
class Observer:
    """Callbacks of a run: ``on_step`` gets ``read``, ``train``, ``export``; ``on_epoch`` is called
    after each epoch, and once where a head is fitted at once."""

    on_step: Callable[[str], object]
    on_epoch: OnEpoch


SILENT = Observer(lambda _step: None, lambda _history: None)


def read_images(config: TrainConfig, data: Path, out: Path, cache: Path | None) -> TrainingData:
    """The images in ``data``, grouped and divided, those of validation and test decoded; prints
    what a user should know of them. Raises `DatasetError`."""
    images = load_run_data(config, data, out, cache)
    for sentence in images.left_out.sentences(data):
        print(printable(sentence), file=sys.stderr)
    for sentence in warnings(images.group_summary):
        print(f"Warning: {sentence}", file=sys.stderr)
    if images.tree.parents:
        print(tree_summary(images.tree, config.data.parents), file=sys.stderr)
    elif (
        config.data.parents == "auto"
        and config.data.group_by != "folder"
        and (unread := unread_folders(images.labels, images.splits.train.files))
    ):
        print(f"Warning: {unread}", file=sys.stderr)
    # Decoded now: a damaged file should not show only after hours of training.
    images.decode()
    return images


def load_run_data(config: TrainConfig, data: Path, out: Path, cache: Path | None) -> TrainingData:
    """`load_training_data`; without a ``cache`` what is decoded lies in ``out``."""
    return load_training_data(data, config, cache or out / CACHE_FOLDER, out)


def finished(
    config: TrainConfig,
    made_by: Mapping[str, Any],
    data: Path,
    out: Path,
    cache: Path | None,
    *,
    quiet: bool = False,
) -> Report | None:
    """`finished_run` of the images in ``data``; the user is told unless ``quiet``.

    ``made_by``: what the artifact keeps of ``config``.
    """
    report = finished_run(out, made_by, lambda work: load_run_data(config, data, work, cache))
    if report is not None and not quiet:
        say_finished(out)
    return report
