"""From a trained network to ONNX, and from there to int8."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import torch
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from training.models.classifier import Classifier, Output
from visionflow.images import UInt8Array

CALIBRATION_BATCH = 64
QUANTIZATION_SCHEME = "static QDQ, uint8 activations, int7 weights per channel"
CALIBRATION = "min-max"


def export_onnx(model: Classifier, size: int, opset: int, path: Path) -> None:
    """Write ``model`` as ONNX: uint8 ``image`` [N, size, size, 3] to the fields of `Output`."""
    # A batch of 1 would be taken for a constant.
    example = torch.zeros(2, size, size, 3, dtype=torch.uint8)
    with warnings.catch_warnings():
        # Some releases of torch call what they themselves have deprecated.
        warnings.simplefilter("ignore", FutureWarning)
        torch.onnx.export(
            model.eval().cpu(),
            (example,),
            path,
            input_names=["image"],
            output_names=list(Output._fields),
            opset_version=opset,
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            external_data=False,
            verbose=False,
        )
    _strip_metadata(path)


def quantize(fp32: Path, int8: Path, calibration: UInt8Array) -> tuple[str, ...]:
    """Write ``fp32`` with its convolutions in int8, activation ranges taken from ``calibration``.

    Weights get 7 of 8 bits: without VNNI the uint8 x int8 products saturate in 16 bits
    (https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html), and Lambda on
    x86 promises no more than AVX2. The head on the pooled features stays in fp32: it costs nothing.

    Returns the names of the nodes that were left in fp32 on purpose.
    """
    with TemporaryDirectory() as scratch:
        inferred = Path(scratch) / "inferred.onnx"
        # Shapes only: its graph optimizer is the session's, and batch norm is folded already.
        quant_pre_process(fp32, inferred, skip_optimization=True, skip_symbolic_shape=True)
        excluded = _first_convolution(inferred)
        quantize_static(
            inferred,
            int8,
            _CalibrationBatches(calibration),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Add", "MaxPool"],
            nodes_to_exclude=[excluded],
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
    _strip_metadata(int8)
    return (excluded,)


def _first_convolution(path: Path) -> str:
    """The node that sees the pixels. With three input channels int8 is slower there, not faster,
    and its rounding goes through the whole network."""
    nodes = onnx.load(path).graph.node
    return str(next(node.name for node in nodes if node.op_type == "Conv"))


class _CalibrationBatches(CalibrationDataReader):  # type: ignore[misc]
    """Hands the pictures to ONNX Runtime batch by batch."""

    def __init__(self, images: UInt8Array) -> None:
        count = -(-len(images) // CALIBRATION_BATCH)
        self._batches: Iterator[UInt8Array] = iter(np.array_split(images, count))

    def get_next(self) -> dict[str, UInt8Array] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"image": batch}


def _strip_metadata(path: Path) -> None:
    """Drop what the exporter notes of its sources: stack traces with this machine's paths."""
    model = onnx.load(path)
    described: list[Any] = [model, model.graph, *model.graph.node, *model.graph.value_info]
    described += [*model.graph.input, *model.graph.output, *model.graph.initializer]
    for item in described:
        item.ClearField("doc_string")
        if item is not model:
            item.ClearField("metadata_props")
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
