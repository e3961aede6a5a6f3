"""A dataset and a config small enough to train on in a second."""

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.unit.training.report.conftest import report
from training.config import DEFAULTS, TrainConfig, load_config
from training.evaluation.unknown import strangers
from training.networks.trunks.residual_cnn import ResidualCnn
from training.results.labels import LabelCheck
from training.results.report import Report
from training.train import train

__all__ = ["report"]

SIDE = 16
COLOURS = {"blue": (40, 60, 210), "green": (50, 190, 70), "red": (210, 50, 40)}


def draw_set(folder: Path, per_class: int, seed: int) -> None:
    """Class folders of noisy one-coloured images: learnable, and never twice the same."""
    generator = np.random.default_rng(seed)
    for label, colour in COLOURS.items():
        (folder / label).mkdir(parents=True)
        for i in range(per_class):
            noise = generator.normal(0, 40, (SIDE, SIDE, 3))
            pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{i:03}.png")


@pytest.fixture(autouse=True, scope="session")
def labels_unchecked() -> Iterator[None]:
    """Checking labels takes longer than all else of a shrunken run; one test of
    `training.train` does it."""
    unchecked = LabelCheck("left out in this test", None, (), 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.proving.check_run", lambda _data: unchecked)
        yield


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``train`` (120 images) and ``test`` (30). Not to be changed."""
    folder = tmp_path_factory.mktemp("images")
    draw_set(folder / "train", per_class=40, seed=1)
    draw_set(folder / "test", per_class=10, seed=2)
    return folder


@pytest.fixture(scope="session", autouse=True)
def few_strangers() -> Iterator[None]:
    """Drawing all of them takes a second at the end of every run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strangers, "IMAGES", 12)
        yield


@pytest.fixture(scope="session")
def run(images: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    """A finished run. Not to be changed."""
    out = tmp_path_factory.mktemp("run")
    return out, train(shrunken_config(), images, out)


@pytest.fixture
def config() -> TrainConfig:
    return shrunken_config()


SHRUNKEN = {
    "name": "colours",
    "seed": 3,
    "precision": "float32",
    "recipe": "scratch",
    "data.validation": 0.25,
    "data.test": 0.15,
    # Noise shows no scenes, and features of networks take time.
    "data.group_by": "content",
    "data.workers": 0,
    "input.size": SIDE,
    "input.resize": SIDE,
    "augment.crop": "padded",
    "augment.crop_padding": 2,
    "augment.color_jitter": 0.0,
    "augment.random_erasing": 0.2,
    "model.name": "residual_cnn",
    "model.widths": [8, 8, 16, 16],
    "model.hidden": 16,
    "scratch.epochs": 3,
    "scratch.batch_size": 16,
    "scratch.ema_decay": 0.8,
    "scratch.optimizer.name": "muon",
    "scratch.optimizer.learning_rate": 0.1,
    "scratch.schedule.name": "linear",
    "scratch.schedule.warmup": 0.2,
    "export.calibration_images": 32,
    "export.max_accuracy_drop": 0.5,
    "export.max_class_drop": 0.5,
}


def shrunken_config(**fields: Any) -> TrainConfig:
    """Every part of the real thing, in a second. ``fields``: dotted names with ``__`` for dots.

    A recipe that begins from weights gets those of a file, where ``fields`` name none.
    """
    overrides = {name.replace("__", "."): value for name, value in fields.items()}
    if overrides.get("recipe", "scratch") != "scratch":
        overrides = {"model.weights": trunk_weights(), **overrides}
    return load_config(str(DEFAULTS), {**SHRUNKEN, **overrides})


@cache
def trunk_weights() -> str:
    """A file with weights for the trunk of `SHRUNKEN`, the same in every process."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        trunk = ResidualCnn((8, 8, 16, 16))
    file = folder / "trunk.pt"
    torch.save({f"trunk.{name}": value for name, value in trunk.state_dict().items()}, file)
    return str(file)
