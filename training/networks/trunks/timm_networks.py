"""Networks of the package timm, cut into trunk, neck and classifier. The package is optional, so
this module is imported where one of its networks is asked for, and nowhere else.

timm states where the stages of a network end (its feature info), and every network is run once as
a whole and once cut: what does not give the same logits is refused.
"""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, cast

import timm
import torch
from timm.layers.norm_act import BatchNormAct2d
from timm.models import VisionTransformer
from torch import Tensor, nn

from training.errors import TrainingError
from training.networks.heads import Head
from training.networks.network import Normalisation

_ACTIVATIONS = ("torch.nn.modules.activation", "timm.layers.activations")
_NOTHING_IN_EVALUATION = (nn.Identity, nn.Dropout, nn.Flatten)


@dataclass(frozen=True)
class Cut:
    """The parts of one network; they share its weights."""

    trunk: nn.Sequential
    neck: Head
    """What lies between the pooling and the classifier."""
    classifier: nn.Linear
    normalisation: Normalisation


def create(name: str, classes: int) -> nn.Module:
    """timm's network ``name`` (without ``timm:``) with random weights.

    Raises `TrainingError` for a name that timm does not know.
    """
    _require_known(name)
    return timm.create_model(name, num_classes=classes)


def published_side(name: str) -> int | None:
    """The side in pixels of the images that the published weights of ``name`` were trained on,
    where timm knows it. Raises `TrainingError` for a name that timm does not know."""
    _require_known(name)
    found = timm.get_pretrained_cfg(name)
    return int(found.input_size[-1]) if found else None


def download(name: str) -> Mapping[str, Tensor]:
    """The state dict of the weights that timm publishes for ``name``, from its cache or the
    network. Raises `TrainingError` where there are none or the hub is out of reach."""
    _require_known(name)
    if not _published(name):
        raise TrainingError(
            f"timm publishes no weights of {name}: set model.weights to a file, or to none and "
            "take the recipe scratch."
        )
    try:
        network = timm.create_model(name, pretrained=True)
    # The clients of the hub raise OSError, RuntimeError, and types of their own below these.
    except (OSError, RuntimeError, ValueError) as error:
        raise TrainingError(
            f"The weights of timm:{name} could not be downloaded ({_line(error)}): get its "
            "model.safetensors by other means and set model.weights to that file."
        ) from error
    return network.state_dict()


def classifier_keys(network: nn.Module) -> tuple[str, ...]:
    """How the entries of its classifier begin in a state dict."""
    names = cast(Mapping[str, Any], network.pretrained_cfg)["classifier"]
    return tuple(f"{name}." for name in ([names] if isinstance(names, str) else names))


@torch.no_grad()
def cut(network: nn.Module, name: str, size: int | None) -> Cut:
    """The parts of ``network``, which `create` made, for square images of ``size`` pixels; without
    one, of the size that its published weights were trained on.

    Raises `TrainingError` where it has no part that an activation map could be made of.
    """
    described = cast(Mapping[str, Any], network.pretrained_cfg)
    side = size or int(described["input_size"][-1])
    classifier = cast(Any, network).get_classifier()
    if not isinstance(classifier, nn.Linear):
        raise _unlike(name, "its classifier is not one linear layer")
    if isinstance(network, VisionTransformer):
        _set_size(network, name, side)
    pixels = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(0))
    whole = network.eval()(pixels)
    _separate_activations(network)
    if isinstance(network, VisionTransformer):
        trunk, neck = _transformer(network, name)
    else:
        trunk, neck = _convolutional(network, name, classifier)
    mean, std = (_times_255(described[key]) for key in ("mean", "std"))
    parts = Cut(trunk, neck, classifier, Normalisation(mean, std))
    _require_same_answers(parts, pixels, whole, name)
    return parts


