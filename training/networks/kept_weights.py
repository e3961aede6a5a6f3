"""The weights that an artifact keeps, for another run to grow from."""

import io
import pickle
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from training.ancestor import WEIGHTS_FILE, Ancestor
from training.errors import TrainingError


def read_weights(ancestor: Ancestor) -> Mapping[str, Tensor]:
    """The state dict of its network. Raises `TrainingError` for an artifact without one."""
    file = ancestor.folder / WEIGHTS_FILE
    try:
        weights: dict[str, Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise TrainingError(
            f"{file} cannot be read ({type(error).__name__}): only a run that kept its weights "
            "can grow; train it again."
        ) from error
    return weights


def weights_bytes(network: nn.Module) -> bytes:
    """The content of `WEIGHTS_FILE`."""
    stream = io.BytesIO()
    torch.save({name: value.cpu() for name, value in network.state_dict().items()}, stream)
    return stream.getvalue()
