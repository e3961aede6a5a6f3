"""From a config to a network, and from a trained network to the one that is exported."""

import copy
from dataclasses import replace
from typing import TypeVar

import torch
from torch import nn

from training.ancestor import read_ancestor
from training.config import ModelConfig
from training.errors import TrainingError
from training.networks.heads import Head, folded, linear_head, mlp_head
from training.networks.inherit import inherit
from training.networks.network import AS_THEY_ARE, IMAGENET, ConvNet, Network, Normalisation
from training.networks.trunks import small_cnn
from training.networks.trunks.residual_cnn import ResidualCnn
from training.networks.trunks.side_by_side import Part, SideBySide
from training.networks.trunks.small_cnn import SmallCnn
from training.networks.trunks.zoo import PLANS, published_trunk
from training.networks.weights import find_weights, load_weights

N = TypeVar("N", bound=Network)


def build_model(config: ModelConfig, classes: int) -> ConvNet:
    """The network of ``config`` with ``classes`` outputs and a fresh head, or a grown one.

    Raises `TrainingError` when ``config.weights`` cannot be loaded into its trunk, or the network
    of ``config.grow_from`` is another one.
    """
    return _build(config, classes, torch.device("cpu"))


def check_beginning(config: ModelConfig, size: int) -> None:
    """Raise what `build_model` would raise about the initial weights; only shapes are compared.

    Networks side by side must also give maps of the same size for images of ``size`` pixels.
    """
    classes = len(read_ancestor(config.grow_from).labels) if config.grow_from else 1
    model = _build(config, classes, torch.device("meta"))
    if isinstance(model.trunk, SideBySide):
        _check_maps(model.trunk, config.name, size)


def exportable(network: N) -> N:
    """A copy on the CPU in evaluation mode, each head's BatchNorm folded and its Dropout
    removed."""
    exported = copy.deepcopy(network).cpu().eval()
    for part in tuple(exported.modules()):
        if isinstance(part, ConvNet):
            part.head = folded(part.head)
    return exported


def _build(config: ModelConfig, classes: int, device: torch.device) -> ConvNet:
    if len(config.parts) > 1:
        model = _side_by_side(config, classes, device)
    else:
        with device:
            model = _network(config, classes)
    if config.grow_from:
        inherit(model, read_ancestor(config.grow_from).weights(), config.grow_from)
    elif len(config.parts) == 1 and config.weights != "none":
        load_weights(model, config.name, find_weights(config.name, config.weights))
    return model


def _side_by_side(config: ModelConfig, classes: int, device: torch.device) -> ConvNet:
    """The trunks of all parts of ``config`` below one linear head."""
    parts = {}
    for part in config.parts:
        weights = "none" if config.grow_from else part.weights
        alone = _build(replace(part, weights=weights, grow_from=""), 1, device)
        parts[part.name] = Part(alone.trunk, alone.mean, alone.std, *alone.widths)
    with device:
        trunk = SideBySide(parts)
        head = _head(config, sum(trunk.widths), classes)
        return ConvNet(trunk, head, normalisation=AS_THEY_ARE, mirror=config.mirror)


def _check_maps(trunk: SideBySide, names: str, size: int) -> None:
    pixels = torch.zeros(1, 3, size, size, device="meta")
    maps = [part.eval()(pixels).shape[2:] for part in trunk.children()]
    if len(set(maps)) > 1:
        sides = ", ".join(f"{height} x {width}" for height, width in maps)
        raise TrainingError(
            f"{names}: their maps of images of {size} px differ in size ({sides}), so they cannot "
            "stand side by side; take networks that scale alike, or another input.size."
        )


def _network(config: ModelConfig, classes: int) -> ConvNet:
    """With random weights."""
    trunk, features, normalisation = _trunk(config)
    head = _head(config, features, classes)
    return ConvNet(trunk, head, normalisation=normalisation, mirror=config.mirror)


def _trunk(config: ModelConfig) -> tuple[nn.Sequential, int, Normalisation]:
    """The trunk, the channels of its map, and the pixels that it takes."""
    if config.name == "residual_cnn":
        return ResidualCnn(config.widths), config.widths[-1], IMAGENET
    if config.name == "small_cnn":
        return SmallCnn(), small_cnn.FEATURES, IMAGENET
    plan = PLANS[config.name]
    return published_trunk(config.name), plan.features, plan.normalisation


def _head(config: ModelConfig, features: int, classes: int) -> Head:
    if config.head == "mlp":
        return mlp_head(features, config.hidden, classes, config.dropout)
    # Of the networks with a linear head, small_cnn alone has dropout before it.
    return linear_head(features, classes, config.dropout if config.name == "small_cnn" else 0.0)