def _convolutional(
    network: nn.Module, name: str, classifier: nn.Linear
) -> tuple[nn.Sequential, Head]:
    children = list(network.named_children())
    names = [child for child, _ in children]
    ends = [stage["module"] for stage in getattr(network, "feature_info", ())]
    if "global_pool" in names:
        pooling = names.index("global_pool")
        below, above = children[:pooling], children[pooling + 1 :]
    elif "head" in names:
        below = children[: names.index("head")]
        head = list(cast(nn.Module, network.head).named_children())
        inner = [child for child, _ in head]
        if "global_pool" not in inner:
            raise _unlike(name, "it has no global pooling")
        pooling = inner.index("global_pool")
        below += [(f"head.{child}", module) for child, module in head[:pooling]]
        above = head[pooling + 1 :]
    else:
        raise _unlike(name, "it has no global pooling")
    leaves = (leaf for _, child in above for leaf in _leaves(child))
    between = takewhile(lambda leaf: leaf is not classifier, leaves)
    neck = Head(*(layer for leaf in between for layer in _on_vectors(leaf, name)))
    return _stages(below, ends), neck


def _stages(layers: list[tuple[str, nn.Module]], ends: list[str]) -> nn.Sequential:
    """The layers in their order, a new stage behind each module of ``ends``."""
    trunk = nn.Sequential()
    stage = nn.Sequential()
    for path, layer in _opened(layers, ends):
        stage.add_module(path.replace(".", "_"), layer)
        if path in ends:
            trunk.add_module(f"stage{len(trunk) + 1}", stage)
            stage = nn.Sequential()
    if not all(isinstance(layer, nn.Identity) for layer in stage):
        trunk.add_module("top", stage)
    return trunk


def _opened(
    layers: list[tuple[str, nn.Module]], ends: list[str]
) -> Iterator[tuple[str, nn.Module]]:
    """``layers``, and the children of a container in whose middle a stage ends."""
    for path, layer in layers:
        if any(end.startswith(f"{path}.") for end in ends):
            yield from ((f"{path}.{name}", child) for name, child in layer.named_children())
        else:
            yield path, layer


def _leaves(module: nn.Module) -> Iterator[nn.Module]:
    if isinstance(module, nn.Sequential):
        for child in module:
            yield from _leaves(child)
    else:
        yield module


def _on_vectors(layer: nn.Module, name: str) -> Iterator[nn.Module]:
    """``layer`` of a neck, which may be written for maps of 1 x 1, for pooled features [N, F]."""
    if isinstance(layer, _NOTHING_IN_EVALUATION):
        return
    if isinstance(layer, nn.LayerNorm):
        norm = nn.LayerNorm(layer.normalized_shape, layer.eps)
        norm.load_state_dict(layer.state_dict())
        yield norm
    elif isinstance(layer, nn.BatchNorm2d):
        batch_norm = nn.BatchNorm1d(layer.num_features, layer.eps, layer.momentum)
        batch_norm.load_state_dict(layer.state_dict(), strict=False)
        yield batch_norm
    elif isinstance(layer, nn.Conv2d) and layer.kernel_size == (1, 1) and layer.groups == 1:
        linear = nn.Linear(layer.in_channels, layer.out_channels)
        linear.weight.copy_(layer.weight.flatten(1))
        nn.init.zeros_(linear.bias) if layer.bias is None else linear.bias.copy_(layer.bias)
        yield linear
    elif isinstance(layer, nn.Linear) or type(layer).__module__ in _ACTIVATIONS:
        yield layer
    else:
        raise _unlike(name, f"its head has a {type(layer).__name__}")


