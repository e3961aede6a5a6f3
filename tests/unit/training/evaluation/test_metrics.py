import numpy as np
import pytest

from training.evaluation.metrics import (
    choose_unknown_threshold,
    evaluate,
    expected_calibration_error,
    fit_temperature,
    top_k_accuracy,
)
from visionflow.classifier import softmax

LABELS = ("cat", "dog", "frog")


def test_scores_of_a_small_example_worked_out_by_hand() -> None:
    probabilities = np.array(
        [[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.4, 0.5, 0.1]], np.float32
    )
    result = evaluate(probabilities, np.array([0, 1, 1, 0]), LABELS, unknown_threshold=0.6)
    assert result.top1 == 0.5
    assert result.confusion == ((1, 1, 0), (1, 1, 0), (0, 0, 0))
    cat, dog, frog = result.classes
    assert (cat.precision, cat.recall, cat.f1, cat.pictures) == (0.5, 0.5, 0.5, 2)
    assert (dog.precision, dog.recall, dog.f1) == (0.5, 0.5, 0.5)
    assert (frog.precision, frog.recall, frog.f1, frog.pictures) == (0, 0, 0, 0)
    assert result.macro_f1 == pytest.approx(1 / 3)
    assert result.known == 0.75
    assert result.known_top1 == pytest.approx(2 / 3)
    assert result.loss == pytest.approx(-np.log([0.8, 0.3, 0.7, 0.4]).mean(), rel=1e-6)


def test_top_k_counts_a_class_among_the_k_best() -> None:
    scores = np.array([[3, 2, 1], [3, 2, 1], [3, 2, 1]], np.float32)
    targets = np.array([0, 1, 2])
    assert [top_k_accuracy(scores, targets, k) for k in (1, 2, 3)] == pytest.approx(
        [1 / 3, 2 / 3, 1]
    )


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    confidence = np.array([0.9, 0.9, 0.9, 0.9, 0.5, 0.5], np.float32)
    correct = np.array([True, True, True, False, True, False])
    # Four answers off by 0.15, two by nothing.
    assert expected_calibration_error(confidence, correct) == pytest.approx(4 * 0.15 / 6, abs=1e-6)


@pytest.mark.parametrize("true_temperature", [0.5, 1.0, 2.5])
def test_temperature_recovers_the_one_that_made_the_targets(true_temperature: float) -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 3, (20_000, 4)).astype(np.float32)
    probabilities = softmax(logits / np.float32(true_temperature))
    draws = generator.random((len(logits), 1))
    targets = (probabilities.cumsum(axis=1) < draws).sum(axis=1).clip(max=3)
    assert fit_temperature(logits, targets) == pytest.approx(true_temperature, rel=0.05)


def test_temperature_stays_finite_when_every_answer_is_right() -> None:
    logits = np.eye(3, dtype=np.float32)
    assert 0.05 <= fit_temperature(logits, np.arange(3)) < 0.1


def test_below_the_unknown_threshold_answers_are_wrong_more_often_than_right() -> None:
    generator = np.random.default_rng(0)
    confidence = generator.random(10_000).astype(np.float32)
    correct = generator.random(10_000) < confidence
    threshold = choose_unknown_threshold(confidence, correct, accuracy=0.3)
    # Accuracy below t is t / 2 here.
    assert threshold == pytest.approx(0.6, abs=0.03)
    assert correct[confidence < threshold].mean() < 0.3


def test_nothing_is_unknown_where_even_weak_answers_are_right() -> None:
    confidence = np.linspace(0.3, 1, 100, dtype=np.float32)
    assert choose_unknown_threshold(confidence, np.ones(100, bool), accuracy=0.5) == 0
