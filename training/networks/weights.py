"""The weights that a network begins from: those of ImageNet, of a package, or of a file."""

import http.client
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor
from torchvision.models import get_model_weights

from training.config import TIMM
from training.errors import TrainingError
from training.networks.network import ConvNet
from training.networks.trunks.efficientnet_lite0 import package_file
from training.networks.trunks.zoo import PLANS, published_key, published_trunk

_NAMED = 3
"""Keys of each kind that an error spells out."""

_HEAD = "head."
_TRUNK = "trunk."
# The layers behind the trunk in published networks.
_PUBLISHED_HEADS = ("fc.", "classifier.", "_fc.")

# Where the state dict lies in a checkpoint: that of a finished run here, of torchvision's reference
# scripts, of others.
_WRAPPERS = ("weights", "model", "state_dict")

# The published densenet121 file is older than module names without dots.
_DOTTED = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")


@dataclass(frozen=True)
class Weights:
    """A state dict and where it comes from, for messages."""

    tensors: Mapping[str, Tensor]
    where: str

    @property
    def ours(self) -> bool:
        """Whether the names are those of a `ConvNet`, and not of the published network."""
        return any(key.startswith(_TRUNK) for key in self.tensors)


def require_timm() -> None:
    """Raise `TrainingError` where timm is not installed."""
    if importlib.util.find_spec("timm") is None:
        raise TrainingError(
            "Networks called timm:NAME come from the package timm, which is not installed; "
            "`make training` installs it."
        )


def find_weights(name: str, source: str) -> Weights:
    """The weights of the network ``name`` from ``source``.

    ``source`` is ``imagenet`` (the default weights of torchvision or timm, downloaded once),
    ``package`` (those that an installed package brings) or the path of a file: a state dict with
    the published names, one of a `ConvNet`, or a checkpoint of either, written by torch.save or as
    .safetensors. Nothing is unpickled. Raises `TrainingError` when they cannot be read or
    downloaded.
    """
    if source == "imagenet":
        return _of_timm(name) if name.startswith(TIMM) else _imagenet(name)
    if source == "package":
        return _package(name)
    return _read(Path(source))


def fill(
    slots: Mapping[str, Tensor], name: str, weights: Weights, left_out: tuple[str, ...] = ()
) -> None:
    """Copy ``weights`` of the network ``name`` into ``slots``, whose names are those of the file.

    ``left_out``: how the names of entries begin that may stand in the file for nothing. Raises
    `TrainingError` when any other key or a shape differs; then nothing is copied.
    """
    if difference := _fill(slots, weights, left_out):
        raise TrainingError(
            f"{weights.where}: not the weights of {name}. {difference} {_advice(name, weights)}"
        )


def load_weights(model: ConvNet, name: str, weights: Weights, *, head: bool = False) -> None:
    """Fill what is below the head of ``model``, of the network ``name``, and the head where it is
    asked for; elsewhere a head in ``weights`` is left out.

    Raises what `fill` does.
    """
    slots = {
        key if weights.ours else _published(name, key): slot
        for key, slot in model.state_dict().items()
        if head or not key.startswith(_HEAD)
    }
    fill(slots, name, weights, () if head else _heads(weights))


def _published(name: str, key: str) -> str:
    """What published files call the entry ``key`` of a `ConvNet` with a linear head."""
    if name not in PLANS:
        return key
    if key.startswith(_TRUNK):
        return published_key(name, key.removeprefix(_TRUNK))
    return f"{PLANS[name].head}.{key.rpartition('.')[2]}"


def _heads(weights: Weights) -> tuple[str, ...]:
    return (_HEAD,) if weights.ours else _PUBLISHED_HEADS


