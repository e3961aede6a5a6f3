"""Accuracy against labels, on embeddings that are drawn."""

from typing import Final

import numpy as np
import pytest

from training.config import load_config
from training.instant.curve import accuracy_curve
from training.instant.fit import Embedded, FittedHead, fit_embedded
from visionflow.datasets.run import CurvePoint

CLASSES: Final = 4
PROBE: Final = load_config("instant").probe


def drawn(seed: int, groups: int, shots: int, classes: int = CLASSES) -> Embedded:
    """``groups`` groups of each class, ``shots`` nearly equal images each, in two views."""
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(classes, 32))
    targets = np.arange(classes).repeat(groups)
    scenes = centres[targets] + 2 * generator.normal(size=(len(targets), 32))
    images = scenes.repeat(shots, axis=0)
    embeddings = images[:, None] + 0.1 * generator.normal(size=(len(images), 2, 32))
    return Embedded(
        embeddings.astype(np.float32),
        targets.repeat(shots),
        np.arange(len(targets)).repeat(shots),
    )


def curve_of(parts: dict[str, Embedded], fitted: FittedHead) -> tuple[CurvePoint, ...]:
    return accuracy_curve(parts, CLASSES, PROBE, "none", 1, fitted)


@pytest.fixture(scope="module")
def parts() -> dict[str, Embedded]:
    return {"train": drawn(1, 50, 3), "validation": drawn(2, 20, 1), "test": drawn(3, 60, 2)}


@pytest.fixture(scope="module")
def fitted(parts: dict[str, Embedded]) -> FittedHead:
    return fit_embedded(parts, CLASSES, PROBE, "none", 1)


@pytest.fixture(scope="module")
def curve(parts: dict[str, Embedded], fitted: FittedHead) -> tuple[CurvePoint, ...]:
    return curve_of(parts, fitted)


def test_more_labels_answer_better(curve: tuple[CurvePoint, ...]) -> None:
    images = [point.images for point in curve]
    assert len(curve) == 6
    assert images == sorted(set(images))
    assert images[-1] == 50 * 3 * CLASSES
    assert curve[-1].top1 > curve[0].top1 + 0.1
    assert all(point.top1_low <= point.top1 <= point.top1_high for point in curve)


def test_groups_stay_whole(curve: tuple[CurvePoint, ...]) -> None:
    assert all(point.images % 3 == 0 for point in curve)


def test_the_last_point_is_the_head_of_all_images(
    parts: dict[str, Embedded], fitted: FittedHead, curve: tuple[CurvePoint, ...]
) -> None:
    test = parts["test"]
    logits = test.embeddings[:, 0] @ fitted.head.weights.T + fitted.head.bias
    assert curve[-1].top1 == (logits.argmax(axis=1) == test.targets).mean()


def test_the_smallest_share_knows_every_class(
    parts: dict[str, Embedded], fitted: FittedHead
) -> None:
    train = parts["train"]
    rare = (train.targets != 0) | (train.groups == train.groups[0])
    few = Embedded(train.embeddings[rare], train.targets[rare], train.groups[rare])
    test = parts["test"]
    of_rare = test.targets == 0
    asked = Embedded(test.embeddings[of_rare], test.targets[of_rare], test.groups[of_rare])
    first = curve_of({**parts, "train": few, "test": asked}, fitted)[0]
    assert first.images < len(few.targets) / 10
    assert first.top1 > 0


def test_the_same_seed_gives_the_same_curve(
    parts: dict[str, Embedded], fitted: FittedHead, curve: tuple[CurvePoint, ...]
) -> None:
    assert curve_of(parts, fitted) == curve


def test_one_image_of_each_class_is_one_point(parts: dict[str, Embedded]) -> None:
    alone = {**parts, "train": drawn(1, 1, 1)}
    (point,) = curve_of(alone, fit_embedded(alone, CLASSES, PROBE, "none", 1))
    assert point.images == CLASSES
