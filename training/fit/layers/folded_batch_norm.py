"""Batch norm that is frozen, computed inside the convolution before it.

In evaluation mode a batch norm scales and shifts each channel, which weights and bias of the
convolution can do as well: features are then written and read once instead of twice, in the
backward pass too. The gradients are those of the weights, scales and shifts as they are, which
stay what is trained and kept.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from training.fit.layers.shared_batch_norm import SharedBatchNorm

_Pair = tuple[nn.Conv2d, _BatchNorm]

# Not subclasses of others: some of them do more.
_KINDS = (nn.BatchNorm2d, nn.SyncBatchNorm, SharedBatchNorm)

TOLERANCE = 1e-3
"""How far outputs may move, as a share of the largest: what other sums in float32 change."""


def fold_frozen_batch_norm(network: nn.Module, example: Tensor) -> int:
    """Let each convolution of ``network`` that a batch norm follows do its work in evaluation mode.
    How many do.

    Names and state stay as they are. Which follows which is seen in a pass of ``example``, and what
    the network then answers is compared with what it answered: a network whose forward pass uses
    the convolution's output elsewhere too is left as it was.
    """
    was_training = {module: module.training for module in network.modules()}
    network.eval()
    with torch.no_grad():
        pairs, before = _pairs(network, example)
        layers: dict[nn.Module, nn.Module] = {}
        for convolution, norm in pairs:
            layers[norm] = _changed(norm, _NormInConvolution)
            layers[convolution] = _changed(convolution, _NormalisingConvolution)
            vars(layers[convolution])["norm_behind"] = (layers[norm],)
        _replace(network, layers)
        after = cast(Tensor, network(example)) if pairs else before
    if not torch.allclose(after, before, rtol=0, atol=TOLERANCE * float(before.abs().max())):
        _replace(network, {new: old for old, new in layers.items()})
        pairs = []
    for module, training in was_training.items():
        layers.get(module, module).training = training
        module.training = training
    return len(pairs)


class _NormInConvolution(_BatchNorm):
    """A batch norm that in evaluation mode was applied already."""

    def forward(self, features: Tensor) -> Tensor:
        """[N, C, h, w] to the same shape."""
        return super().forward(features) if self.training else features


class _NormalisingConvolution(nn.Conv2d):
    """A convolution and, in evaluation mode, the batch norm behind it."""

    norm_behind: tuple[_BatchNorm]
    """In a tuple it is no submodule, so its weights keep their one name."""

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:  # noqa: A002
        """[N, C, h, w] to [N, D, h', w']."""
        (norm,) = self.norm_behind
        if not norm.training:
            mean, variance = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
            scale = norm.weight * (variance + norm.eps).rsqrt()
            shift = norm.bias - mean * scale
            weight = weight * scale[:, None, None, None]
            bias = shift if bias is None else torch.addcmul(shift, bias, scale)
        return cast(Tensor, super()._conv_forward(input, weight, bias))


def _changed(layer: nn.Module, behaviour: type[nn.Module]) -> nn.Module:
    """``layer`` with ``behaviour`` before its own, its weights the same objects."""
    name = f"{behaviour.__name__}{type(layer).__name__}"
    kind = cast(type[nn.Module], type(name, (behaviour, type(layer)), {}))
    new = kind.__new__(kind)
    vars(new).update(vars(layer))
    return new


def _pairs(network: nn.Module, example: Tensor) -> tuple[list[_Pair], Tensor]:
    """Convolutions and the batch norm that takes their output, and what ``network`` answers."""
    outputs: dict[int, tuple[nn.Conv2d, Tensor]] = {}
    calls: Counter[nn.Module] = Counter()
    found: list[_Pair] = []

    def convolved(layer: nn.Module, _inputs: Any, output: Tensor) -> None:
        calls[layer] += 1
        # Kept, so that no later tensor has its address.
        outputs[id(output)] = cast(nn.Conv2d, layer), output

    def normalised(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        calls[layer] += 1
        if id(inputs[0]) in outputs:
            found.append((outputs[id(inputs[0])][0], cast(_BatchNorm, layer)))

    with _hooks(network, convolved, normalised):
        answer = cast(Tensor, network(example))
    return [pair for pair in found if calls[pair[0]] == calls[pair[1]] == 1], answer


@contextmanager
def _hooks(network: nn.Module, convolved: Any, normalised: Any) -> Iterator[None]:
    handles = []
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            handles.append(layer.register_forward_hook(convolved))
        elif (
            isinstance(layer, _KINDS)
            and type(layer) in _KINDS
            and layer.affine
            and layer.track_running_stats
        ):
            handles.append(layer.register_forward_pre_hook(normalised))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _replace(network: nn.Module, layers: dict[nn.Module, nn.Module]) -> None:
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if child in layers:
                setattr(parent, name, layers[child])
