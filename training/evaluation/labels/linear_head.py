"""A linear model on features of a frozen network."""

import numpy as np
import numpy.typing as npt

from training.data.listing import Int64Array
from training.fit.linear.logistic_regression import Scaling, fit_path, mean_and_variance

Float32Array = npt.NDArray[np.float32]

# From a tenth to five times of this, little changes in accuracy or in the wrong labels found.
PENALTY = 1e-2
_LEAST_DEVIATION = 1e-6


def logits_of_others(
    features: Float32Array, targets: Int64Array, classes: int, others: Float32Array
) -> Float32Array:
    """[M, C]: the answers to ``others`` [M, F] of a model that is fitted to ``features`` [N, F].

    Multinomial logistic regression on standardised features, its squared weights penalised.
    """
    mean, variance = mean_and_variance(features)
    scaling = Scaling(mean, np.maximum(np.sqrt(variance), _LEAST_DEVIATION))
    (model,) = fit_path(features, targets, classes, [PENALTY], scaling)
    return model.logits(others)
