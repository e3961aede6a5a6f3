import numpy as np
import pytest

from training.evaluation.labels.label_noise import fit_label_noise

CLASSES, COUNT = 5, 2_000


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.18])
def test_the_rate_of_wrong_labels_is_estimated_and_most_are_found(rate: float) -> None:
    generator = np.random.default_rng(1)
    truth = generator.integers(CLASSES, size=COUNT)
    # Twice as sure as they should be: the temperature has to be found as well.
    logits = 2 * (generator.normal(0, 1, (COUNT, CLASSES)) + 6 * np.eye(CLASSES)[truth])
    wrong = generator.random(COUNT) < rate
    labels = np.where(wrong, (truth + generator.integers(1, CLASSES, COUNT)) % CLASSES, truth)
    noise = fit_label_noise(logits.astype(np.float32), labels)
    assert noise.rate == pytest.approx(rate, rel=0.25)
    found = wrong[noise.suspects]
    assert found.sum() >= 0.9 * wrong.sum()
    assert found.mean() >= 0.9
    assert (np.diff(noise.wrong[noise.suspects]) <= 0).all()


def test_answers_at_chance_accuse_no_label() -> None:
    generator = np.random.default_rng(2)
    logits = generator.normal(0, 3, (COUNT, 2)).astype(np.float32)
    noise = fit_label_noise(logits, generator.integers(2, size=COUNT))
    assert not len(noise.suspects)
    assert np.abs(noise.probabilities - 0.5).max() < 0.2


def test_hard_images_that_are_right_are_not_suspicious() -> None:
    generator = np.random.default_rng(3)
    truth = generator.integers(CLASSES, size=COUNT)
    logits = generator.normal(0, 1, (COUNT, CLASSES)) + 1.5 * np.eye(CLASSES)[truth]
    assert (logits.argmax(axis=1) != truth).mean() > 0.2
    noise = fit_label_noise(logits.astype(np.float32), truth)
    assert len(noise.suspects) <= 0.01 * COUNT


def test_answers_that_are_certain_do_not_overflow() -> None:
    labels = np.arange(COUNT) % CLASSES
    logits = (1e4 * np.eye(CLASSES)[labels]).astype(np.float32)
    labels[0] = 1
    noise = fit_label_noise(logits, labels)
    assert noise.suspects.tolist() == [0]
    assert np.isfinite(noise.wrong).all()
