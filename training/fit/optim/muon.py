"""Muon: momentum that is made orthogonal before it is applied.

K. Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/. Every direction of a weight
matrix then moves at the same rate, instead of the few that dominate the gradient, so that a short
training run gets further.
"""

from collections.abc import Callable, Iterable
from typing import Any, overload

import torch
from torch import Tensor

# Coefficients of the quintic iteration from the source above: steepest at 0, bounded on [0, 1].
_A, _B, _C = 3.4445, -4.7750, 2.0315


class Muon(torch.optim.Optimizer):
    """For convolution weights that are followed by batch norm.

    After batch norm the loss does not depend on the scale of such a weight, so it is kept at a
    fixed norm, sqrt(output channels), instead of being decayed; ``lr`` is then a step in radians,
    roughly.
    """

    def __init__(self, params: Iterable[Any], lr: float, momentum: float) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Apply the gradients. ``closure`` is refused: nothing here evaluates the loss again."""
        if closure is not None:
            raise ValueError("Muon takes no closure")
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._update(weight, weight.grad, group)
        return None

    def _update(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            state["momentum"] = torch.zeros_like(weight)
        momentum: Tensor = state["momentum"]
        momentum.mul_(group["momentum"]).add_(gradient)
        nesterov = gradient.add(momentum, alpha=group["momentum"])
        step = orthogonalize(nesterov.flatten(start_dim=1)).view_as(weight)
        weight.mul_(len(weight) ** 0.5 / weight.norm()).add_(step, alpha=-group["lr"])


def orthogonalize(matrix: Tensor, iterations: int = 3) -> Tensor:
    """Push the singular values of ``matrix`` [m, n] towards 1, keeping its singular vectors."""
    x: Tensor = matrix / (matrix.norm() + 1e-7)
    if tall := len(x) > x.shape[1]:
        x = x.T
    for _ in range(iterations):
        gram = x @ x.T
        x = _A * x + (_B * gram + _C * gram @ gram) @ x
    return x.T if tall else x
