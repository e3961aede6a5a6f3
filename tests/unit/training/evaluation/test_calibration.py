import numpy as np
import pytest

from training.evaluation.calibration import (
    CALIBRATION_BINS,
    CURVE_POINTS,
    calibration_on,
    coverage_curve,
    expected_calibration_error,
    reliability,
)
from training.results.findings import FEW_ANSWERS, ReliabilityBin, merged_bins
from visionflow.answers.classifier import softmax


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    confidence = np.array([0.9, 0.9, 0.9, 0.9, 0.5, 0.5], np.float32)
    correct = np.array([True, True, True, False, True, False])
    # Four answers off by 0.15, two by nothing.
    assert expected_calibration_error(confidence, correct) == pytest.approx(4 * 0.15 / 6, abs=1e-6)


def test_reliability_has_a_bin_for_each_confidence_that_occurs() -> None:
    confidence = np.array([0.9, 0.92, 0.5, 1.0], np.float32)
    result = reliability(confidence, np.array([True, False, True, True]))
    assert [(one.images, one.accuracy) for one in result.bins] == [(1, 1), (2, 0.5), (1, 1)]
    assert result.bins[1].confidence == pytest.approx(0.91)
    for one, inside in zip(result.bins, (0.5, 0.91, 1.0), strict=True):
        assert one.low <= inside <= one.high


def a_bin(place: int, images: int, accuracy: float = 1.0) -> ReliabilityBin:
    low = place / CALIBRATION_BINS
    return ReliabilityBin(low, low + 1 / CALIBRATION_BINS, images, low, accuracy)


def test_empty_and_tiny_bins_are_merged_with_their_neighbours() -> None:
    bins = (a_bin(1, 4, 0.5), a_bin(2, 4, 1.0), a_bin(7, 2, 0.0), a_bin(9, 30), a_bin(14, 3))
    merged = merged_bins(bins)
    assert [one.images for one in merged] == [10, 33]
    first, last = merged
    assert (first.low, first.high) == (bins[0].low, bins[2].high)
    assert first.accuracy == pytest.approx((4 * 0.5 + 4) / 10)
    assert first.confidence == pytest.approx((4 * 1 + 4 * 2 + 2 * 7) / 10 / CALIBRATION_BINS)
    assert (last.low, last.high) == (bins[3].low, bins[4].high)


def test_bins_that_are_large_enough_stay_and_few_answers_are_one_bin() -> None:
    large = (a_bin(0, FEW_ANSWERS), a_bin(1, 50))
    assert merged_bins(large) == large
    assert [one.images for one in merged_bins((a_bin(0, 1), a_bin(9, 2)))] == [3]
    assert merged_bins(()) == ()


def test_coverage_and_accuracy_at_every_threshold() -> None:
    confidence = np.array([0.9, 0.6, 0.6, 0.3], np.float32)
    curve = coverage_curve(confidence, np.array([True, True, False, False]))
    assert curve.threshold == pytest.approx((0.3, 0.6, 0.9))
    assert list(curve.coverage) == [1, 0.75, 0.25]
    assert curve.accuracy == pytest.approx((0.5, 2 / 3, 1))


def test_a_long_coverage_curve_is_thinned_and_keeps_its_ends() -> None:
    confidence = np.random.default_rng(0).permutation(np.linspace(0.1, 1, 5000, dtype=np.float32))
    correct = confidence > 0.5
    curve = coverage_curve(confidence, correct)
    assert len(curve.threshold) == CURVE_POINTS
    assert (curve.coverage[0], curve.coverage[-1]) == (1, 1 / 5000)
    assert curve.accuracy[0] == pytest.approx(correct.mean())
    assert curve.accuracy[-1] == 1


def test_calibration_is_shown_before_and_after_the_temperature() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (4000, 3)).astype(np.float32)
    draws = generator.random((len(logits), 1))
    targets = (softmax(logits).cumsum(axis=1) < draws).sum(axis=1).clip(max=2)
    result = calibration_on(3 * logits, targets, temperature=3, unknown_threshold=0.4)
    assert result.before.ece > 0.15
    assert result.after.ece < 0.03
    assert (result.temperature, result.unknown_threshold) == (3, 0.4)
