"""The weights that a trunk begins from: ImageNet's, or those of a file."""

import http.client
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models import get_model_weights

from training.errors import TrainingError
from training.networks.trunks.zoo import PLANS, torchvision_key, torchvision_trunk

_NAMED = 3
"""Keys of each kind that an error spells out."""

# The layers behind the trunk, in torchvision's networks and in `ConvNet`.
_TORCHVISION_HEADS = ("fc.", "classifier.")
_HEAD = "head."
_TRUNK = "trunk."

# Where the state dict lies in a checkpoint: that of a finished run here, of torchvision's reference
# scripts, of others.
_WRAPPERS = ("weights", "model", "state_dict")

# The published densenet121 file is older than module names without dots.
_DOTTED = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")


def load_weights(trunk: nn.Sequential, name: str, source: str) -> None:
    """Fill ``trunk``, of the network ``name``, from ``source``; a head in there is left out.

    ``source`` is ``imagenet`` (torchvision's default weights, downloaded once) or the path of a
    file: a state dict with torchvision's names, one of a `ConvNet`, or a checkpoint of either.
    Raises `TrainingError` when they cannot be read or downloaded, or any key differs.
    """
    if source == "imagenet":
        weights, where = _imagenet(name), f"ImageNet weights of {name}"
    else:
        weights, where = _read(Path(source)), source
    difference = _fill(trunk, name, weights)
    if difference:
        raise TrainingError(f"{where}: not the weights of {name}. {difference} {_advice(weights)}")


def _some(keys: list[str]) -> str:
    return ", ".join(keys[:_NAMED]) + (", ..." if len(keys) > _NAMED else "")


def _fill(trunk: nn.Sequential, name: str, weights: Mapping[str, Tensor]) -> str:
    """Copy ``weights`` into ``trunk`` where every key and shape fits; else say what does not, under
    the names that the file uses."""
    slots: dict[str, Tensor] = trunk.state_dict()
    names = {_key_in_file(name, slot, weights): slot for slot in slots}
    fitting = {key: slots[slot] for key, slot in names.items() if key in weights}
    differences = {
        # Old files do not count batches, and nothing here reads that count.
        "missing": [
            k for k in names if k not in weights and not k.endswith(".num_batches_tracked")
        ],
        "unexpected": [k for k in weights if k not in names and not k.startswith(_heads(weights))],
        "misshaped": [
            f"{key} is {list(weights[key].shape)} and must be {list(slot.shape)}"
            for key, slot in fitting.items()
            if weights[key].shape != slot.shape
        ],
    }
    if not any(differences.values()):
        for key, slot in fitting.items():
            slot.copy_(weights[key])
    return " ".join(
        f"{len(keys)} {kind}: {_some(keys)}." for kind, keys in differences.items() if keys
    )


def _is_classifier(weights: Mapping[str, Tensor]) -> bool:
    return any(key.startswith(_TRUNK) for key in weights)


def _heads(weights: Mapping[str, Tensor]) -> str | tuple[str, ...]:
    return _HEAD if _is_classifier(weights) else _TORCHVISION_HEADS


def _key_in_file(name: str, slot: str, weights: Mapping[str, Tensor]) -> str:
    if _is_classifier(weights) or name not in PLANS:
        return _TRUNK + slot
    return torchvision_key(name, slot)


def _advice(weights: Mapping[str, Tensor]) -> str:
    """What to do about weights that do not fit."""
    for name in PLANS:
        with torch.device("meta"):
            trunk = torchvision_trunk(name)
        if not _fill(trunk, name, weights):
            return f"They are those of {name}: set model.name to it, or give another file."
    return "Give a file of this network, imagenet, or none to begin from random weights."


def _imagenet(name: str) -> Mapping[str, Tensor]:
    """torchvision's default weights, from its cache or the network."""
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
    return _state_dict(content, published.url)


def _read(path: Path) -> Mapping[str, Tensor]:
    try:
        stream = path.open("rb")
    except OSError as error:
        raise TrainingError(
            f"{path}: cannot be read ({error.strerror}); model.weights is none, imagenet or a file."
        ) from error
    with stream:
        try:
            content = torch.load(stream, map_location="cpu", weights_only=True)
        except Exception as error:  # Damaged bytes make torch.load raise almost anything.
            raise TrainingError(
                f"{path}: not a whole file of weights. It is truncated, not written by torch.save, "
                "or holds Python objects, which are never loaded; save a plain state dict."
            ) from error
    return _state_dict(content, str(path))


def _state_dict(content: Any, where: str) -> Mapping[str, Tensor]:
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
    return {_DOTTED.sub(r"\1\2", key): value for key, value in content.items()}


def _is_entry(item: tuple[Any, Any]) -> bool:
    return isinstance(item[0], str) and isinstance(item[1], Tensor)
