"""Heads: from features to logits, on the pooled ones or at every location of the map."""

import copy
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_linear_bn_eval


class Head(nn.Sequential):
    """Layers from features [N, F] to logits [N, C]."""

    def at_locations(self, features: Tensor) -> Tensor:
        """The head in evaluation mode, applied to each location of [N, F, h, w]: [N, C, h, w].

        A linear layer becomes a convolution of 1 x 1, as in class activation maps (Zhou et al.
        2016, arXiv:1512.04150).
        """
        for layer in self:
            if isinstance(layer, nn.Linear):
                features = functional.conv2d(features, layer.weight[:, :, None, None], layer.bias)
            elif isinstance(layer, nn.BatchNorm1d):
                features = functional.batch_norm(
                    features,
                    layer.running_mean,
                    layer.running_var,
                    layer.weight,
                    layer.bias,
                    eps=layer.eps,
                )
            elif isinstance(layer, nn.LayerNorm):
                features = layer(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
            elif not isinstance(layer, nn.Dropout):
                features = layer(features)
        return features


def linear_head(features: int, classes: int, dropout: float = 0.0) -> Head:
    """One linear layer, behind dropout where there is any."""
    linear = nn.Linear(features, classes)
    return Head(nn.Dropout(dropout), linear) if dropout else Head(linear)


def mlp_head(features: int, hidden: int, classes: int, dropout: float) -> Head:
    """BatchNorm - Linear - SiLU - Dropout - Linear."""
    return Head(
        nn.BatchNorm1d(features),
        nn.Linear(features, hidden),
        nn.SiLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, classes),
    )


def folded(head: Head) -> Head:
    """The same function in evaluation mode without BatchNorm and Dropout; shares no weights."""
    layers: list[nn.Module] = []
    for layer in copy.deepcopy(head):
        below = layers[-1] if layers else None
        if isinstance(layer, nn.BatchNorm1d) and isinstance(below, nn.Linear):
            layers[-1] = fuse_linear_bn_eval(below.eval(), layer.eval())
        elif isinstance(layer, nn.Linear) and isinstance(below, nn.BatchNorm1d):
            layers[-1] = _absorb(below, layer)
        elif not isinstance(layer, nn.Dropout):
            layers.append(layer)
    return Head(*layers).eval()


@torch.no_grad()
def _absorb(norm: nn.BatchNorm1d, linear: nn.Linear) -> nn.Linear:
    """``linear`` behind ``norm`` as one layer: W (s x + t) + b = (W s) x + (W t + b)."""
    weight, bias = linear.weight.double(), linear.bias.double()
    mean, variance = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
    scale = norm.weight.double() / (variance.double() + norm.eps).sqrt()
    bias = bias + weight @ (norm.bias.double() - mean.double() * scale)
    weight = weight * scale
    fused = nn.Linear(linear.in_features, linear.out_features)
    fused.weight.copy_(weight)
    fused.bias.copy_(bias)
    return fused
