import numpy as np

from tests.unit.training.evaluation.colours import colour_set
from training.data.image_set import ImageSet
from training.evaluation.mistakes import WORST, image_answer, worst_mistakes
from training.results.data_url import pixels_of
from training.results.findings import THUMBNAIL_SIDE


def test_the_most_confident_wrong_answers_come_first() -> None:
    probabilities = np.array([[0.6, 0.4], [0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], np.float32)
    targets = np.array([1, 1, 1, 0])
    assert worst_mistakes(probabilities, targets).tolist() == [1, 0]
    many = worst_mistakes(np.repeat(probabilities, WORST, axis=0), np.repeat(targets, WORST))
    assert len(many) == WORST
    assert worst_mistakes(probabilities, np.array([0, 0, 1, 0])).tolist() == []


def test_a_mistake_shows_the_image_and_both_confidences() -> None:
    images = colour_set(3, mislabelled=0)
    probabilities = np.array([[0.25, 0.5, 0.25]] * 3, np.float32)
    one = image_answer(images, 0, probabilities)
    assert (one.file, one.truth, one.answer) == ("red/000.png", "red", "green")
    assert (one.confidence, one.truth_confidence) == (0.5, 0.25)
    pixels = pixels_of(one.image)
    assert pixels.shape == images.images[0].shape
    assert np.abs(pixels.mean(axis=(0, 1)) - images.images[0].mean(axis=(0, 1))).max() < 12


def test_large_images_are_kept_small() -> None:
    images = ImageSet(("a", "b"), np.zeros((1, 224, 224, 3), np.uint8), np.array([0]), ("a/1.png",))
    one = image_answer(images, 0, np.array([[1, 0]], np.float32))
    assert pixels_of(one.image).shape == (THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3)
