"""Which nodes are found to be sensitive."""

from dataclasses import replace
from pathlib import Path

import pytest
from onnx import ModelProto

from tests.tiny_model import write_tiny_artifact
from tests.unit.training.conftest import SIDE
from tests.unit.training.export.conftest import colour_network, inflate
from training.data.training_data import TrainingData
from training.export.graph.onnx_files import export_onnx
from training.export.graph.quantize import Quantizer
from training.export.graph.sensitivity import rank_nodes
from training.networks.build import exportable
from visionflow.answers.classifier import Classifier
from visionflow.models.label_tree import Label


@pytest.fixture(scope="module")
def spoiled(data: TrainingData) -> ModelProto:
    """A graph with one large channel between its second and its third convolution."""
    network = colour_network(data)
    inflate(network, 1)
    return export_onnx(exportable(network), SIDE, opset=20)


@pytest.fixture(scope="module")
def quantizer(spoiled: ModelProto, data: TrainingData) -> Quantizer:
    return Quantizer(spoiled, data.validation.images, reduce_range=True)


@pytest.fixture
def fp32(spoiled: ModelProto, data: TrainingData, tmp_path: Path) -> Classifier:
    labels = tuple(Label(name, None) for name in data.labels)
    manifest = replace(write_tiny_artifact(tmp_path), labels=labels)
    return Classifier(spoiled.SerializeToString(), manifest)


def test_the_nodes_around_a_spoiled_range_come_first(
    spoiled: ModelProto, quantizer: Quantizer, fp32: Classifier
) -> None:
    ranked = rank_nodes(quantizer, "min-max", fp32, lambda: False)
    assert sorted(ranked) == sorted(quantizer.nodes)
    convolutions = [node.name for node in spoiled.graph.node if node.op_type == "Conv"]
    assert set(ranked[:2]) == set(convolutions[1:3])


def test_it_stops_when_the_time_is_over(quantizer: Quantizer, fp32: Classifier) -> None:
    over = iter([False, True])
    assert rank_nodes(quantizer, "min-max", fp32, lambda: next(over)) == ()
