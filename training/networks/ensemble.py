"""Several networks that answer together."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.networks.network import ConvNet, Network, Output


class Ensemble(Network):
    """The average of several networks' logits, as one network. The embedding is the concatenation
    of theirs. Their activation maps are scaled to the size of the finest and averaged like the
    logits.
    """

    def __init__(self, members: Sequence[ConvNet]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, image: Tensor) -> Output:
        """``image``: a batch of uint8 RGB images [N, H, W, 3], of the same size for all."""
        outputs: list[Output] = [member(image) for member in self.members]
        finest = max((output.cam.shape[2:] for output in outputs), key=lambda shape: shape[0])
        return Output(
            torch.stack([output.logits for output in outputs]).mean(dim=0),
            torch.cat([output.embedding for output in outputs], dim=1),
            torch.stack([_scaled(output.cam, finest) for output in outputs]).mean(dim=0),
        )


def _scaled(cam: Tensor, size: torch.Size) -> Tensor:
    """[N, C, h, w] to the height and width of ``size``."""
    if cam.shape[2:] == size:
        return cam
    return functional.interpolate(cam, size=tuple(size), mode="bilinear", align_corners=False)
