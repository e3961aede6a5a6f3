"""Several trunks on the same images, as one trunk."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Part:
    """``trunk``: normalised [N, 3, H, W] to features [N, F, h, w]; ``mean`` and ``std``: of its
    pixels, [1, 3, 1, 1]; ``width``: F."""

    trunk: nn.Module
    mean: Tensor
    std: Tensor
    width: int


class SideBySide(nn.Sequential):
    """The maps of all trunks, which must have the same size, one behind the other on the channels.

    Each trunk normalises the pixels in its own way. As of any trunk, the children are its parts;
    here they do not follow each other.
    """

    def __init__(self, parts: Mapping[str, Part]) -> None:
        """``parts``: by the name of their network."""
        super().__init__()
        self.widths = tuple(part.width for part in parts.values())
        for name, part in parts.items():
            # Names of modules have no dots, names of networks may.
            self.add_module(re.sub(r"\W", "_", name), _Normalised(part))

    def forward(self, pixels: Tensor) -> Tensor:
        """[N, 3, H, W] in units of uint8 to [N, F, h, w]."""
        return torch.cat([trunk(pixels) for trunk in self.children()], dim=1)


class _Normalised(nn.Module):
    mean: Tensor
    std: Tensor

    def __init__(self, part: Part) -> None:
        super().__init__()
        self.trunk = part.trunk
        self.register_buffer("mean", part.mean)
        self.register_buffer("std", part.std)

    def forward(self, pixels: Tensor) -> Tensor:
        features: Tensor = self.trunk((pixels - self.mean) / self.std)
        return features
