import numpy as np
import pytest

from training.fit.temperature import fit_temperature
from visionflow.answers.classifier import softmax


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
