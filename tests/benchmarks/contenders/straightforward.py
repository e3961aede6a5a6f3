"""The straightforward function: FastAPI, Pillow, NumPy and ONNX Runtime, without torch."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from fastapi import FastAPI, File
from PIL import Image

from tests.benchmarks.contenders.asgi import Backend, multipart

SIDE, RESIZE = 224, 256


def application(model: Path) -> FastAPI:
    """``model``: an artifact's fp32 graph."""
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    app = FastAPI()

    @app.post("/predict")
    def predict(file: bytes = File()) -> dict[str, Any]:
        image = Image.open(io.BytesIO(file)).convert("RGB").resize((RESIZE, RESIZE))
        margin = (RESIZE - SIDE) // 2
        crop = image.crop((margin, margin, margin + SIDE, margin + SIDE))
        (logits,) = session.run(["logits"], {"image": np.asarray(crop)[None]})
        exps = np.exp(logits[0] - logits[0].max())
        best = int(exps.argmax())
        return {"label": best, "confidence": float(exps[best] / exps.sum())}

    return app


def ask(app: FastAPI, image: bytes) -> dict[str, Any]:
    backend = Backend(app)
    try:
        return backend.call(multipart(image))
    finally:
        backend.close()
