"""A linear model on features of a frozen network."""

import numpy as np
import numpy.typing as npt
import torch

from training.data.listing import Int64Array
from training.fit.linear.logistic_regression import fit_path

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
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    inputs = torch.from_numpy(features).to(device)
    deviation, mean = torch.std_mean(inputs, dim=0, correction=0)
    scale = 1 / deviation.clamp(min=_LEAST_DEVIATION)
    known = torch.from_numpy(targets).to(device)
    (model,) = fit_path((inputs - mean) * scale, known, classes, [PENALTY])
    answers = model.logits((torch.from_numpy(others).to(device) - mean) * scale)
    found: Float32Array = answers.cpu().numpy()
    return found
