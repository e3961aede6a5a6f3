"""From a served ONNX graph to TFLite, operator by operator, in TFLite's order of axes.

An operator between quantized values becomes TFLite's own in int8, with the same numbers: so the
weights stay as they were calibrated and proven. What stands between values that are not quantized
stays float32. A graph with an operator that is not known here is refused: nothing is emulated.
"""

import onnx

from training.edge_export.tflite.conversion import Conversion, attributes
from training.edge_export.tflite.operators import OPERATORS
from training.errors import TrainingError

OUTPUTS = ("logits", "embedding")


def convert(data: bytes, side: int) -> bytes:
    """The TFLite file of a graph with an input ``image`` of uint8 [N, side, side, 3], for one image
    at a time, with the outputs `OUTPUTS`. Raises `TrainingError`."""
    graph = onnx.load_from_string(data).graph
    conversion = Conversion(graph)
    start = conversion.begin("image", side)
    for node in _needed(graph, set(OUTPUTS)):
        _add(conversion, node)
    outputs = {name: conversion.real(name).tensor for name in OUTPUTS}
    return conversion.model.to_bytes({"image": start}, outputs)


def _add(conversion: Conversion, node: onnx.NodeProto) -> None:
    """Raises `TrainingError` for an operator that is not known."""
    if node.op_type == "QuantizeLinear":
        conversion.quantize(node)
    elif node.op_type == "DequantizeLinear":
        conversion.dequantize(node)
    elif (convert_node := OPERATORS.get(node.op_type)) is None:
        raise TrainingError(
            f"tflite: the graph has {node.op_type}, which this export does not know; the target "
            "onnx takes every graph."
        )
    else:
        convert_node(conversion, node, attributes(node))


def _needed(graph: onnx.GraphProto, wanted: set[str]) -> list[onnx.NodeProto]:
    """The nodes that ``wanted`` depends on, in their order."""
    found = []
    for node in reversed(graph.node):
        if wanted & set(node.output):
            wanted |= set(node.input)
            found.append(node)
    return found[::-1]
