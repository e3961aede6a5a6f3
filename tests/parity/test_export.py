"""torch, ONNX and int8 give the same answers on images."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.parity.images import crops
from tests.tiny_model import write_tiny_artifact
from training.config import load_config
from training.export.gate_checks import Outputs, session_outputs
from training.export.graph.onnx_files import export_onnx
from training.export.graph.quantize import Quantizer
from training.export.network_export import network_outputs
from training.networks.build import build_model, exportable
from visionflow.answers.classifier import Classifier, FloatArray
from visionflow.images.pipeline import load
from visionflow.models.label_tree import Label

CONFIG = load_config("cifar10")
CLASSES = 10
TOLERANCE = 1e-3


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outputs]:
    """CIFAR-10's network with random weights, in its three forms, on cut-outs of images."""
    images = np.stack([load(data, CONFIG.input) for data in crops(CONFIG.input.size, 64)])
    torch.manual_seed(0)
    network = build_model(CONFIG.model, CLASSES)
    # One pass in training mode gives batch norm the statistics of images.
    network.train().logits(torch.from_numpy(images))
    graph = export_onnx(exportable(network), CONFIG.input.size, CONFIG.export.opset)
    quantizer = Quantizer(graph, images, reduce_range=CONFIG.export.reduce_range)
    labels = tuple(Label(str(i), parent=None) for i in range(CLASSES))
    tiny = write_tiny_artifact(tmp_path_factory.mktemp("tiny"))
    manifest = replace(tiny, labels=labels, input=CONFIG.input)
    models = {"fp32": graph, "int8": quantizer.quantize("min-max")}
    return {"torch": network_outputs(network, images)} | {
        form: session_outputs(Classifier(model.SerializeToString(), manifest), images)
        for form, model in models.items()
    }


def cosine(a: FloatArray, b: FloatArray) -> FloatArray:
    """Of matching rows."""
    a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    similarity: FloatArray = (a * b).sum(axis=1) / lengths
    return similarity


@pytest.mark.parametrize("output", ["logits", "embedding", "cam"])
def test_onnx_gives_the_outputs_of_torch(outputs: dict[str, Outputs], output: str) -> None:
    torch_output, fp32 = getattr(outputs["torch"], output), getattr(outputs["fp32"], output)
    np.testing.assert_allclose(fp32, torch_output, atol=TOLERANCE)


@pytest.mark.parametrize("output", ["embedding", "cam"])
def test_int8_keeps_the_direction_of_the_outputs(outputs: dict[str, Outputs], output: str) -> None:
    fp32, int8 = getattr(outputs["fp32"], output), getattr(outputs["int8"], output)
    assert cosine(fp32, int8).min() > 0.98


def test_the_map_averages_to_the_logits_in_the_graph(outputs: dict[str, Outputs]) -> None:
    fp32 = outputs["fp32"]
    np.testing.assert_allclose(fp32.cam.mean(axis=(2, 3)), fp32.logits, atol=TOLERANCE)
