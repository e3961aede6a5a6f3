"""The networks that benchmarks time, each as a torch module and as its artifact.

Speed does not depend on trained weights, so they keep their initial ones. Only batch norm sees some
images, because without its statistics the activations of a deep network overflow.
"""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import nn

from infra.packaging.workspace import PROJECT
from training.config import TrainConfig, load_config
from training.data.sources.flowers import write_flowers
from training.data.training_data import TrainingData, load_training_data
from training.export.artifact import (
    FP32_FILE,
    INT8_FILE,
    draft_manifest,
    write_manifest,
    write_whole,
)
from training.export.graph.onnx_files import export_onnx
from training.export.graph.quantize import Quantizer
from training.export.graph.ranges import RangeRule
from training.networks.build import build_model, exportable
from training.networks.network import ConvNet
from visionflow.models.manifest import (
    MANIFEST_NAME,
    FileEntry,
    Manifest,
    Quantization,
    read_artifact,
)

FOLDER = PROJECT / ".visionflow" / "benchmarks"
CALIBRATION: RangeRule = "min-max"
SEED = 1

# Display name -> the name in a config.
NETWORKS = {
    "ResNet-18": "resnet18",
    "ResNet-50": "resnet50",
    "MobileNetV3-L": "mobilenet_v3_large",
    "EfficientNet-B0": "efficientnet_b0",
    "EfficientNet-Lite0": "efficientnet_lite0",
}


@dataclass(frozen=True, eq=False)
class Timed:
    """One network: ``module`` in evaluation mode, and the ``folder`` of its artifact."""

    module: ConvNet
    folder: Path
    manifest: Manifest

    def file(self, precision: str) -> Path:
        return self.folder / {"fp32": FP32_FILE, "int8": INT8_FILE}[precision]


@cache
def timed(name: str) -> Timed:
    """The network ``name`` of `NETWORKS`; builds its artifact if it does not exist."""
    config = _config(NETWORKS[name])
    torch.manual_seed(SEED)
    data = _data()
    module = build_model(config.model, len(data.labels))
    _see_images(module, data.calibration(64, SEED).images)
    folder = FOLDER / config.model.name
    if not (folder / MANIFEST_NAME).exists():
        _write_artifact(module, config, data, folder)
    return Timed(module, folder, read_artifact(folder))


def _config(network: str) -> TrainConfig:
    overrides = {
        "name": network,
        "model.name": network,
        "model.weights": "none",
        "model.head": "linear",
    }
    return load_config("flowers", overrides)


@cache
def _data() -> TrainingData:
    flowers = FOLDER / "flowers"
    write_flowers(flowers, images=40, size=256, seed=SEED)
    return load_training_data(flowers, _config("resnet18"), None)


def _see_images(module: ConvNet, images: np.ndarray) -> None:
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = None  # a plain mean over all batches
    module.train()
    with torch.no_grad():
        for batch in torch.from_numpy(np.array(images)).split(32):
            module.embed(batch)
    module.eval()


def _write_artifact(module: ConvNet, config: TrainConfig, data: TrainingData, folder: Path) -> None:
    graph = export_onnx(exportable(module), config.input.size, config.export.opset)
    write_whole(folder / FP32_FILE, graph.SerializeToString())
    images = data.calibration(64, SEED).images
    quantizer = Quantizer(graph, images, reduce_range=config.export.reduce_range)
    write_whole(folder / INT8_FILE, quantizer.quantize(CALIBRATION).SerializeToString())
    manifest = draft_manifest(config, data, folder, config.export.opset)
    manifest = replace(
        manifest,
        precision="int8",
        files={**manifest.files, "int8": FileEntry.of(folder, INT8_FILE)},
        quantization=Quantization(quantizer.scheme, CALIBRATION, len(images), (), None),
    )
    write_manifest(manifest, folder, ())
