"""Averaged weights: what is evaluated and kept instead of the last step's."""

from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel


def averaged_copy(network: nn.Module, decay: float) -> AveragedModel:
    """An exponential moving average of the weights and of batch norm's estimates.

    The decay rises to ``decay`` as (1 + t) / (10 + t) over t steps, so that a short training
    forgets its start.
    """

    @torch.no_grad()
    def update(means: Any, current: Any, _count: Any) -> None:
        # Not the count that is passed: on a GPU reading it waits for the work in flight.
        count = int(averaged.n_averaged)
        if means[0].is_floating_point():
            torch._foreach_lerp_(means, current, 1 - min(decay, (1 + count) / (10 + count)))
        else:
            torch._foreach_copy_(means, current)

    averaged = AveragedModel(network, multi_avg_fn=update, use_buffers=True)
    return averaged
