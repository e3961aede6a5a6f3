import numpy as np
import pytest

from training.data.listing import Int64Array
from training.evaluation.unknown.prediction_sets import (
    MOST_KEPT,
    conformity,
    set_coverage,
    set_coverages,
)
from visionflow.answers.classifier import FloatArray, softmax
from visionflow.answers.prediction_sets import least_confidence


def drawn(count: int, seed: int) -> tuple[FloatArray, Int64Array]:
    generator = np.random.default_rng(seed)
    targets = generator.integers(0, 5, count)
    logits = generator.normal(0, 1, (count, 5)) + 2 * np.eye(5)[targets]
    return softmax(logits.astype(np.float32)), targets


def test_sets_hold_the_truth_of_other_images_as_often_as_promised() -> None:
    kept = conformity(*drawn(2000, 0))
    found = set_coverages(*drawn(8000, 1), kept)
    assert [one.coverage for one in found] == [0.8, 0.9, 0.95, 0.99]
    for one in found:
        assert one.measured == pytest.approx(one.coverage, abs=0.015)
        assert one.interval.low < one.measured < one.interval.high
    sizes = [one.mean_size for one in found]
    assert sizes == sorted(sizes)
    assert found[0].empty > 0


def test_it_rises_and_is_rounded_down_to_six_digits() -> None:
    probabilities, targets = drawn(300, 0)
    kept = conformity(probabilities, targets)
    true = np.sort(probabilities[np.arange(300), targets])
    assert list(kept) == sorted(kept) and len(kept) == 300
    assert ((true - kept >= 0) & (true - kept < 1.1e-6)).all()
    assert all(len(f"{value:.10f}".rstrip("0")) <= 8 for value in kept)


@pytest.mark.parametrize("count", [MOST_KEPT + 1, 2_345, 12_000])
def test_thinning_makes_no_set_smaller(count: int) -> None:
    probabilities, targets = drawn(count, 0)
    true = np.sort(probabilities[np.arange(count), targets]).astype(float).tolist()
    kept = conformity(probabilities, targets)
    assert len(kept) == MOST_KEPT
    for coverage in np.linspace(0.01, 0.998, 200).tolist():
        assert least_confidence(kept, coverage) <= least_confidence(true, coverage)
    # And hardly larger.
    assert least_confidence(kept, 0.95) == pytest.approx(least_confidence(true, 0.95), abs=0.01)


def test_a_coverage_that_too_few_images_were_measured_for_is_left_out() -> None:
    kept = conformity(*drawn(30, 0))
    assert [one.coverage for one in set_coverages(*drawn(50, 1), kept)] == [0.8, 0.9, 0.95]
    assert set_coverage(*drawn(50, 1), (), 0.5) is None


def test_what_is_not_a_number_makes_no_sets() -> None:
    probabilities, targets = drawn(30, 0)
    probabilities[3] = np.nan
    assert conformity(probabilities, targets) == ()
