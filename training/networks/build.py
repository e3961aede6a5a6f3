"""From a config to a network, and from a trained network to the one that is exported."""

import copy
from typing import TypeVar

import torch

from training.ancestor import read_ancestor
from training.config import ModelConfig
from training.networks.backbone import backbone
from training.networks.heads import Head, folded, linear_head, mlp_head
from training.networks.inherit import inherit
from training.networks.network import ConvNet, Network
from training.networks.weights import find_weights, load_weights

N = TypeVar("N", bound=Network)


def build_model(config: ModelConfig, classes: int, size: int | None = None) -> ConvNet:
    """The network of ``config`` with ``classes`` outputs and a fresh head, or a grown one.

    ``size``: the side of its images in pixels, on which vision transformers depend; without one,
    that of their published weights. Raises `TrainingError` when ``config.weights`` cannot be loaded
    into its trunk, or the network of ``config.grow_from`` is another one.
    """
    return _build(config, classes, size, torch.device("cpu"))


def check_beginning(config: ModelConfig, size: int) -> None:
    """Raise what `build_model` would raise about the initial weights; only shapes are compared."""
    classes = len(read_ancestor(config.grow_from).labels) if config.grow_from else 1
    _build(config, classes, size, torch.device("meta"))


def exportable(network: N) -> N:
    """A copy on the CPU in evaluation mode, each head's BatchNorm folded and its Dropout
    removed."""
    exported = copy.deepcopy(network).cpu().eval()
    for part in tuple(exported.modules()):
        if isinstance(part, ConvNet):
            part.neck, part.head = folded(part.neck), folded(part.head)
    return exported


def _build(config: ModelConfig, classes: int, size: int | None, device: torch.device) -> ConvNet:
    beginning = None
    if config.weights != "none" and not config.grow_from:
        beginning = find_weights(config.name, config.weights)
    with device:
        base = backbone(config.name, classes, config.widths, size, beginning)
        head = _head(config, base.features, classes)
        model = base.with_head(head, mirror=config.mirror)
    if config.grow_from:
        inherit(model, read_ancestor(config.grow_from).weights(), config.grow_from)
    elif beginning is not None and not base.filled:
        load_weights(model, config.name, beginning)
    return model


def _head(config: ModelConfig, features: int, classes: int) -> Head:
    if config.head == "mlp":
        return mlp_head(features, config.hidden, classes, config.dropout)
    # Of the networks with a linear head, small_cnn alone has dropout before it.
    return linear_head(features, classes, config.dropout if config.name == "small_cnn" else 0.0)
