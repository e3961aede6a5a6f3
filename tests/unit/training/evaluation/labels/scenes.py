"""Features of made-up scenes: several shots of each, alike; scenes of a class, less alike."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.data.listing import Int64Array, Listing
from training.evaluation.labels.linear_head import Float32Array


@dataclass(frozen=True, eq=False)
class Scenes:
    features: Float32Array
    targets: Int64Array
    groups: Int64Array


def scenes(
    classes: int = 3, each: int = 20, shots: int = 4, apart: float = 8.0, size: int = 16
) -> Scenes:
    """``each`` scenes of ``classes`` classes. ``apart``: distance of the classes in standard
    deviations of their scenes; 0 where features say nothing about the class. ``size``: features
    of an image."""
    generator = np.random.default_rng(5)
    groups = np.arange(classes * each).repeat(shots)
    targets = groups // each
    centres = apart * np.eye(classes, size)
    scene = generator.normal(0, 1, (classes * each, size))
    shot = generator.normal(0, 0.1, (len(groups), size))
    features = (centres[targets] + scene[groups] + shot).astype(np.float32)
    return Scenes(features, targets, groups)


def listing(targets: Int64Array, root: Path, *, unused: int = 0) -> Listing:
    """Named by class and number. ``unused``: classes without an image, before the others."""
    labels = tuple(f"class {i}" for i in range(int(targets.max()) + 1 + unused))
    shifted = targets + unused
    files = tuple(f"{labels[target]}/{i:03}.png" for i, target in enumerate(shifted))
    return Listing(root, labels, files, shifted, tuple(f"{i:064x}" for i in range(len(files))))


def swap(targets: Int64Array, count: int) -> tuple[Int64Array, Int64Array]:
    """``targets`` with ``count`` of them replaced by a random other class, and their indices."""
    generator = np.random.default_rng(7)
    swapped = generator.permutation(len(targets))[:count]
    classes = int(targets.max()) + 1
    changed = targets.copy()
    changed[swapped] = (targets[swapped] + generator.integers(1, classes, count)) % classes
    return changed, swapped
