from pathlib import Path

import numpy as np

from tests.tiny_model import LABELS, SIDE
from tests.unit.training.evaluation.colours import tiny_classifier
from training.data.image_set import ImageSet
from training.evaluation.explain import EXAMPLES, explain_answers, typical_right_answers
from training.evaluation.measure import measure_split


def test_the_maps_show_where_each_colour_is(tmp_path: Path) -> None:
    classifier = tiny_classifier(tmp_path)
    image = np.zeros((1, SIDE, SIDE, 3), np.uint8)
    image[:, : SIDE // 2, :, 0] = 250
    image[:, SIDE // 2 :, :, 1] = 150
    # Labelled green, but red is the stronger colour.
    images = ImageSet(LABELS, image, np.array([1]), ("green/1.png",))
    probabilities = measure_split(classifier, images).probabilities(1.0)
    (one,) = explain_answers(classifier, images, probabilities, np.array([0]))
    assert (one.image.truth, one.image.answer) == ("green", "red")
    assert [found.label for found in one.maps] == ["red", "green"]
    red, green = (np.array(found.values) for found in one.maps)
    assert red[: SIDE // 2].min() == 1 and red[SIDE // 2 :].max() == 0
    assert green[: SIDE // 2].max() == 0 and green[SIDE // 2 :].min() == 1


def test_a_right_answer_has_one_map(tmp_path: Path) -> None:
    classifier = tiny_classifier(tmp_path)
    image = np.zeros((1, SIDE, SIDE, 3), np.uint8)
    image[..., 2] = 200
    images = ImageSet(LABELS, image, np.array([2]), ("blue/1.png",))
    probabilities = measure_split(classifier, images).probabilities(1.0)
    (one,) = explain_answers(classifier, images, probabilities, np.array([0]))
    assert [found.label for found in one.maps] == ["blue"]
    assert explain_answers(classifier, images, probabilities, np.array([], np.int64)) == ()


def test_right_examples_are_of_many_classes_and_of_median_confidence() -> None:
    probabilities = np.array(
        [[0.9, 0.1], [0.6, 0.4], [0.7, 0.3], [0.2, 0.8], [0.8, 0.2]], np.float32
    )
    targets = np.array([0, 0, 0, 1, 1])
    assert typical_right_answers(probabilities, targets).tolist() == [2, 3]
    many = np.eye(EXAMPLES + 2, dtype=np.float32)
    assert len(typical_right_answers(many, np.arange(len(many)))) == EXAMPLES
    assert typical_right_answers(probabilities, 1 - np.argmax(probabilities, axis=1)).tolist() == []
