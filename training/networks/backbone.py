"""Everything of a network below its head, from whichever source knows it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from training.config import TIMM
from training.networks.heads import Head
from training.networks.network import IMAGENET, ConvNet, Normalisation
from training.networks.trunks import small_cnn
from training.networks.trunks.residual_cnn import ResidualCnn
from training.networks.trunks.small_cnn import SmallCnn
from training.networks.trunks.whitened_cnn import WhitenedCnn
from training.networks.trunks.zoo import PLANS, published_trunk
from training.networks.weights import Weights, fill, require_timm


@dataclass(frozen=True)
class Backbone:
    """The parts of a `ConvNet` below its head."""

    trunk: nn.Sequential
    features: int
    """The width of the embedding."""
    normalisation: Normalisation = IMAGENET
    neck: Head | None = None
    classifier: nn.Linear | None = None
    """The published layer on the embedding, where the source builds it too."""
    filled: bool = False
    """Whether the given weights are in it already."""

    def with_head(self, head: Head, *, mirror: bool = False) -> ConvNet:
        return ConvNet(
            self.trunk, head, neck=self.neck, normalisation=self.normalisation, mirror=mirror
        )


def backbone(
    name: str,
    classes: int,
    widths: Sequence[int] = (),
    size: int | None = None,
    weights: Weights | None = None,
    *,
    published_head: bool = False,
) -> Backbone:
    """That of the network ``name`` with random weights. timm's is filled with ``weights`` under
    timm's names, and with ``published_head`` its classifier too.

    ``widths``: of residual_cnn and whitened_cnn. ``size``: of the images, in pixels. Raises
    `TrainingError` where a network of timm cannot be had, or ``weights`` are not its own.
    """
    if name.startswith(TIMM):
        # On the CPU in any case: the cut is checked by running it.
        with torch.device("cpu"):
            return _of_timm(name, classes, size, weights, published_head)
    if name == "residual_cnn":
        return Backbone(ResidualCnn(tuple(widths)), widths[-1])
    if name == "whitened_cnn":
        return Backbone(WhitenedCnn(tuple(widths)), widths[-1])
    if name == "small_cnn":
        return Backbone(SmallCnn(), small_cnn.FEATURES)
    plan = PLANS[name]
    return Backbone(published_trunk(name), plan.features, plan.normalisation)


def _of_timm(
    name: str, classes: int, size: int | None, weights: Weights | None, published_head: bool
) -> Backbone:
    require_timm()
    from training.networks.trunks import timm_networks  # noqa: PLC0415

    network = timm_networks.create(name.removeprefix(TIMM), classes)
    filled = weights is not None and not weights.ours
    if weights is not None and filled:
        left_out = () if published_head else timm_networks.classifier_keys(network)
        slots = {
            key: slot for key, slot in network.state_dict().items() if not key.startswith(left_out)
        }
        fill(slots, name, weights, left_out)
    parts = timm_networks.cut(network, name.removeprefix(TIMM), size)
    return Backbone(
        trunk=parts.trunk,
        features=parts.classifier.in_features,
        normalisation=parts.normalisation,
        neck=parts.neck,
        classifier=parts.classifier,
        filled=filled,
    )
