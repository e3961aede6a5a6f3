"""Which images of a dataset are independent, and which labels are suspicious."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from training.config import DEFAULTS, load_config
from training.data.group_summary import summarize_groups
from training.data.grouping.saved_groups import load_groups
from training.data.grouping.scene_features import scene_features
from training.data.listing import Listing, joined
from training.data.split import Groups, divide
from training.errors import DatasetError
from training.evaluation.labels.label_check import check_labels
from training.inspection.contents import Read
from training.results.groups import GroupSummary
from training.results.labels import LabelCheck


def check_scenes(
    folder: Path, images: Sequence[Read], by: str, cache: Path | None = None
) -> tuple[GroupSummary | None, LabelCheck]:
    """The groups of ``images`` by ``by`` (``data.group_by``), and their labels.

    ``images``: those below ``folder`` that can be read. No summary where a training with the
    default shares could not divide them. ``cache`` keeps their features. Raises `DatasetError`
    where ``by`` cannot be used.
    """
    if not images:
        return None, LabelCheck("no image can be read", None, (), 0)
    parts = _parts(folder, images)
    with tempfile.TemporaryDirectory() as folder_for_now:
        kept = cache or Path(folder_for_now)
        groups = load_groups(parts, by, folder, cache=kept)
        features = np.concatenate([scene_features(part, kept) for part in parts.values()])
        labels = check_labels(joined(tuple(parts.values())), features, groups.numbers)
    return _summary(parts, groups), labels


def _summary(parts: dict[str, Listing], groups: Groups) -> GroupSummary | None:
    config = load_config(str(DEFAULTS))
    try:
        return summarize_groups(parts, divide(parts, groups, config.data, config.seed))
    except DatasetError:
        return None


def _parts(folder: Path, images: Sequence[Read]) -> dict[str, Listing]:
    """The images of each part, all in training where there is no such part."""
    labels = tuple(sorted({file.label for file, _ in images}))
    divided = any(file.part == "train" for file, _ in images)
    chosen: dict[str, list[Read]] = {}
    for file, facts in images:
        chosen.setdefault(file.part if divided else "train", []).append((file, facts))
    return {
        part: Listing(
            folder,
            labels,
            tuple(file.name for file, _ in members),
            np.array([labels.index(file.label) for file, _ in members], np.int64),
            tuple(facts.sha256 for _, facts in members),
        )
        for part, members in chosen.items()
    }
