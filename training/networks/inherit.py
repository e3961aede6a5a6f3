"""Copy the weights of a network with fewer classes into one with more."""

from collections.abc import Mapping

import torch
from torch import Tensor

from training.errors import TrainingError
from training.networks.network import ConvNet


@torch.no_grad()
def inherit(model: ConvNet, weights: Mapping[str, Tensor], where: str) -> None:
    """Copy ``weights`` into ``model``: everything as it is, of the last layer the first rows.

    The rows of the new classes keep their initial values. Raises `TrainingError` naming ``where``
    for weights of another network, or of more classes.
    """
    slots: dict[str, Tensor] = model.state_dict()
    last = f"head.{len(model.head) - 1}."
    for name in slots.keys() | weights.keys():
        if name not in slots or name not in weights:
            raise _unlike(where, f"{name} is in one of the two alone")
    for name, slot in slots.items():
        old = weights[name]
        grows = name.startswith(last) and old.ndim == slot.ndim
        fits = old.shape[1:] == slot.shape[1:] and len(old) <= len(slot) if grows else None
        if not (fits if grows else old.shape == slot.shape):
            raise _unlike(where, f"{name} is {list(old.shape)} and must fit {list(slot.shape)}")
    for name, slot in slots.items():
        old = weights[name]
        target = slot[: len(old)] if name.startswith(last) else slot
        target.copy_(old)


def _unlike(where: str, difference: str) -> TrainingError:
    return TrainingError(
        f"{where}: not this network with fewer classes ({difference}). Take the same model.name, "
        "model.head and sizes as for the run that it grows from."
    )