def _fill(slots: Mapping[str, Tensor], weights: Weights, left_out: tuple[str, ...]) -> str:
    """Copy ``weights`` into ``slots`` where every key and shape fits; else say what does not."""
    tensors = weights.tensors
    fitting = {key: slot for key, slot in slots.items() if key in tensors}
    differences = {
        # Old files do not count batches, and nothing here reads that count.
        "missing": [
            key for key in slots if key not in tensors and not key.endswith(".num_batches_tracked")
        ],
        "unexpected": [key for key in tensors if key not in slots and not key.startswith(left_out)],
        "misshaped": [
            f"{key} is {list(tensors[key].shape)} and must be {list(slot.shape)}"
            for key, slot in fitting.items()
            if tensors[key].shape != slot.shape
        ],
    }
    if not any(differences.values()):
        for key, slot in fitting.items():
            slot.copy_(tensors[key])
    return " ".join(
        f"{len(keys)} {kind}: {_some(keys)}." for kind, keys in differences.items() if keys
    )


def _some(keys: list[str]) -> str:
    return ", ".join(keys[:_NAMED]) + (", ..." if len(keys) > _NAMED else "")


def _advice(name: str, weights: Weights) -> str:
    """What to do about weights that do not fit."""
    for other in PLANS:
        with torch.device("meta"):
            trunk = published_trunk(other).state_dict()
        slots = {
            _TRUNK + key if weights.ours else published_key(other, key): slot
            for key, slot in trunk.items()
        }
        if not _fill(slots, weights, _heads(weights)):
            if other == name:
                return f"The trunk is that of {name}; the head has other layers or other classes."
            return f"They are those of {other}: set model.name to it, or give another file."
    return "Give a file of this network, imagenet, or none to begin from random weights."


def _package(name: str) -> Weights:
    if name != "efficientnet_lite0":
        raise TrainingError(
            f"No package brings weights of {name}: set model.weights to imagenet, a file or none, "
            "or model.name to efficientnet_lite0."
        )
    return _read(package_file())


def _of_timm(name: str) -> Weights:
    require_timm()
    from training.networks.trunks import timm_networks  # noqa: PLC0415

    tensors = timm_networks.download(name.removeprefix(TIMM))
    return Weights(tensors, f"the weights that timm publishes of {name}")


def _imagenet(name: str) -> Weights:
    """torchvision's default weights, from its cache or the network."""
    if name == "efficientnet_lite0":
        raise TrainingError(
            f"torchvision has no weights of {name}: set model.weights to package, which needs no "
            "download."
        )
    if name not in PLANS:
        raise TrainingError(
            f"There are no ImageNet weights of {name}: set model.weights to a file, or to none and "
            "take the recipe scratch."
        )
    published = get_model_weights(name).DEFAULT
    try:
        content = published.get_state_dict(check_hash=True, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        raise TrainingError(
            f"The ImageNet weights of {name} could not be downloaded ({error}): get "
            f"{published.url} by other means and set model.weights to that file."
        ) from error
    return _weights(content, f"ImageNet weights of {name}")


def _read(path: Path) -> Weights:
    try:
        stream = path.open("rb")
    except OSError as error:
        raise TrainingError(
            f"{path}: cannot be read ({error.strerror}); model.weights is none, imagenet, package "
            "or a file."
        ) from error
    with stream:
        try:
            if path.suffix == ".safetensors":
                content: Any = safetensors.torch.load(stream.read())
            else:
                content = torch.load(stream, map_location="cpu", weights_only=True)
        except Exception as error:  # Damaged bytes make both raise almost anything.
            raise TrainingError(
                f"{path}: not a whole file of weights. It is truncated, not written by torch.save "
                "(or, named .safetensors, by safetensors), or holds Python objects, which are "
                "never loaded; save a plain state dict."
            ) from error
    return _weights(content, str(path))


def _weights(content: Any, where: str) -> Weights:
    """The names and tensors in ``content``, taken out of a checkpoint if it is one."""
    while isinstance(content, Mapping):
        inner = next((content[key] for key in _WRAPPERS if content.get(key)), None)
        if not isinstance(inner, Mapping):
            break
        content = inner
    if not isinstance(content, Mapping) or not content or not all(map(_is_entry, content.items())):
        raise TrainingError(
            f"{where}: holds no state dict; save one with model.state_dict() or, where this is the "
            "checkpoint of a run, finish the run."
        )
    return Weights({_DOTTED.sub(r"\1\2", key): value for key, value in content.items()}, where)


def _is_entry(item: tuple[Any, Any]) -> bool:
    return isinstance(item[0], str) and isinstance(item[1], Tensor)
