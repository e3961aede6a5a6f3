"""From a config to a network, and from a trained network to the one that is exported."""

import copy
from typing import TypeVar

import torch
from torch import nn

from training.ancestor import read_ancestor
from training.config import ModelConfig
from training.networks.heads import Head, folded, linear_head, mlp_head
from training.networks.inherit import inherit
from training.networks.network import IMAGENET, ConvNet, Network, Normalisation
from training.networks.trunks import small_cnn
from training.networks.trunks.residual_cnn import ResidualCnn
from training.networks.trunks.small_cnn import SmallCnn
from training.networks.trunks.zoo import PLANS, published_trunk
from training.networks.weights import find_weights, load_weights

N = TypeVar("N", bound=Network)


def build_model(config: ModelConfig, classes: int) -> ConvNet:
    """The network of ``config`` with ``classes`` outputs and a fresh head, or a grown one.

    Raises `TrainingError` when ``config.weights`` cannot be loaded into its trunk, or the network
    of ``config.grow_from`` is another one.
    """
    model = _network(config, classes)
    _fill(model, config)
    return model


def check_beginning(config: ModelConfig) -> None:
    """Raise what `build_model` would raise about the initial weights; only shapes are compared."""
    classes = len(read_ancestor(config.grow_from).labels) if config.grow_from else 1
    with torch.device("meta"):
        model = _network(config, classes)
    _fill(model, config)


def exportable(network: N) -> N:
    """A copy on the CPU in evaluation mode, each head's BatchNorm folded and its Dropout
    removed."""
    exported = copy.deepcopy(network).cpu().eval()
    for part in tuple(exported.modules()):
        if isinstance(part, ConvNet):
            part.head = folded(part.head)
    return exported


def _network(config: ModelConfig, classes: int) -> ConvNet:
    """With random weights."""
    trunk, features, normalisation = _trunk(config)
    head = _head(config, features, classes)
    return ConvNet(trunk, head, normalisation=normalisation, mirror=config.mirror)


def _fill(model: ConvNet, config: ModelConfig) -> None:
    if config.grow_from:
        inherit(model, read_ancestor(config.grow_from).weights(), config.grow_from)
    elif config.weights != "none":
        load_weights(model, config.name, find_weights(config.name, config.weights))


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
