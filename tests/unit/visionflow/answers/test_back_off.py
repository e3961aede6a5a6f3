"""Which label or parent is certain enough to be named."""

import numpy as np
import pytest

from visionflow.answers.back_off import BackOff
from visionflow.models.label_tree import Label, LabelTree

TREE = LabelTree(
    (Label("beagle", "dog"), Label("pug", "dog"), Label("cat", "animal"), Label("car", None)),
    (Label("animal", None), Label("dog", "animal")),
)


@pytest.mark.parametrize(
    ("probabilities", "name", "confidence"),
    [
        ((0.7, 0.1, 0.1, 0.1), "beagle", 0.7),
        ((0.35, 0.3, 0.3, 0.05), "dog", 0.65),
        # The breeds together are likelier than the best label.
        ((0.3, 0.3, 0.4, 0.0), "dog", 0.6),
        ((0.2, 0.1, 0.4, 0.3), "animal", 0.7),
        # Nothing reaches the threshold: the best label stands, though it is not an answer.
        ((0.15, 0.15, 0.25, 0.45), "animal", 0.55),
        ((0.15, 0.15, 0.15, 0.55), "car", 0.55),
        ((0.2, 0.1, 0.19, 0.51), "car", 0.51),
    ],
)
def test_the_deepest_that_is_certain_enough_is_named(
    probabilities: tuple[float, ...], name: str, confidence: float
) -> None:
    back_off = BackOff(TREE)
    named = back_off.name(np.array([probabilities], np.float32), 0.52)
    assert back_off.names[named.nodes[0]] == name
    assert named.confidences[0] == pytest.approx(confidence)


def test_nothing_certain_leaves_the_best_label() -> None:
    named = BackOff(TREE).name(np.array([(0.2, 0.1, 0.2, 0.5)], np.float32), 0.9)
    assert named.nodes.tolist() == [3]
    assert named.confidences.tolist() == [0.5]


def test_labels_without_parents_are_named_themselves() -> None:
    flat = BackOff(LabelTree((Label("a", None), Label("b", None)), ()))
    named = flat.name(np.array([(0.4, 0.6)], np.float32), 0.7)
    assert (named.nodes.tolist(), flat.names) == ([1], ("a", "b"))


def test_a_parent_of_all_labels_says_nothing() -> None:
    tree = LabelTree(
        (Label("beagle", "dog"), Label("pug", "dog"), Label("cat", "animal")),
        (Label("animal", None), Label("dog", "animal")),
    )
    named = BackOff(tree).name(np.array([(0.3, 0.2, 0.5), (0.5, 0.4, 0.1)], np.float32), 0.8)
    assert named.nodes.tolist() == [2, 4]
    assert named.confidences.tolist() == pytest.approx([0.5, 0.9])


def test_what_is_not_a_number_is_named_as_a_label() -> None:
    named = BackOff(TREE).name(np.full((1, 4), np.nan, np.float32), 0.5)
    assert named.nodes.tolist() == [0]
