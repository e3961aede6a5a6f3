"""A small network that knows its colours, and the data to judge forms of it by."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from onnx import ModelProto
from torch import nn

from tests.unit.training.conftest import shrunken_config
from tests.unit.training.export.odd import ODD_SIDE, odd_network
from training.config import TrainConfig
from training.data.training_data import TrainingData, load_training_data
from training.export.graph.onnx_files import export_onnx
from training.export.latency import Latencies, Run
from training.networks.build import exportable
from training.networks.heads import linear_head
from training.networks.network import ConvNet
from training.networks.trunks.residual_cnn import ConvBlock
from visionflow.images.pipeline import UInt8Array

FEATURES = 16


@pytest.fixture(scope="session")
def strict_config() -> TrainConfig:
    """With the limits of the defaults, which on 30 images are: no image may be lost."""
    return shrunken_config(export__max_accuracy_drop=0.005, export__max_class_drop=0.05)


@pytest.fixture(scope="session")
def odd_graph() -> ModelProto:
    """Not to be changed."""
    return export_onnx(exportable(odd_network()), ODD_SIDE, opset=20)


@pytest.fixture(scope="session")
def data(images: Path, strict_config: TrainConfig) -> TrainingData:
    return load_training_data(images / "train", strict_config, None)


@pytest.fixture
def network(data: TrainingData) -> ConvNet:
    """Four convolutions in a row, right about nearly every image. To be changed freely."""
    return colour_network(data)


def colour_network(data: TrainingData) -> ConvNet:
    torch.manual_seed(0)
    trunk = nn.Sequential(
        ConvBlock(3, 8), ConvBlock(8, 8), ConvBlock(8, 8, pool=True), ConvBlock(8, FEATURES)
    )
    network = ConvNet(trunk, linear_head(FEATURES, len(data.labels)))
    fit_quickly(network, data)
    return network


def fit_quickly(network: ConvNet, data: TrainingData) -> None:
    """Batch norm by one pass over the training images, the linear head by least squares."""
    images, targets = data.train_images.images, data.train_images.targets
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        network.train().logits(as_tensor(images))
        embedding = network.eval().embed(as_tensor(images))
        ones = torch.ones(len(embedding), 1)
        wanted = 10 * nn.functional.one_hot(torch.from_numpy(targets)).float()
        solution = torch.linalg.lstsq(torch.cat([embedding, ones], dim=1), wanted).solution
        linear = network.head[0]
        assert isinstance(linear, nn.Linear)
        linear.weight.copy_(solution[:-1].T)
        linear.bias.copy_(solution[-1])


def as_tensor(images: UInt8Array) -> torch.Tensor:
    return torch.from_numpy(np.array(images))


def inflate(network: ConvNet, block: int, factor: float = 3000.0) -> None:
    """Make one channel between two blocks large and its weights behind it small: the same function,
    but the range of all channels is now the large one's."""
    norm = network.trunk.get_submodule(f"{block}.1")
    following = network.trunk.get_submodule(f"{block + 1}.0")
    assert isinstance(norm, nn.BatchNorm2d) and isinstance(following, nn.Conv2d)
    with torch.no_grad():
        norm.weight[0] *= factor
        norm.bias[0] *= factor
        following.weight[:, 0] /= factor


class FixedMeasure:
    """Stands for a clock: on a network this small every machine would find something else."""

    def __init__(self, milliseconds: Mapping[str, float]) -> None:
        self._milliseconds = milliseconds

    def __call__(self, runs: Mapping[str, Run]) -> Latencies:
        for run in runs.values():
            run()
        return Latencies({form: [[self._milliseconds[form]]] for form in runs})


FASTER = FixedMeasure({"torch": 4.0, "fp32": 2.0, "int8": 1.0})
SLOWER = FixedMeasure({"torch": 4.0, "fp32": 2.0, "int8": 2.4})
