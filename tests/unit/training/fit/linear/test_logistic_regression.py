import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from training.fit.linear.logistic_regression import (
    Scaling,
    fit_path,
    mean_and_variance,
)

GENERATOR = np.random.default_rng(2)
TARGETS = np.arange(90) % 3
INPUTS = (np.eye(3, 8)[TARGETS] + GENERATOR.normal(0, 1, (90, 8))).astype(np.float32)
PENALTIES = [0.1, 0.01]
UNSCALED = Scaling(np.zeros(8), np.ones(8))


@pytest.mark.parametrize("weights", [None, [0.5, 1.0, 2.0]])
def test_the_optimum_is_that_of_scikit_learn(weights: list[float] | None) -> None:
    models = fit_path(
        INPUTS,
        TARGETS,
        3,
        PENALTIES,
        UNSCALED,
        None if weights is None else np.array(weights, np.float32),
        iterations=200,
    )
    of_images = np.array(weights or [1.0, 1.0, 1.0])[TARGETS]
    for penalty, model in zip(PENALTIES, models, strict=True):
        strength = 1 / (2 * penalty * of_images.sum())
        expected = LogisticRegression(C=strength, tol=1e-8, max_iter=1000)
        expected.fit(INPUTS, TARGETS, of_images)
        np.testing.assert_allclose(model.weights.T, expected.coef_, atol=2e-3)
        # A constant on all biases changes no answer.
        found = model.bias - model.bias.mean()
        np.testing.assert_allclose(found, expected.intercept_, atol=2e-3)


def test_a_stronger_penalty_gives_smaller_weights() -> None:
    models = fit_path(INPUTS, TARGETS, 3, [1.0, 0.1, 0.01], UNSCALED)
    sizes = [float(np.square(model.weights).sum()) for model in models]
    assert sizes == sorted(sizes)


def test_scaling_inside_is_scaling_before() -> None:
    wide = (INPUTS * np.geomspace(1e-2, 1e2, 8) + 5).astype(np.float32)
    mean, variance = mean_and_variance(wide)
    np.testing.assert_allclose(mean, wide.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(variance, wide.var(axis=0), rtol=1e-4)
    scale = np.sqrt(variance)
    scaled = ((wide - mean) / scale).astype(np.float32)
    (inside,) = fit_path(wide, TARGETS, 3, [0.01], Scaling(mean, scale), iterations=200)
    (before,) = fit_path(scaled, TARGETS, 3, [0.01], UNSCALED, iterations=200)
    np.testing.assert_allclose(inside.logits(wide), before.logits(scaled), atol=1e-2)


def test_rows_in_blocks_give_the_same_model(monkeypatch: pytest.MonkeyPatch) -> None:
    (whole,) = fit_path(INPUTS, TARGETS, 3, [0.01], UNSCALED)
    monkeypatch.setattr("training.fit.linear.logistic_regression._ROWS", 7)
    (blocks,) = fit_path(INPUTS, TARGETS, 3, [0.01], UNSCALED)
    np.testing.assert_allclose(blocks.weights, whole.weights, atol=1e-3)
    assert mean_and_variance(INPUTS)[1] == pytest.approx(INPUTS.var(axis=0), rel=1e-5)
