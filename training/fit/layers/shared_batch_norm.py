"""Batch norm over a batch that several processes share.

torch's SyncBatchNorm runs on GPUs only; this one runs with any backend of torch.distributed.
"""

from typing import Any, cast

import torch
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm


def synchronize_batch_norm(network: nn.Module) -> None:
    """Replace every batch norm below ``network`` by one that shares its weights and names."""
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if isinstance(child, _BatchNorm):
                setattr(parent, name, SharedBatchNorm(child))


class SharedBatchNorm(_BatchNorm):
    """Statistics of the batches of all processes together, in the forward and backward pass."""

    def __init__(self, norm: _BatchNorm) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum)
        self.weight, self.bias = norm.weight, norm.bias
        self.running_mean, self.running_var = norm.running_mean, norm.running_var
        self.num_batches_tracked = norm.num_batches_tracked
        self.training = norm.training

    def _check_input_dim(self, input: Tensor) -> None:  # noqa: A002
        """Any [N, C, ...]."""

    def forward(self, features: Tensor) -> Tensor:
        """[N, C, ...] to the same shape and type."""
        if not self.training:
            return super().forward(features)
        x = features.float()
        shape = [1, -1] + [1] * (x.ndim - 2)
        others = [axis for axis in range(x.ndim) if axis != 1]
        count = _sum_over_processes(x.new_tensor([x.numel() / x.shape[1]]))
        mean = _sum_over_processes(x.sum(others)) / count
        x = x - mean.view(shape)
        variance = _sum_over_processes(x.square().sum(others)) / count
        self._estimate(mean, variance * count / (count - 1))
        scale = self.weight * (variance + self.eps).rsqrt()
        return (x * scale.view(shape) + self.bias.view(shape)).to(features.dtype)

    @torch.no_grad()
    def _estimate(self, mean: Tensor, variance: Tensor) -> None:
        running_mean, running_var = cast(Tensor, self.running_mean), cast(Tensor, self.running_var)
        cast(Tensor, self.num_batches_tracked).add_(1)
        running_mean.lerp_(mean, self.momentum or 0.0)
        running_var.lerp_(variance, self.momentum or 0.0)


class _SumOverProcesses(torch.autograd.Function):
    """A sum that every process uses: its gradient is the sum of all processes' gradients."""

    @staticmethod
    def forward(_context: Any, value: Tensor) -> Tensor:
        total = value.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(_context: Any, gradient: Tensor) -> Tensor:
        total = gradient.contiguous().clone()
        distributed.all_reduce(total)
        return total


def _sum_over_processes(value: Tensor) -> Tensor:
    return cast(Tensor, _SumOverProcesses.apply(value))
