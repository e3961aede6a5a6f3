"""residual_cnn: the fast network for images of 32 px."""

from collections import OrderedDict
from itertools import pairwise

from torch import Tensor, nn


class ResidualCnn(nn.Sequential):
    """A narrow ResNet-9 for 32 px: a stem, then stages of a convolution and a residual pair.

    Every stage but the last halves the resolution. The last keeps it, so that the activation map of
    three stages is 8 x 8 and not 4 x 4.
    """

    def __init__(self, widths: tuple[int, ...]) -> None:
        stages: OrderedDict[str, nn.Module] = OrderedDict(stem=ConvBlock(3, widths[0]))
        for number, (inputs, width) in enumerate(pairwise(widths), start=1):
            halved = number < len(widths) - 1
            block = ConvBlock(inputs, width, pool=halved)
            stages[f"stage{number}"] = nn.Sequential(block, ResidualPair(width))
        super().__init__(stages)


class ConvBlock(nn.Sequential):
    """3 x 3 convolution, batch norm, ReLU, optional 2 x 2 max pooling.

    Batch norm follows the convolution directly, ahead of the pooling, because only then can it be
    folded into the convolution's weights for int8.
    """

    def __init__(self, inputs: int, outputs: int, *, pool: bool = False) -> None:
        layers: list[nn.Module] = [
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        ]
        if pool:
            layers.append(nn.MaxPool2d(2))
        super().__init__(*layers)


class ResidualPair(nn.Module):
    """Two `ConvBlock`s with a shortcut around them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(ConvBlock(channels, channels), ConvBlock(channels, channels))

    def forward(self, features: Tensor) -> Tensor:
        """[N, C, h, w] to the same shape."""
        out: Tensor = features + self.blocks(features)
        return out
