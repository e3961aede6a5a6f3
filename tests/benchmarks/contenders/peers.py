"""What VisionFlow is compared with: the usual backend, and another runtime for the same model.

The usual backend is the one of tutorials: FastAPI, Pillow, torchvision's transforms, and the
network in torch or in ONNX Runtime.
"""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import openvino
import torch
from fastapi import FastAPI, File
from PIL import Image
from torch import Tensor
from torchvision.transforms import v2

from training.networks.network import IMAGENET, ConvNet
from visionflow.answers.classifier import Classifier as ServedClassifier
from visionflow.answers.classifier import FloatArray
from visionflow.images.input_spec import InputSpec
from visionflow.images.pipeline import UInt8Array
from visionflow.models.manifest import Manifest

TOP_K = 5

Infer = Callable[[Image.Image], Tensor]


def usual_backend(infer: Infer, spec: InputSpec, labels: tuple[str, ...]) -> FastAPI:
    """FastAPI + Pillow + torchvision. ``infer``: the cropped RGB image to logits [1, C]."""
    crop = v2.Compose([v2.Resize(spec.resize), v2.CenterCrop(spec.size)])
    app = FastAPI()

    # Not a coroutine, as in the tutorials, so FastAPI runs it in a thread.
    @app.post("/predict")
    def predict(file: bytes = File()) -> dict[str, Any]:
        image = Image.open(io.BytesIO(file)).convert("RGB")
        probabilities = infer(crop(image)).softmax(dim=1)[0]
        best = probabilities.topk(min(TOP_K, len(labels)))
        scores = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        return {"top_k": [{"label": labels[i], "confidence": value} for i, value in scores]}

    return app


def eager(module: ConvNet) -> Infer:
    """torchvision's normalisation, then the network in torch, layer by layer."""
    normalise = v2.Compose(
        [
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(
                [mean / 255 for mean in IMAGENET.mean], [std / 255 for std in IMAGENET.std]
            ),
        ]
    )

    def infer(image: Image.Image) -> Tensor:
        batch = normalise(image).unsqueeze(0)
        with torch.inference_mode():
            logits: Tensor = module.head(module.trunk(batch).mean(dim=(2, 3)))
            return logits

    return infer


def runtime(model: Path, threads: int) -> Infer:
    """``model`` in ONNX Runtime with default options except ``threads``.

    The graph takes raw pixels, so this backend needs no normalisation.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])

    def infer(image: Image.Image) -> Tensor:
        (logits,) = session.run(["logits"], {"image": np.asarray(image)[None]})
        return torch.from_numpy(logits)

    return infer


class OpenVinoClassifier(ServedClassifier):
    """VisionFlow's own serving path with OpenVINO in place of ONNX Runtime."""

    def __init__(self, model: Path, manifest: Manifest, threads: int = 1) -> None:
        super().__init__(model, manifest, threads)
        settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
        compiled = openvino.Core().compile_model(str(model), "CPU", settings)
        self._outputs = [compiled.output(name) for name in ("logits", "embedding", "cam")]
        self._request = compiled.create_infer_request()

    def run(self, batch: UInt8Array) -> tuple[FloatArray, FloatArray, FloatArray]:
        self._request.infer({"image": np.ascontiguousarray(batch)})
        logits, embedding, cam = (
            self._request.get_tensor(output).data.copy() for output in self._outputs
        )
        return logits, embedding, cam
