"""The run that another one grows from: its labels, its weights, its artifact."""

import io
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from training.errors import TrainingError
from visionflow.errors import ArtifactError, ConfigError
from visionflow.images.input_spec import InputSpec
from visionflow.models.manifest import Manifest, read_artifact

WEIGHTS_FILE = "weights.pt"
"""In an artifact: the state dict of the network that it was exported from."""


@dataclass(frozen=True)
class Ancestor:
    """A verified artifact with its weights."""

    folder: Path
    manifest: Manifest

    @property
    def labels(self) -> tuple[str, ...]:
        return self.manifest.label_names

    def weights(self) -> Mapping[str, Tensor]:
        """The state dict of its network. Raises `TrainingError` for an artifact without one."""
        file = self.folder / WEIGHTS_FILE
        try:
            weights: dict[str, Tensor] = torch.load(file, map_location="cpu", weights_only=True)
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
            raise TrainingError(
                f"{file} cannot be read ({type(error).__name__}): only a run that kept its weights "
                "can grow; train it again."
            ) from error
        return weights


def read_ancestor(folder: str, spec: InputSpec | None = None) -> Ancestor:
    """The verified artifact in ``folder``.

    Raises `TrainingError` where it is damaged, or made for other images than ``spec`` says.
    """
    path = Path(folder)
    try:
        manifest = read_artifact(path)
    except (ArtifactError, ConfigError, OSError) as error:
        raise TrainingError(f"{folder}: not a finished run to grow from ({error}).") from error
    if spec is not None and manifest.input != spec:
        raise TrainingError(
            f"{folder} was trained on images of {manifest.input.size} px and this config says "
            f"{spec.size} px, or prepares them in another way; take the same [input] for both."
        )
    return Ancestor(path, manifest)


def weights_bytes(network: torch.nn.Module) -> bytes:
    """The content of `WEIGHTS_FILE`."""
    stream = io.BytesIO()
    torch.save({name: value.cpu() for name, value in network.state_dict().items()}, stream)
    return stream.getvalue()
