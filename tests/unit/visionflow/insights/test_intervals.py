from math import sqrt

import pytest

from visionflow.insights.intervals import share
from visionflow.insights.latencies import bucket, percentile


@pytest.mark.parametrize(("correct", "n"), [(8, 10), (1, 10), (90, 100), (3, 4000)])
def test_the_bounds_are_where_the_score_test_just_rejects(correct: int, n: int) -> None:
    """By the interval's definition: the shares from which ``correct`` is 1.96 deviations away."""
    found = share(correct, n)
    for bound in (found.low, found.high):
        deviations = (correct / n - bound) / sqrt(bound * (1 - bound) / n)
        assert abs(deviations) == pytest.approx(1.959964)
    assert found.low < correct / n < found.high
    assert found.accuracy == correct / n


def test_never_and_always_are_not_certain() -> None:
    assert share(0, 10).low == 0.0
    assert share(0, 10).high == pytest.approx(0.2775, abs=1e-4)
    assert share(10, 10).low == pytest.approx(1 - 0.2775, abs=1e-4)
    assert share(10, 10).high == 1.0


def test_nothing_counted_says_nothing() -> None:
    assert (share(0, 0).low, share(0, 0).high, share(0, 0).accuracy) == (0.0, 1.0, None)


@pytest.mark.parametrize("milliseconds", [0.011, 0.4, 3.3, 47.0, 900.0, 25_000.0])
def test_a_percentile_is_at_most_a_tenth_off(milliseconds: float) -> None:
    found = percentile({bucket(milliseconds): 3}, 0.5)
    assert found == pytest.approx(milliseconds, rel=0.1)


def test_percentiles_split_the_histogram() -> None:
    histogram = {bucket(2.0): 95, bucket(80.0): 5}
    assert percentile(histogram, 0.5) == pytest.approx(2, rel=0.1)
    assert percentile(histogram, 0.95) == pytest.approx(2, rel=0.1)
    assert percentile(histogram, 0.96) == pytest.approx(80, rel=0.1)
    assert percentile({}, 0.5) is None
