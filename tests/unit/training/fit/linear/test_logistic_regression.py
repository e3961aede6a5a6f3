import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from training.fit.linear.logistic_regression import fit_path

GENERATOR = np.random.default_rng(2)
TARGETS = np.arange(90) % 3
INPUTS = (np.eye(3, 8)[TARGETS] + GENERATOR.normal(0, 1, (90, 8))).astype(np.float32)
PENALTIES = [0.1, 0.01]


@pytest.mark.parametrize("weights", [None, [0.5, 1.0, 2.0]])
def test_the_optimum_is_that_of_scikit_learn(weights: list[float] | None) -> None:
    models = fit_path(
        torch.from_numpy(INPUTS),
        torch.from_numpy(TARGETS),
        3,
        PENALTIES,
        None if weights is None else torch.tensor(weights),
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
    models = fit_path(torch.from_numpy(INPUTS), torch.from_numpy(TARGETS), 3, [1.0, 0.1, 0.01])
    sizes = [float(model.weights.square().sum()) for model in models]
    assert sizes == sorted(sizes)
