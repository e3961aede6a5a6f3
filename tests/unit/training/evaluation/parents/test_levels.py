"""Accuracy by level, and what backing off to a parent gains."""

import numpy as np
import pytest

from training.evaluation.parents.levels import CURVE_POINTS, measure_levels
from training.evaluation.parents.naming import Naming
from visionflow.models.label_tree import Label, LabelTree

TREE = LabelTree(
    (Label("beagle", "dog"), Label("pug", "dog"), Label("cat", "animal"), Label("car", None)),
    (Label("animal", None), Label("dog", "animal")),
)
PROBABILITIES = np.array(
    [
        (0.8, 0.1, 0.1, 0.0),  # beagle
        (0.5, 0.4, 0.1, 0.0),  # a dog for sure
        (0.4, 0.1, 0.4, 0.1),  # an animal
        (0.3, 0.1, 0.05, 0.55),  # a car, or not
    ],
    np.float32,
)
TARGETS = np.array([0, 1, 2, 0])
ALL = np.ones(4, bool)


def test_each_level_is_scored_by_its_summed_probabilities() -> None:
    found = measure_levels(TREE, PROBABILITIES, TARGETS, 0.7, ALL)
    assert found is not None
    # animal | car; dog | cat | car; the labels. The last image is called a car at the deeper two.
    assert [(one.level, one.names) for one in found.levels] == [(0, 2), (1, 3), (2, 4)]
    assert [one.top1 for one in found.levels] == pytest.approx([0.75, 0.5, 0.25])
    assert found.levels[0].ece == pytest.approx((0.1 + 0.55) / 4, abs=1e-6)
    assert all(one.top1_interval.low <= one.top1 <= one.top1_interval.high for one in found.levels)


def test_what_is_named_may_be_right_where_the_label_is_not() -> None:
    found = measure_levels(TREE, PROBABILITIES, TARGETS, 0.7, ALL)
    assert found is not None
    served = found.served
    assert (served.threshold, served.leaf, served.parent, served.right) == (0.7, 0.25, 0.5, 1.0)
    assert len(found.curve) == CURVE_POINTS
    assert [point.threshold for point in found.curve] == sorted(p.threshold for p in found.curve)
    assert (found.curve[0].leaf, found.curve[0].parent, found.curve[0].right) == (1.0, 0.0, 0.25)
    assert found.curve[-1].leaf == 0.0


def test_unfamiliar_images_have_no_answer() -> None:
    found = measure_levels(TREE, PROBABILITIES, TARGETS, 0.7, np.array([False, True, True, True]))
    assert found is not None
    assert (found.served.leaf, found.served.parent, found.served.right) == (0.0, 0.5, 1.0)
    none = measure_levels(TREE, PROBABILITIES, TARGETS, 0.7, ~ALL)
    assert none is not None
    assert (none.served.leaf, none.served.parent, none.served.right) == (0.0, 0.0, 0.0)


def test_labels_without_parents_have_no_levels() -> None:
    flat = LabelTree((Label("a", None), Label("b", None)), ())
    probabilities = np.array([(0.6, 0.4)], np.float32)
    assert measure_levels(flat, probabilities, np.array([0]), 0.5, np.ones(1, bool)) is None


def test_the_threshold_rises_until_enough_answers_are_right() -> None:
    naming = Naming.of(TREE, PROBABILITIES, TARGETS)
    assert naming.least_threshold(0.1, 0.2, 1e-5) == 0.1
    # The car is wrong up to its confidence of 0.55; the next one is 0.8.
    chosen = naming.least_threshold(0.1, 1.0, 1e-5)
    assert 0.55 < chosen < 0.8
    assert naming.at(chosen).right == 1.0
    assert naming.least_threshold(0.65, 1.0, 1e-5) == 0.65


def test_where_answers_are_never_right_enough_the_best_threshold_is_taken() -> None:
    naming = Naming.of(TREE, PROBABILITIES[:2], np.array([3, 1]))
    chosen = naming.least_threshold(0.0, 0.99, 1e-5)
    assert naming.at(chosen).right == max(
        naming.at(float(t)).right for t in np.linspace(0, 1.0, 201)
    )


@pytest.mark.parametrize("seed", range(3))
def test_among_many_confidences_the_share_is_reached_and_hardly_exceeded(seed: int) -> None:
    draw = np.random.default_rng(seed)
    logits = draw.normal(0, 1.5, (3_000, 4))
    targets = draw.integers(0, 4, 3_000)
    logits[np.arange(3_000), targets] += 2
    odds = np.exp(logits)
    naming = Naming.of(TREE, (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32), targets)
    chosen = naming.least_threshold(0.2, 0.95, 1e-5)
    assert 0.95 <= naming.at(chosen).right < 0.955
    assert naming.at(0.2).right < 0.9
