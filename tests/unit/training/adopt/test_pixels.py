"""Which normalisation a network wants, found by trying."""

import numpy as np
import pytest

from training.adopt.pixels import NORMALISATIONS, Pixels, try_all
from training.data.image_set import ImageSet
from visionflow.answers.classifier import FloatArray
from visionflow.images.pipeline import UInt8Array


def test_each_makes_what_its_name_says() -> None:
    image = np.array([[[[255, 127, 0]]]], np.uint8)
    expected: dict[str, list[float]] = {
        "0..1": [1, 127 / 255, 0],
        "-1..1": [1, -1 / 255, -1],
        "0..255": [255, 127, 0],
        "lite": [1, 0, -127 / 128],
        "caffe": [-103.939, 127 - 116.779, 255 - 123.68],
        "imagenet": [(1 - 0.485) / 0.229, (127 / 255 - 0.456) / 0.224, -0.406 / 0.225],
    }
    assert expected.keys() == NORMALISATIONS.keys()
    for name, values in expected.items():
        found = NORMALISATIONS[name].prepared(image)
        assert found.dtype == np.float32 and found.shape == image.shape
        np.testing.assert_allclose(found.ravel(), values, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("wanted", NORMALISATIONS)
def test_the_one_under_which_most_answers_are_right_comes_first(wanted: str) -> None:
    images = np.zeros((8, 2, 2, 3), np.uint8)
    image_set = ImageSet(("a", "b"), images, np.arange(8) % 2, tuple("abcdefgh"))

    def logits(_images: UInt8Array, pixels: Pixels) -> FloatArray:
        right = np.eye(2, dtype=np.float32)[image_set.targets]
        return right if pixels == NORMALISATIONS[wanted] else np.roll(right, 1, axis=1)

    tried = try_all(logits, image_set)
    assert (tried[0].name, tried[0].top1, tried[0].images) == (wanted, 1.0, 8)
    assert {one.name for one in tried} == set(NORMALISATIONS)


def test_among_equals_the_likelier_truth_decides() -> None:
    images = np.zeros((2, 2, 2, 3), np.uint8)
    image_set = ImageSet(("a", "b"), images, np.arange(2), ("a", "b"))

    def logits(_images: UInt8Array, pixels: Pixels) -> FloatArray:
        return np.eye(2, dtype=np.float32) * (2 if pixels == NORMALISATIONS["-1..1"] else 1)

    assert try_all(logits, image_set)[0].name == "-1..1"
