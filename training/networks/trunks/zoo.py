"""Published networks as trunks: their convolutional part, cut into named stages.

What torchvision puts behind the last feature map stays out: `ConvNet` has its own pooling and head.
In two of them that drops more than the 1000 outputs: of VGG16 the 120 million weights of its hidden
layers, of MobileNetV3 a layer 960 -> 1280 with Hardswish. The latter works on pooled features, so
no activation map could be computed ahead of it; the embedding is 960 wide.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from torch import nn
from torchvision.models import get_model, vgg

from training.networks.network import IMAGENET, Normalisation
from training.networks.trunks.efficientnet_lite0 import FEATURES, efficientnet_lite0


@dataclass(frozen=True)
class Plan:
    """How to cut one network."""

    features: int
    """Channels of the last feature map."""
    stages: Mapping[str, tuple[str, ...]]
    """From the pixels up: name of a stage to the published modules that it is made of."""
    head: str | None
    """The published linear layer on pooled features; None where there are several layers."""
    normalisation: Normalisation = IMAGENET


def published_trunk(name: str) -> nn.Sequential:
    """The trunk of one of `PLANS` with random initial weights.

    A stage of one module is that module; a stage of several holds them under their own last name.
    """
    network = _LAYERS[name]() if name in _LAYERS else get_model(name)
    trunk = nn.Sequential()
    for stage, paths in PLANS[name].stages.items():
        modules = [network.get_submodule(path) for path in paths]
        named = OrderedDict(zip(map(_last, paths), modules, strict=True))
        trunk.add_module(stage, modules[0] if len(modules) == 1 else nn.Sequential(named))
    if name == "densenet121":
        # In torchvision it is a function call behind the features.
        trunk.get_submodule("block4").add_module("relu5", nn.ReLU())
    return trunk


def published_key(name: str, key: str) -> str:
    """What published files call the entry ``key`` of the state dict of `published_trunk`."""
    stage, _, rest = key.partition(".")
    first, *others = PLANS[name].stages[stage]
    if not others:
        return f"{first}.{rest}"
    parent = first.removesuffix(_last(first))
    return parent + rest


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _vgg16() -> nn.ModuleDict:
    """The convolutions alone: building the head takes most of a second for weights that are
    dropped."""
    layers: nn.Sequential = vgg.make_layers(vgg.cfgs["D"])
    for layer in layers:
        if isinstance(layer, nn.Conv2d) and layer.bias is not None:
            # As torchvision's own constructor does it.
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    return nn.ModuleDict({"features": layers})


# Of the others torchvision builds the whole network.
_LAYERS: Mapping[str, Callable[[], nn.Module]] = {
    "vgg16": _vgg16,
    "efficientnet_lite0": efficientnet_lite0,
}


def _cut(layers: str, names: tuple[str, ...], *bounds: int) -> dict[str, tuple[str, ...]]:
    """Stages of consecutive ``<layers>.<i>``; each bound but the last is where one begins."""
    return {
        name: tuple(f"{layers}.{i}" for i in range(begin, end))
        for name, (begin, end) in zip(names, pairwise(bounds), strict=True)
    }


def _stages(count: int) -> tuple[str, ...]:
    """Of a mobile network: all blocks of one width are one stage."""
    return tuple(f"stage{i + 1}" for i in range(count))


def _features(blocks: int, *bounds: int) -> dict[str, tuple[str, ...]]:
    """Of a mobile network of torchvision."""
    return _cut("features", ("stem", *_stages(blocks), "top"), *bounds)


_RESNET = {
    "stem": ("conv1", "bn1", "relu", "maxpool"),
    **{f"layer{i}": (f"layer{i}",) for i in (1, 2, 3, 4)},
}
_DENSENET = {
    "stem": tuple(f"features.{layer}" for layer in ("conv0", "norm0", "relu0", "pool0")),
    **{f"block{i}": (f"features.denseblock{i}", f"features.transition{i}") for i in (1, 2, 3)},
    "block4": ("features.denseblock4", "features.norm5"),
}
_VGG16 = _cut("features", tuple(f"block{i}" for i in range(1, 6)), 0, 5, 10, 17, 24, 31)
_LITE0 = {
    "stem": ("_conv_stem", "_bn0", "_relu0"),
    **_cut("_blocks", _stages(7), 0, 1, 3, 5, 8, 11, 15, 16),
    "top": ("_conv_head", "_bn1", "_relu1"),
}
# The package's weights expect pixels of (x - 127) / 128.
_LITE0_PIXELS = Normalisation((127.0, 127.0, 127.0), (128.0, 128.0, 128.0))

PLANS = {
    "resnet18": Plan(512, _RESNET, "fc"),
    "resnet34": Plan(512, _RESNET, "fc"),
    "resnet50": Plan(2048, _RESNET, "fc"),
    "vgg16": Plan(512, _VGG16, None),
    "efficientnet_b0": Plan(1280, _features(7, *range(10)), "classifier.1"),
    "efficientnet_lite0": Plan(FEATURES, _LITE0, "_fc", _LITE0_PIXELS),
    "densenet121": Plan(1024, _DENSENET, "classifier"),
    "mobilenet_v2": Plan(1280, _features(7, 0, 1, 2, 4, 7, 11, 14, 17, 18, 19), "classifier.1"),
    "mobilenet_v3_large": Plan(960, _features(6, 0, 1, 2, 4, 7, 11, 13, 16, 17), None),
}
