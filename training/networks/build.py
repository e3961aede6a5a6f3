"""From a config to a network, and from a trained network to the one that is exported."""

import copy
from typing import TypeVar

import torch

from training.ancestor import read_ancestor
from training.config import ModelConfig
from training.errors import TrainingError
from training.networks.backbone import backbone
from training.networks.heads import Head, folded, linear_head, mlp_head
from training.networks.inherit import inherit
from training.networks.kept_weights import read_weights
from training.networks.network import AS_THEY_ARE, ConvNet, Network
from training.networks.side_by_side import Part, SideBySide
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
    """Raise what `build_model` would raise about the initial weights; only shapes are compared.

    Networks side by side must also give maps of the same size for images of ``size`` pixels.
    """
    classes = len(read_ancestor(config.grow_from).labels) if config.grow_from else 1
    model = _build(config, classes, size, torch.device("meta"))
    if isinstance(model.trunk, SideBySide):
        _check_maps(model.trunk, config.name, size)


def exportable(network: N) -> N:
    """A copy on the CPU in evaluation mode, each head's BatchNorm folded and its Dropout
    removed."""
    exported = copy.deepcopy(network).cpu().eval()
    for part in tuple(exported.modules()):
        if isinstance(part, ConvNet):
            part.neck, part.head = folded(part.neck), folded(part.head)
    return exported


def _build(config: ModelConfig, classes: int, size: int | None, device: torch.device) -> ConvNet:
    several = len(config.parts) > 1
    model = (_side_by_side if several else _alone)(config, classes, size, device)
    if config.grow_from:
        weights = read_weights(read_ancestor(config.grow_from))
        inherit(model, weights, config.grow_from)
    return model


def _alone(config: ModelConfig, classes: int, size: int | None, device: torch.device) -> ConvNet:
    beginning = None
    if config.weights != "none" and not config.grow_from:
        beginning = find_weights(config.name, config.weights)
    with device:
        base = backbone(config.name, classes, config.widths, size, beginning)
        head = _head(config, base.features, classes)
        model = base.with_head(head, mirror=config.mirror)
    if beginning is not None and not base.filled:
        load_weights(model, config.name, beginning)
    return model


def _side_by_side(
    config: ModelConfig, classes: int, size: int | None, device: torch.device
) -> ConvNet:
    """The trunks of all parts of ``config`` below one head."""
    parts = {}
    for part in config.parts:
        alone = _alone(part, 1, size, device)
        if len(alone.neck):
            raise TrainingError(
                f"{part.name} has pretrained layers behind its pooling and cannot stand side by "
                "side with another network; take one without."
            )
        parts[part.name] = Part(alone.trunk, alone.mean, alone.std, *alone.widths)
    with device:
        trunk = SideBySide(parts)
        head = _head(config, sum(trunk.widths), classes)
        return ConvNet(trunk, head, normalisation=AS_THEY_ARE, mirror=config.mirror)


def _check_maps(trunk: SideBySide, names: str, size: int) -> None:
    trunk.to("meta")
    pixels = torch.zeros(1, 3, size, size, device="meta")
    maps = [part.eval()(pixels).shape[2:] for part in trunk.children()]
    if len(set(maps)) > 1:
        sides = ", ".join(f"{height} x {width}" for height, width in maps)
        raise TrainingError(
            f"{names}: their maps of images of {size} px differ in size ({sides}), so they cannot "
            "stand side by side; take networks that scale alike, or another input.size."
        )


def _head(config: ModelConfig, features: int, classes: int) -> Head:
    if config.head == "mlp":
        return mlp_head(features, config.hidden, classes, config.dropout)
    # Of the networks with a linear head, small_cnn alone has dropout before it.
    return linear_head(features, classes, config.dropout if config.name == "small_cnn" else 0.0)
