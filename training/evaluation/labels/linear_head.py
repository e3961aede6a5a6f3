"""A linear model on features of a frozen network."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from training.data.listing import Int64Array
from training.stop import check_stop

Float32Array = npt.NDArray[np.float32]

# From a tenth to five times of this, little changes in accuracy or in the wrong labels found.
PENALTY = 1e-2
_ITERATIONS = 60
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
    weights, bias = _fit((inputs - mean) * scale, torch.from_numpy(targets).to(device), classes)
    with torch.inference_mode():
        answers = (torch.from_numpy(others).to(device) - mean) * scale @ weights + bias
    found: Float32Array = answers.cpu().numpy()
    return found


def _fit(inputs: Tensor, targets: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    weights = torch.zeros(inputs.shape[1], classes, device=inputs.device, requires_grad=True)
    bias = torch.zeros(classes, device=inputs.device, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weights, bias], max_iter=_ITERATIONS, line_search_fn="strong_wolfe"
    )

    def loss() -> Tensor:
        check_stop()
        optimizer.zero_grad()
        value = cross_entropy(inputs @ weights + bias, targets) + PENALTY * weights.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    return weights.detach(), bias.detach()
