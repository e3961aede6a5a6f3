"""Which images of a dataset are independent, and which labels are suspicious."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from training.config import TrainConfig
from training.data.grouping.saved_groups import load_groups
from training.data.grouping.scene_features import scene_features
from training.data.grouping.summary import summarize_groups
from training.data.listing import Listing
from training.data.split import Groups, divide
from training.errors import DatasetError
from training.evaluation.labels.label_check import MOST_IMAGES, check_labels
from training.evaluation.unknown.familiar import drawn_evenly
from training.inspection.contents import Read
from training.inspection.found_files import UNDIVIDED
from training.results.groups import GroupSummary
from training.results.labels import LabelCheck
from visionflow.sentences import say


def check_scenes(
    folder: Path, images: Sequence[Read], config: TrainConfig, cache: Path | None = None
) -> tuple[GroupSummary | None, LabelCheck]:
    """The groups of ``images`` by ``data.group_by`` of ``config``, and their labels.

    ``images``: those below ``folder`` that can be read. No summary where a training by ``config``
    could not divide them. ``cache`` keeps their features. Raises `DatasetError` where they cannot
    be grouped that way.
    """
    if not images:
        return None, LabelCheck(say("nothing_readable"), None, (), 0)
    chosen = _parts(images)
    labels = tuple(sorted({file.label for file, _ in images}))
    parts = {
        name: _listing(folder, _part_folder(part), part, labels) for name, part in chosen.items()
    }
    with tempfile.TemporaryDirectory() as folder_for_now:
        kept = cache or Path(folder_for_now)
        groups = load_groups(parts, config.data.group_by, folder, cache=kept)
        features = np.concatenate([scene_features(part, kept) for part in parts.values()])
    every = _listing(folder, "", [one for part in chosen.values() for one in part], labels)
    drawn = drawn_evenly(every.targets, MOST_IMAGES, config.seed)
    labelled = check_labels(every.subset(drawn), features[drawn], groups.numbers[drawn])
    return _summary(parts, groups, config), labelled


def _summary(parts: dict[str, Listing], groups: Groups, config: TrainConfig) -> GroupSummary | None:
    try:
        return summarize_groups(parts, divide(parts, groups, config.data, config.seed))
    except DatasetError:
        return None


def _parts(images: Sequence[Read]) -> dict[str, list[Read]]:
    """The images of each part, all in training where there is no such part."""
    divided = any(file.part == "train" for file, _ in images)
    chosen: dict[str, list[Read]] = {}
    for file, facts in images:
        chosen.setdefault(file.part if divided else "train", []).append((file, facts))
    return chosen


def _part_folder(images: Sequence[Read]) -> str:
    """The name of the folder that holds the class folders of ``images``; empty for the dataset's
    own, and where these are several."""
    names = {"" if file.part == UNDIVIDED else file.name.split("/", 1)[0] for file, _ in images}
    return names.pop() if len(names) == 1 else ""


def _listing(folder: Path, part: str, images: Sequence[Read], labels: tuple[str, ...]) -> Listing:
    """As training lists the folder ``part`` of the dataset's ``folder``."""
    return Listing(
        folder / part,
        labels,
        tuple(file.name.removeprefix(f"{part}/") for file, _ in images),
        np.array([labels.index(file.label) for file, _ in images], np.int64),
        tuple(facts.sha256 for _, facts in images),
    )
