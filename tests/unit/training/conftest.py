"""A data set and a config small enough to train on in a second."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.config import (
    AugmentConfig,
    ExportConfig,
    ModelConfig,
    OptimizerConfig,
    TrainConfig,
)
from visionflow.input_spec import InputSpec

SIDE = 16
COLOURS = {"blue": (40, 60, 210), "green": (50, 190, 70), "red": (210, 50, 40)}


def draw_set(folder: Path, per_class: int, seed: int) -> None:
    """Class folders of noisy one-coloured pictures: learnable, and never twice the same."""
    generator = np.random.default_rng(seed)
    for label, colour in COLOURS.items():
        (folder / label).mkdir(parents=True)
        for i in range(per_class):
            noise = generator.normal(0, 40, (SIDE, SIDE, 3))
            pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{i:03}.png")


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``train`` (120 pictures) and ``test`` (30). Not to be changed."""
    folder = tmp_path_factory.mktemp("pictures")
    draw_set(folder / "train", per_class=40, seed=1)
    draw_set(folder / "test", per_class=10, seed=2)
    return folder


@pytest.fixture
def config() -> TrainConfig:
    return shrunken_config()


def shrunken_config() -> TrainConfig:
    """Every part of the real thing, in a second."""
    return TrainConfig(
        name="colours",
        version="1",
        seed=3,
        validation_fraction=0.25,
        precision="float32",
        input=InputSpec(SIDE, SIDE),
        augment=AugmentConfig(crop_padding=2, horizontal_flip=True, cutout=4),
        model=ModelConfig("residual_cnn", widths=(8, 8, 16, 16)),
        optimizer=OptimizerConfig(
            epochs=3,
            batch_size=16,
            muon_learning_rate=0.05,
            muon_momentum=0.8,
            learning_rate=0.1,
            momentum=0.9,
            weight_decay=5e-4,
            warmup_fraction=0.2,
            label_smoothing=0.1,
            ema_decay=0.8,
        ),
        export=ExportConfig(
            opset=20, calibration_images=32, max_accuracy_drop=0.5, unknown_accuracy=0.5
        ),
    )
