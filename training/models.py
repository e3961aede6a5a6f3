"""Networks that take the serving tensor and return what the artifact's graph must return."""

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.config import ModelConfig

# Per-channel mean and standard deviation of ImageNet, in units of uint8: the field's convention,
# close enough for any photographs, and what pretrained weights expect.
PIXEL_MEAN = (123.675, 116.28, 103.53)
PIXEL_STD = (58.395, 57.12, 57.375)


class Output(NamedTuple):
    """For a batch of N: what the ONNX graph returns, under these names."""

    logits: Tensor
    """[N, C]"""
    embedding: Tensor
    """[N, F], the pooled features."""
    cam: Tensor
    """[N, C, h, w], the head applied at every location; its mean over h, w is ``logits``."""


class Classifier(nn.Module):
    """A convolutional trunk, global average pooling and a linear head.

    Normalisation and the change of layout are part of the network, so they cannot differ between
    training and serving.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, trunk: nn.Module, features: int, classes: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = nn.Linear(features, classes)
        self.register_buffer("mean", torch.tensor(PIXEL_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(PIXEL_STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, image: Tensor) -> Output:
        """``image``: uint8 RGB [N, H, W, 3]."""
        # Without contiguous() torch.export ties the batch size to the strides of the example.
        pixels = image.permute(0, 3, 1, 2).contiguous().float()
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        features = self.trunk((pixels - self.mean) / self.std)
        embedding = features.mean(dim=(2, 3))
        cam = functional.conv2d(features, self.head.weight[:, :, None, None], self.head.bias)
        return Output(self.head(embedding), embedding, cam)


class ResidualCnn(nn.Sequential):
    """A narrow ResNet-9 for 32 px: a stem, then stages of a convolution and a residual pair.

    Every stage but the last halves the resolution. The last keeps it, so that the activation map of
    three stages is 8 x 8 and not 4 x 4.
    """

    def __init__(self, widths: tuple[int, ...]) -> None:
        layers: list[nn.Module] = [ConvBlock(3, widths[0])]
        *halving, (previous, last) = pairwise(widths)
        for inputs, width in halving:
            layers += [ConvBlock(inputs, width, pool=True), ResidualPair(width)]
        super().__init__(*layers, ConvBlock(previous, last), ResidualPair(last))


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


def build_model(config: ModelConfig, classes: int) -> Classifier:
    """The network of ``config`` with fresh weights and ``classes`` outputs."""
    return Classifier(ResidualCnn(config.widths), config.widths[-1], classes)
