"""Real images, small enough to fit to in half a second."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.unit.training.conftest import shrunken_config
from training.config import TrainConfig
from training.data.training_data import TrainingData, load_training_data

HEAD = {
    "model__head": "mlp",
    "finetune__head__epochs": 3,
    "finetune__head__batch_size": 32,
    "finetune__body__epochs": 3,
    "finetune__body__batch_size": 16,
}


def make_config(recipe: str, **fields: object) -> TrainConfig:
    """A shrunken config with a head that has batch norm and dropout."""
    return shrunken_config(**{"recipe": recipe, **HEAD, **fields})


@pytest.fixture
def config() -> TrainConfig:
    return make_config("scratch")


@pytest.fixture
def data(images: Path, config: TrainConfig) -> TrainingData:
    return load_training_data(images, config, None)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Forked processes can have no more, and sums must be taken in the same order everywhere."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
