"""The run that another one grows from: its labels and its artifact."""

from dataclasses import dataclass
from pathlib import Path

from training.errors import TrainingError
from visionflow.errors import ArtifactError, ConfigError
from visionflow.images.input_spec import InputSpec
from visionflow.models.manifest import Manifest, read_artifact

WEIGHTS_FILE = "weights.pt"
"""In an artifact: the state dict of the network that it was exported from."""


@dataclass(frozen=True)
class Ancestor:
    """A verified artifact. Its weights: `training.networks.kept_weights`."""

    folder: Path
    manifest: Manifest

    @property
    def labels(self) -> tuple[str, ...]:
        return self.manifest.label_names


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
