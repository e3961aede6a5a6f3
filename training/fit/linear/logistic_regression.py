"""Multinomial logistic regression with a penalty on its squared weights."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from training.stop import check_stop


class LinearModel(NamedTuple):
    """``inputs @ weights + bias`` are logits: weights [F, C], bias [C]."""

    weights: Tensor
    bias: Tensor

    def logits(self, inputs: Tensor) -> Tensor:
        """[N, C] of ``inputs`` [N, F]."""
        return inputs @ self.weights + self.bias


def fit_path(
    inputs: Tensor,
    targets: Tensor,
    classes: int,
    penalties: Sequence[float],
    class_weights: Tensor | None = None,
    iterations: int = 60,
) -> Iterator[LinearModel]:
    """Fit ``inputs`` [N, F] to ``targets`` int64 [N] under each of ``penalties`` by L-BFGS.

    What is minimised is the mean cross-entropy plus the penalty times the sum of squared weights;
    the bias is free. Each fit begins where the one before ended, so strong penalties come first.
    ``iterations``: the most for each.
    """
    weights = torch.zeros(inputs.shape[1], classes, device=inputs.device, requires_grad=True)
    bias = torch.zeros(classes, device=inputs.device, requires_grad=True)
    for penalty in penalties:
        optimizer = torch.optim.LBFGS(
            [weights, bias], max_iter=iterations, line_search_fn="strong_wolfe"
        )

        def loss(penalty: float = penalty, optimizer: torch.optim.Optimizer = optimizer) -> Tensor:
            check_stop()
            optimizer.zero_grad()
            value = cross_entropy(inputs @ weights + bias, targets, class_weights)
            value = value + penalty * weights.square().sum()
            value.backward()
            return value

        optimizer.step(loss)
        yield LinearModel(weights.detach().clone(), bias.detach().clone())
