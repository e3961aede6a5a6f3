import numpy as np
import pytest

from training.evaluation.calibration import calibration_interval
from training.evaluation.intervals import DRAWS, count_groups, difference_interval, share_interval
from visionflow.insights.intervals import share


def test_images_on_their_own_have_wilsons_interval() -> None:
    correct = np.arange(50) < 40
    wilson = share(40, 50)
    for groups in (None, np.arange(50)[::-1]):
        found = share_interval(correct, groups)
        assert (found.low, found.high) == (wilson.low, wilson.high)


def test_ten_equal_shots_of_a_scene_count_as_one() -> None:
    scenes = np.random.default_rng(0).random(200) < 0.8
    groups = np.repeat(np.arange(200), 10)
    found, wilson = share_interval(scenes[groups], groups), share(int(scenes.sum()), 200)
    assert found.low == pytest.approx(wilson.low, abs=0.012)
    assert found.high == pytest.approx(wilson.high, abs=0.012)
    assert found == share_interval(scenes[groups], groups)


@pytest.mark.parametrize("right", [True, False])
def test_what_is_always_right_is_not_certain(right: bool) -> None:
    found = share_interval(np.full(60, right), np.repeat(np.arange(6), 10))
    wilson = share(6 if right else 0, 6)
    assert (found.low, found.high) == (wilson.low, wilson.high)


@pytest.mark.parametrize(("before", "after"), [(False, True), (True, True), (False, False)])
def test_a_difference_that_is_the_same_everywhere_is_not_certain(before: bool, after: bool) -> None:
    found = difference_interval(np.full(6, before), np.full(6, after), np.arange(6) // 2)
    assert found.low < after - before - 0.1 or found.high > after - before + 0.1
    assert -1 <= found.low <= after - before <= found.high <= 1


def test_a_difference_by_chance_holds_nothing() -> None:
    draws = np.random.default_rng(1)
    before, after = draws.random((2, 400)) < 0.8
    found = difference_interval(before, after, np.arange(400))
    assert found.low < 0 < found.high
    assert found.high - found.low < 0.2


@pytest.mark.parametrize("shots", [1, 8])
def test_the_interval_holds_the_truth_as_often_as_it_says(shots: int) -> None:
    generator = np.random.default_rng(1)
    held = 0
    for _ in range(100):
        # Scenes differ in how hard they are: beta(4, 1) has mean 0.8.
        groups = np.repeat(np.arange(60), shots)
        correct = generator.random(60 * shots) < generator.beta(4, 1, 60)[groups]
        found = share_interval(correct, groups)
        held += found.low <= 0.8 <= found.high
    assert held >= 88


def test_the_interval_of_a_calibrated_model_reaches_down_to_nothing() -> None:
    generator = np.random.default_rng(0)
    confidence = generator.random(300).astype(np.float32)
    found = calibration_interval(confidence, generator.random(300) < confidence)
    assert found.low == 0
    assert found.high < 0.2


def test_the_interval_of_an_overconfident_model_does_not() -> None:
    generator = np.random.default_rng(0)
    confidence = np.full(2000, 0.95, np.float32)
    found = calibration_interval(confidence, generator.random(2000) < 0.75)
    assert 0.17 < found.low < 0.2 < found.high < 0.23


def test_many_images_are_drawn_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    correct = np.random.default_rng(0).random(400) < 0.7
    groups = np.arange(400) // 2
    whole = share_interval(correct, groups)
    monkeypatch.setattr("training.evaluation.intervals._CHUNK", 200 * DRAWS // 3)
    parts = share_interval(correct, groups)
    assert parts.low == pytest.approx(whole.low, abs=0.01)
    assert parts.high == pytest.approx(whole.high, abs=0.01)


def test_groups_are_counted() -> None:
    assert count_groups(5, None) == 5
    assert count_groups(5, np.array([7, 7, 3, 3, 3])) == 2