def _separate_activations(network: nn.Module) -> None:
    """Take apart timm's batch norms with an activation: what folds batch norms into convolutions,
    or spreads them over processes, would lose it."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, BatchNormAct2d):
                norm = nn.BatchNorm2d(child.num_features, child.eps, child.momentum)
                norm.load_state_dict(child.state_dict())
                setattr(parent, name, nn.Sequential(norm, child.act).eval())


def _set_size(network: VisionTransformer, name: str, side: int) -> None:
    patch = network.patch_embed.patch_size[0]
    if side % patch:
        raise TrainingError(
            f"timm:{name} takes patches of {patch} px, which do not divide {side} px: set "
            "input.size to a multiple."
        )
    network.set_input_size((side, side))


def _transformer(network: VisionTransformer, name: str) -> tuple[nn.Sequential, Head]:
    trunk = nn.Sequential()
    trunk.add_module("stem", _TokenStem(network))
    for number, block in enumerate(network.blocks, start=1):
        trunk.add_module(f"block{number}", block)
    trunk.add_module("top", nn.Sequential(network.norm, _TokenMap(network)))
    return trunk, Head(*_on_vectors(network.fc_norm, name))


class _TokenStem(nn.Module):
    """Normalised [N, 3, H, W] to tokens [N, T, D]: the class token and registers, where there are
    any, then the patches in their order; with their positions."""

    def __init__(self, network: VisionTransformer) -> None:
        super().__init__()
        self.patch_embed = network.patch_embed
        self.norm_pre = network.norm_pre
        self.cls_token = network.cls_token
        self.reg_token = network.reg_token
        self.pos_embed = network.pos_embed
        self._patches_alone_have_positions = network.no_embed_class

    def forward(self, pixels: Tensor) -> Tensor:
        patches: Tensor = self.patch_embed(pixels)
        if patches.ndim == 4:
            patches = patches.flatten(1, 2)
        first = [
            token.expand(patches.shape[0], -1, -1)
            for token in (self.cls_token, self.reg_token)
            if token is not None
        ]
        if self.pos_embed is None:
            tokens = torch.cat([*first, patches], dim=1)
        elif self._patches_alone_have_positions:
            tokens = torch.cat([*first, patches + self.pos_embed], dim=1)
        else:
            tokens = torch.cat([*first, patches], dim=1) + self.pos_embed
        normed: Tensor = self.norm_pre(tokens)
        return normed


class _TokenMap(nn.Module):
    """Tokens [N, T, D] to a map [N, D, h, w] whose mean is what the classifier was trained on.

    Where that is the class token, each patch is moved by the difference between it and the mean of
    the patches: the answers stay those of the published network, and the map tells the patches
    apart as they are.
    """

    def __init__(self, network: VisionTransformer) -> None:
        super().__init__()
        self._grid = tuple(network.patch_embed.grid_size)
        self._first = network.num_prefix_tokens
        self._by_class_token = network.global_pool == "token"

    def forward(self, tokens: Tensor) -> Tensor:
        patches = tokens[:, self._first :]
        if self._by_class_token:
            patches = patches + (tokens[:, :1] - patches.mean(dim=1, keepdim=True))
        maps: Tensor = patches.transpose(1, 2).unflatten(2, self._grid)
        return maps


def _require_known(name: str) -> None:
    architecture, dot, _ = name.partition(".")
    if not timm.is_model(architecture):
        close = difflib.get_close_matches(architecture, timm.list_models(), n=5)
        names = f"close names: {', '.join(close)}" if close else "timm.list_models() names all"
        raise TrainingError(f"timm has no network {architecture!r:.80}; {names}.")
    tagged = _published(name)
    if dot and name not in tagged:
        raise TrainingError(
            f"timm has no weights {name!r:.80}; of this network it has "
            f"{', '.join(tagged) or 'none'}."
        )


def _published(name: str) -> list[str]:
    """The network with each of its published weights, as timm names them."""
    return timm.list_models(f"{name.partition('.')[0]}.*", pretrained=True)


def _require_same_answers(parts: Cut, pixels: Tensor, whole: Tensor, name: str) -> None:
    below = nn.ModuleList([parts.trunk, parts.neck]).eval()
    try:
        pooled = parts.neck(parts.trunk(pixels).mean(dim=(2, 3)))
        same = torch.allclose(parts.classifier(pooled), whole, rtol=1e-3, atol=1e-3)
    except (IndexError, RuntimeError, TypeError, ValueError) as error:
        raise _unlike(name, _line(error)) from error
    if not same:
        raise _unlike(name, "its stages one after the other give other logits than the whole")
    below.train()


def _unlike(name: str, reason: str) -> TrainingError:
    return TrainingError(
        f"timm:{name} is neither a convolutional network of stages in a row, average pooling and a "
        f"linear classifier, nor a plain vision transformer ({reason}), so its graph could not "
        "give an activation map. Take another network."
    )


def _line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _times_255(values: tuple[float, float, float]) -> tuple[float, float, float]:
    red, green, blue = (255 * value for value in values)
    return red, green, blue
