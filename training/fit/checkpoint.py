"""The file that a killed run goes on from: written whole or not at all, and of one run only."""

import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import torch

from training.config import TrainConfig
from training.errors import TrainingError
from training.fit.changes import settings_changed
from visionflow.strict import to_dict
from visionflow.whole_file import whole_file

CHECKPOINT_FILE = "checkpoint.pt"

SHAPES_NO_WEIGHT = ("name", "version", "mlflow", "export", "tune")

# What torch.load raises for files that it did not write, or not to the end.
_UNREADABLE = (
    pickle.UnpicklingError,
    OSError,
    RuntimeError,
    EOFError,
    LookupError,
    TypeError,
    ValueError,
)


def identity(config: TrainConfig, data_sha256: str) -> dict[str, Any]:
    """What must be equal for a checkpoint to be continued: all that shaped the weights."""
    fields: dict[str, Any] = to_dict(config)
    for name in SHAPES_NO_WEIGHT:
        del fields[name]
    for name in ("workers", "skip_unreadable"):
        del fields["data"][name]
    return {"config": fields, "dataset_sha256": data_sha256}


class Checkpoint:
    """`CHECKPOINT_FILE` in the folder of a run, for the run with this ``identity``."""

    def __init__(
        self,
        run: Path,
        identity: Mapping[str, Any],
        images_changed: Callable[[], list[str]] = list,
    ) -> None:
        """``images_changed``: says in which way the images are others than those of the run."""
        self.path = run / CHECKPOINT_FILE
        self._identity = dict(identity)
        self._images_changed = images_changed

    def write(self, state: Mapping[str, Any]) -> None:
        """Replace the file in one step, so that a kill leaves the old or the new one.

        ``state``: tensors and plain data. Raises `TrainingError` when it cannot be written, say on
        a full disk; the old file is then still there.
        """
        try:
            with whole_file(self.path) as partial, partial.open("wb") as file:
                torch.save({"run": self._identity, **state}, file)
        except (OSError, RuntimeError) as error:
            # torch wraps what the file system said, but not always.
            cause = error.__context__ if isinstance(error.__context__, OSError) else error
            raise TrainingError(
                f"{self.path.parent}: the checkpoint could not be written ({_first_line(cause)}). "
                "Free some space and start the same command again: it goes on after the last "
                "epoch that was kept."
            ) from error

    def read(self) -> dict[str, Any] | None:
        """What `write` was given, on the CPU, from where each `load_state_dict` brings it to its
        device; None without a file.

        Not on a GPU: Adam keeps its counters on the CPU, where reading them waits for nothing.
        Raises `TrainingError` for a damaged file and for one of another run.
        """
        if not self.path.exists():
            return None
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)
            found = state["run"]
        except _UNREADABLE as error:
            raise TrainingError(
                f"{self.path} is damaged or no checkpoint ({_first_line(error)}); delete it to "
                "start afresh."
            ) from error
        if found != self._identity:
            changes = settings_changed(found.get("config"), self._identity["config"])
            if found.get("dataset_sha256") != self._identity["dataset_sha256"]:
                changes += self._images_changed() or ["the images are others, or in another order"]
            raise TrainingError(
                f"{self.path} belongs to another config or other images: {'; '.join(changes)}. "
                "Choose another folder, or delete the file to start afresh."
            )
        return cast(dict[str, Any], state)


def kept_config(run: Path) -> dict[str, Any]:
    """The fields that shaped the weights in ``run``. Raises `TrainingError` where it has no
    checkpoint, or a damaged one."""
    file = run / CHECKPOINT_FILE
    if not file.exists():
        raise TrainingError(
            f"{file} does not exist: train first. Of a run that trained no network nothing can be "
            "exported again."
        )
    try:
        return dict(torch.load(file, map_location="meta", weights_only=True)["run"]["config"])
    except _UNREADABLE as error:
        raise TrainingError(
            f"{file} is damaged or no checkpoint ({_first_line(error)})."
        ) from error


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
