"""Which optimizer moves which weight, and how fast."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.optim import Optimizer

from training.config import OptimizerConfig
from training.fit.optim.muon import Muon
from visionflow.errors import ConfigError


@dataclass(frozen=True)
class Part:
    """Part of a network and the share of the learning rate it is trained with."""

    module: nn.Module
    rate: float = 1.0


def make_optimizers(parts: Sequence[Part], config: OptimizerConfig) -> tuple[Optimizer, ...]:
    """The optimizers of ``config`` for the weights of ``parts``, the last one with the head's.

    A weight that is frozen has no gradient and does not move, whatever its group.
    Raises `ConfigError` where Muon finds nothing it can train.
    """
    if config.name == "muon":
        return _muon(parts, config)
    groups = [group for part in parts for group in _groups(part, part.module.parameters(), config)]
    if config.name == "sgd":
        return (_sgd(groups, config),)
    kind = torch.optim.AdamW if config.name == "adamw" else torch.optim.Adam
    return (kind(groups, lr=config.learning_rate, fused=True),)


def _muon(parts: Sequence[Part], config: OptimizerConfig) -> tuple[Optimizer, ...]:
    """Muon for convolutions whose scale a batch norm takes out, SGD for the rest."""
    orthogonal: list[dict[str, object]] = []
    rest: list[dict[str, object]] = []
    for part in parts:
        convolutions = [
            layer.weight
            for layer in part.module.modules()
            # A convolution without a bias is one that a batch norm follows.
            if isinstance(layer, nn.Conv2d) and layer.bias is None
        ]
        if convolutions:
            rate = config.muon_learning_rate * part.rate
            orthogonal.append({"params": convolutions, "lr": rate})
        taken = set(map(id, convolutions))
        others = [weight for weight in part.module.parameters() if id(weight) not in taken]
        rest += _groups(part, others, config)
    if not orthogonal:
        raise ConfigError(
            "config: optimizer muon needs convolutions that are followed by batch norm, and this "
            "network trains none; choose sgd or adamw."
        )
    muon = Muon(orthogonal, config.muon_learning_rate, config.muon_momentum)
    return muon, _sgd(rest, config)


def _sgd(groups: list[dict[str, object]], config: OptimizerConfig) -> Optimizer:
    return torch.optim.SGD(
        groups,
        lr=config.learning_rate,
        momentum=config.momentum,
        nesterov=config.momentum > 0,
        fused=True,
    )


def _groups(
    part: Part, weights: Iterable[nn.Parameter], config: OptimizerConfig
) -> list[dict[str, object]]:
    """Matrices and kernels decay; scales, shifts and biases do not: decay would cost accuracy and
    regularise nothing."""
    matrices: list[nn.Parameter] = []
    vectors: list[nn.Parameter] = []
    for weight in weights:
        (matrices if weight.ndim >= 2 else vectors).append(weight)
    rate = config.learning_rate * part.rate
    decays = ((matrices, config.weight_decay), (vectors, 0.0))
    return [{"params": p, "lr": rate, "weight_decay": decay} for p, decay in decays if p]
