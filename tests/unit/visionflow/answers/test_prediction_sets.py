import numpy as np
import pytest

from visionflow.answers.answer import Score
from visionflow.answers.prediction_sets import least_confidence, prediction_set
from visionflow.errors import InvalidParameterError


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_sets_hold_the_truth_as_often_as_was_asked(coverage: float) -> None:
    """On fresh images, averaged over many draws of the validation images."""
    generator = np.random.default_rng(0)
    held = []
    for _ in range(400):
        validation = np.sort(generator.beta(4, 1, 300))
        least = least_confidence(validation.tolist(), coverage)
        held.append((generator.beta(4, 1, 1000) >= least).mean())
    assert np.mean(held) == pytest.approx(coverage, abs=0.004)


def test_a_set_has_the_likeliest_labels_and_may_be_empty() -> None:
    scores = (Score("cat", 0.5), Score("dog", 0.3), Score("fox", 0.2))
    assert prediction_set(scores, 0.3) == ("cat", "dog")
    assert prediction_set(scores, 0.6) == ()


def test_whole_places_are_not_lost_to_rounding() -> None:
    conformity = [place / 100 for place in range(1, 100)]
    assert least_confidence(conformity, 0.95) == 0.05
    assert least_confidence(conformity, 0.9) == 0.1


@pytest.mark.parametrize("coverage", [0.0, 1.0, -1.0, 2.0, float("nan")])
def test_an_impossible_coverage_is_refused(coverage: float) -> None:
    with pytest.raises(InvalidParameterError, match="between 0 and 1"):
        least_confidence([0.5] * 100, coverage)


def test_too_few_images_for_a_coverage_are_said() -> None:
    with pytest.raises(InvalidParameterError, match=r"at most 0\.950 .* 19 validation images"):
        least_confidence([0.5] * 19, 0.96)
    assert least_confidence([0.5] * 19, 0.95) == 0.5
    with pytest.raises(InvalidParameterError, match="was not measured"):
        least_confidence((), 0.5)
