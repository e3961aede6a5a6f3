"""Multinomial logistic regression with a penalty on its squared weights."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from training.data.listing import Int64Array
from training.stop import check_stop

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]

_ROWS = 2_048
"""Rows of the inputs that a thread takes at once: what it computes of them stays small."""
# Below this, float32 no longer tells two losses apart.
_LEAST_CHANGE = 1e-7
_LEAST_SLOPE = 1e-7


class LinearModel(NamedTuple):
    """``inputs @ weights + bias`` are logits: weights float32 [F, C], bias float32 [C]."""

    weights: Float32Array
    bias: Float32Array

    def logits(self, inputs: Float32Array) -> Float32Array:
        """[N, C] of ``inputs`` [N, F]."""
        return inputs @ self.weights + self.bias


class Scaling(NamedTuple):
    """What is taken off each feature, and what it is then divided by, float64 [F] each."""

    mean: Float64Array
    scale: Float64Array


def mean_and_variance(inputs: Float32Array) -> tuple[Float64Array, Float64Array]:
    """Of each feature of ``inputs`` [N, F], [F] each."""
    mean = np.mean(inputs, axis=0, dtype=np.float64)
    squares = np.zeros_like(mean)
    for start in range(0, len(inputs), _ROWS):
        squares += np.square(inputs[start : start + _ROWS] - mean).sum(axis=0)
    return mean, squares / len(inputs)


def fit_path(
    inputs: Float32Array,
    targets: Int64Array,
    classes: int,
    penalties: Sequence[float],
    scaling: Scaling,
    class_weights: Float32Array | None = None,
    iterations: int = 60,
) -> Iterator[LinearModel]:
    """Fit ``inputs`` [N, F] to ``targets`` [N] under each of ``penalties`` by L-BFGS.

    What is minimised is the mean cross-entropy plus the penalty times the sum of squared weights of
    the scaled inputs; the bias is free. Each fit begins where the one before ended, so strong
    penalties come first. ``iterations``: the most for each. ``class_weights``: float32 [C].

    The models take unscaled inputs, and no scaled copy of ``inputs`` is made. Products are computed
    in float32, sums in float64.
    """
    of_images = None if class_weights is None else class_weights[targets]
    total = float(len(targets) if of_images is None else of_images.sum(dtype=np.float64))
    shape = (inputs.shape[1], classes)
    point = np.zeros((shape[0] + 1, classes))

    def model(point: Float64Array) -> LinearModel:
        weights = point[:-1] / scaling.scale[:, None]
        bias = point[-1] - scaling.mean @ weights
        return LinearModel(weights.astype(np.float32), bias.astype(np.float32))

    def loss(flat: Float64Array, penalty: float) -> tuple[float, Float64Array]:
        check_stop()
        point = flat.reshape(-1, classes)
        now = model(point)

        def of_rows(start: int) -> tuple[float, Float32Array, Float64Array]:
            rows = slice(start, start + _ROWS)
            weights = None if of_images is None else of_images[rows]
            part, errors = _cross_entropy(now.logits(inputs[rows]), targets[rows], weights)
            return part, inputs[rows].T @ errors, errors.sum(axis=0, dtype=np.float64)

        value = 0.0
        slope, bias_slope = np.zeros(shape), np.zeros(classes)
        for part, of_weights, of_bias in pool.map(of_rows, range(0, len(targets), _ROWS)):
            value += part
            slope += of_weights
            bias_slope += of_bias
        slope = (slope - np.outer(scaling.mean, bias_slope)) / scaling.scale[:, None] / total
        slope += 2 * penalty * point[:-1]
        value = value / total + penalty * float(np.square(point[:-1]).sum())
        return value, np.concatenate([slope, bias_slope[None] / total]).ravel()

    for penalty in penalties:
        # NumPy and SciPy each bring a BLAS, whose waiting threads take the cores from each other.
        with ThreadPoolExecutor(os.cpu_count()) as pool, threadpool_limits(1, "blas"):
            found = minimize(
                loss,
                point.ravel(),
                (penalty,),
                method="L-BFGS-B",
                jac=True,
                options={"maxiter": iterations, "ftol": _LEAST_CHANGE, "gtol": _LEAST_SLOPE},
            )
        point = found.x.reshape(-1, classes)
        yield model(point)


def _cross_entropy(
    logits: Float32Array, targets: Int64Array, weights: Float32Array | None
) -> tuple[float, Float32Array]:
    """Its sum over ``logits`` [N, C], and its slope by each of them, in place of them."""
    rows = np.arange(len(targets))
    logits -= logits.max(axis=1, keepdims=True)
    own = logits[rows, targets]
    errors = np.exp(logits, out=logits)
    sums = errors.sum(axis=1)
    losses = np.log(sums) - own
    errors /= sums[:, None]
    errors[rows, targets] -= 1
    if weights is not None:
        losses *= weights
        errors *= weights[:, None]
    return float(losses.sum(dtype=np.float64)), errors
