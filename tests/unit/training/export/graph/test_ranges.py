"""Which values a range gives up."""

import numpy as np
import pytest

from training.export.graph.ranges import (
    BINS,
    Histogram,
    choose_range,
    entropy_range,
    percentile_range,
)


def histogram(values: np.ndarray) -> Histogram:
    low, high = float(values.min()), float(values.max())
    counts, _ = np.histogram(values, BINS, (low, high))
    return Histogram(low, high, counts)


@pytest.fixture
def spoiled() -> Histogram:
    """Of a normal distribution, but for two values of 200,000 at 300."""
    values = np.random.default_rng(0).normal(0, 1, 200_000)
    return histogram(np.append(values, [300, 300]))


def test_a_percentile_cuts_off_what_is_rare(spoiled: Histogram) -> None:
    low, high = percentile_range(spoiled, 99.99)
    assert -4.5 < low < -3.5
    assert 3.5 < high < 4.5


def test_a_percentile_keeps_what_it_has_to_keep(spoiled: Histogram) -> None:
    # Two of 200,000 are more than the half of 0.001 % that may go at each end.
    assert percentile_range(spoiled, 99.999)[1] == pytest.approx(300, abs=0.2)


def test_the_entropy_narrows_a_range_that_outliers_widened(spoiled: Histogram) -> None:
    low, high = entropy_range(spoiled)
    assert low < 0
    assert 3 < high < 0.5 * spoiled.high


def test_the_entropy_keeps_a_range_that_is_used() -> None:
    even = histogram(np.random.default_rng(0).uniform(-2, 6, 500_000))
    low, high = entropy_range(even)
    assert low == pytest.approx(-2, abs=0.3)
    assert high == pytest.approx(6, abs=0.9)


def test_the_many_zeros_behind_a_relu_do_not_narrow_the_range() -> None:
    values = np.random.default_rng(0).uniform(-6, 6, 500_000).clip(0)
    assert entropy_range(histogram(values))[1] > 5


@pytest.mark.parametrize("calibration", ["percentile 99.99", "percentile 99.999", "entropy"])
def test_an_activation_that_never_changes_has_a_range_too(calibration: str) -> None:
    constant = Histogram(0.0, 0.0, np.bincount([0] * 10, minlength=BINS))
    assert choose_range(constant, calibration) == (0.0, 0.0)  # type: ignore[arg-type]
