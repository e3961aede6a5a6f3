"""A network of the kinds of layers that the plain one lacks."""

import torch
from torch import nn
from torchvision.ops.misc import SqueezeExcitation

from training.networks.heads import mlp_head
from training.networks.network import ConvNet
from training.networks.trunks.residual_cnn import ConvBlock

ODD_SIDE = 16


def odd_network() -> ConvNet:
    """Max pooling behind the first convolution, batch norm ahead of one, a depthwise one without
    bias, squeeze-and-excitation, SiLU, the mlp head; random weights that have seen images."""
    torch.manual_seed(1)
    trunk = nn.Sequential(
        ConvBlock(3, 8, pool=True),
        nn.Sequential(nn.BatchNorm2d(8), nn.ReLU()),
        nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False),
        SqueezeExcitation(8, 4),
        nn.Conv2d(8, 16, 1),
        nn.SiLU(),
    )
    network = ConvNet(trunk, mlp_head(16, 12, 3, dropout=0.4))
    network.train().logits(odd_images(64))
    return network.eval()


def odd_images(count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(count)
    size = (count, ODD_SIDE, ODD_SIDE, 3)
    return torch.randint(0, 256, size, dtype=torch.uint8, generator=generator)
