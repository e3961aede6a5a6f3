"""whitened_cnn: for images of 32 px, on a first layer that needs no training.

After K. Jordan 2024, "94% on CIFAR-10 in 3.29 seconds on a single GPU" (arXiv:2404.00498): the
first convolution decorrelates patches of pixels, computed from the images before training starts.
"""

from collections import OrderedDict
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.networks.trunks.residual_cnn import ConvBlock, ResidualPair

SIDE = 2
"""Of a patch, in pixels."""
COMPONENTS = 3 * SIDE**2
FLATTEST = 5e-4
"""What is added to the variance of a component: those that hardly vary are not blown up."""


class WhitenedCnn(nn.Sequential):
    """A whitening stem, then stages as those of `ResidualCnn`: a convolution and a residual pair.

    Every stage but the last halves the resolution.
    """

    def __init__(self, widths: tuple[int, ...]) -> None:
        stages: OrderedDict[str, nn.Module] = OrderedDict(stem=WhiteningStem())
        for number, (inputs, width) in enumerate(pairwise((2 * COMPONENTS, *widths)), start=1):
            block = ConvBlock(inputs, width, pool=number < len(widths))
            stages[f"stage{number}"] = nn.Sequential(block, ResidualPair(width))
        super().__init__(stages)


class WhiteningStem(nn.Module):
    """Each component of a patch with both signs, cut off below zero; the shifts alone are trained.

    Without padding, so a map has one pixel less a side.
    """

    weight: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(2 * COMPONENTS))
        self.register_buffer("weight", _both_signs(torch.eye(COMPONENTS)))

    @torch.no_grad()
    def whiten(self, pixels: Tensor) -> None:
        """Set the weights by the patches of ``pixels``, normalised as the trunk takes them,
        [N, 3, H, W]."""
        patches = functional.unfold(pixels.double(), SIDE).transpose(1, 2).flatten(end_dim=1)
        values, vectors = torch.linalg.eigh(patches.T.cov())
        rows = vectors.T / (values + FLATTEST).sqrt()[:, None]
        self.weight.copy_(_both_signs(rows.float()))

    def forward(self, pixels: Tensor) -> Tensor:
        """[N, 3, H, W] to [N, 24, H - 1, W - 1]."""
        kind = pixels.device.type
        if not torch.is_autocast_enabled(kind):
            return functional.relu(functional.conv2d(pixels, self.weight, self.bias))
        # Differences of neighbouring pixels are what bfloat16 rounds away.
        with torch.autocast(kind, enabled=False):
            return functional.relu(functional.conv2d(pixels.float(), self.weight, self.bias))


def _both_signs(rows: Tensor) -> Tensor:
    """[12, 12] to the weights of a convolution, [24, 3, 2, 2]."""
    return torch.cat([rows, -rows]).reshape(2 * COMPONENTS, 3, SIDE, SIDE)
