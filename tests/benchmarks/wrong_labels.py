"""How many labels that were swapped on purpose are found, and how many of the found ones they are.

Needs ``VISIONFLOW_DATA``, the folder of the archives. Labels that are wrong in the sets themselves
count as mistakes of the search.
"""

import os
import statistics
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tests.benchmarks.figures import Figure, Target, figure
from training.data.grouping.group_images import group_images
from training.data.grouping.scene_features import scene_features
from training.data.listing import Int64Array, Listing, list_images
from training.evaluation.labels.cross_validation import out_of_fold
from training.evaluation.labels.label_check import check_labels
from training.evaluation.labels.label_noise import fit_label_noise

SETS = ("general20", "flowers5", "fruitveg34")
SHARE = 0.05
SEEDS = (1, 2, 3)
RECALL, PRECISION = Target("at least", 80), Target("at least", 50)
WITH_TARGET = "general20"


@dataclass(frozen=True)
class Found:
    """In percent."""

    recall: float
    precision: float


def swap(targets: Int64Array, classes: int, seed: int) -> tuple[Int64Array, Int64Array]:
    """``targets`` with `SHARE` of them replaced by another class, and the indices of these."""
    generator = np.random.default_rng(seed)
    swapped = generator.permutation(len(targets))[: round(SHARE * len(targets))]
    changed = targets.copy()
    changed[swapped] = (targets[swapped] + generator.integers(1, classes, len(swapped))) % classes
    return changed, swapped


def search(listing: Listing, cache: Path, seed: int) -> Found:
    """Swap labels, group the images by the labels that they have then, and search."""
    targets, swapped = swap(listing.targets, len(listing.labels), seed)
    changed = replace(listing, targets=targets)
    groups = group_images({"train": changed}, "auto", listing.root, cache)
    answers = out_of_fold(scene_features(changed, cache), targets, groups)
    measured = np.flatnonzero(answers.measured)
    noise = fit_label_noise(answers.logits[measured], targets[measured])
    found = np.isin(measured[noise.suspects], swapped)
    return Found(100 * found.sum() / len(swapped), 100 * float(found.mean()))


def measure(archive: Path, folder: Path) -> Iterator[Figure]:
    """The figures of one set."""
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    name, cache = archive.stem, folder / "cache"
    listing = list_images(folder / name)
    runs = [search(listing, cache, seed) for seed in SEEDS]
    n = f"{len(listing):,} images, {round(SHARE * len(listing))} labels swapped"
    for what, target in (("recall", RECALL), ("precision", PRECISION)):
        values = [getattr(run, what) for run in runs]
        yield replace(
            figure(
                "accuracy",
                f"{name}, wrong labels found, {SHARE:.0%} of the labels swapped for another "
                f"class: {what}",
                {"median": statistics.median(values), "least": min(values), "most": max(values)},
                "%",
                target=target if name == WITH_TARGET else None,
                n=n,
            ),
            seeds=SEEDS,
            split="grouped split",
        )
    groups = group_images({"train": listing}, "auto", listing.root, cache)
    check = check_labels(listing, scene_features(listing, cache), groups)
    assert check.scores is not None
    n = f"{check.scores.images:,} images, {check.scores.folds} folds"
    tops = {"groups kept together": check.scores.grouped_top1, "by file": check.scores.random_top1}
    yield figure(
        "accuracy",
        f"{name}, linear model on scene features, cross-validated: top-1",
        {split: 100 * top1 for split, top1 in tops.items()},
        "%",
        n=n,
    )
    yield figure(
        "accuracy", f"{name}, suspicious labels, none swapped", check.suspect_count, "", n=n
    )


def report() -> tuple[Figure, ...]:
    data = Path(os.environ["VISIONFLOW_DATA"])
    figures: list[Figure] = []
    for name in SETS:
        with tempfile.TemporaryDirectory() as folder:
            figures += measure(data / f"{name}.tar", Path(folder))
    return tuple(figures)
