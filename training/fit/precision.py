"""bfloat16 where it is faster."""

from contextlib import AbstractContextManager
from typing import Any, cast

import torch
from torch import Tensor, nn


def autocast(device: torch.device, enabled: bool) -> AbstractContextManager[Any]:
    """Compute in bfloat16 what is safe in it, where ``enabled``."""
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)


def has_bfloat16(device: torch.device) -> bool:
    """Whether ``device`` computes in bfloat16 at all. GPUs older than Ampere, such as the T4, only
    emulate it, far slower than float32."""
    if device.type != "cuda":
        return True
    return bool(torch.cuda.is_bf16_supported(including_emulation=False))


def keep_slow_layers_in_float32(network: nn.Module) -> None:
    """Exempt grouped convolutions from `autocast` while they are trained, except those of 3 x 3 and
    stride 1: only these have a fast kernel for the gradient in bfloat16 on a CPU.

    The others are faster in float32.
    """
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.Conv2d and child.groups > 1 and not _is_fast(child):
                setattr(parent, name, _Float32Conv2d(child))


def _is_fast(layer: nn.Conv2d) -> bool:
    return max(layer.stride) == 1 and max(layer.kernel_size) <= 3


class _Float32Conv2d(nn.Conv2d):
    """The convolution it is made of, under the same names and with the same weights."""

    def __init__(self, layer: nn.Conv2d) -> None:
        # The weights are copied with the rest of the state.
        nn.Module.__init__(self)
        vars(self).update(vars(layer))

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:  # noqa: A002
        """[N, C, h, w] to [N, D, h', w'], of the same type."""
        if not torch.is_grad_enabled() or not (input.requires_grad or weight.requires_grad):
            return cast(Tensor, super()._conv_forward(input, weight, bias))
        with torch.autocast(input.device.type, enabled=False):
            exact = cast(Tensor, super()._conv_forward(input.float(), weight, bias))
            return exact.to(input.dtype)
