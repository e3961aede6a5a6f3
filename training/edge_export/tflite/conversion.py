"""A graph on its way from ONNX to TFLite: its constants, and the values that were written."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from training.edge_export.tflite.model import Model
from training.edge_export.tflite.quantized import Array, Scale, signed
from training.errors import TrainingError


@dataclass(frozen=True, eq=False)
class Constant:
    """Numbers of the graph, in ONNX's order of axes; with a ``scale`` where they are quantized."""

    numbers: Array
    scale: Scale | None = None

    def values(self) -> Array:
        """In float32, of numbers with one scale for each index of its axis."""
        if self.scale is None:
            return self.numbers
        shape = [1] * self.numbers.ndim
        if self.numbers.ndim:
            shape[self.scale.axis] = -1
        scales, zeros = (part.reshape(shape) for part in (self.scale.scales, self.scale.zeros))
        found: Array = ((self.numbers.astype(np.float32) - zeros) * scales).astype(np.float32)
        return found


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor of the model; ``shape`` in TFLite's order of axes. ``scale``: of one in int8."""

    tensor: int
    shape: tuple[int, ...]
    scale: Scale | None = None


class Conversion:
    """One graph on its way. Operators ask it for what they read, and say what they wrote."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.model = Model()
        self._constants: dict[str, Constant] = {
            one.name: Constant(numpy_helper.to_array(one)) for one in graph.initializer
        }
        self._values: dict[str, Value] = {}
        self._floats: dict[str, Value] = {}
        self._quantizers = _quantizers(graph)

    def constant(self, name: str) -> Constant | None:
        return self._constants.get(name)

    def array(self, name: str) -> Array:
        """The numbers of a constant. Raises `TrainingError` for what is computed."""
        found = self._constants.get(name)
        if found is None:
            raise TrainingError(f"tflite: {name} is computed, and must be a constant of the graph.")
        return found.numbers

    def value(self, name: str) -> Value:
        """As it is: in int8 where it is quantized."""
        return self._values[name]

    def real(self, name: str) -> Value:
        """In float32."""
        value = self._values[name]
        if value.scale is None:
            return value
        if name not in self._floats:
            tensor = self.model.tensor(f"{name}.real", value.shape)
            self.model.add("DEQUANTIZE", [value.tensor], tensor)
            self._floats[name] = Value(tensor, value.shape)
        return self._floats[name]

    def quantized_output(self, name: str) -> Scale | None:
        """The scale that the output ``name`` gets at once, where that is all that reads it."""
        node = self._quantizers.get(name)
        return None if node is None else self._scale_of(node)

    def wrote(self, name: str, shape: tuple[int, ...], scale: Scale | None = None) -> int:
        """A new tensor for the output ``name``."""
        kind = "float32" if scale is None else "int8"
        tensor = self.model.tensor(name, shape, kind, scale)
        self._values[name] = Value(tensor, shape, scale)
        return tensor

    def same(self, name: str, value: Value) -> None:
        """The output ``name`` is ``value`` under another name."""
        self._values[name] = value

    def begin(self, name: str, side: int) -> int:
        tensor = self.model.tensor(name, (1, side, side, 3), "uint8")
        self._values[name] = Value(tensor, (1, side, side, 3))
        return tensor

    def _scale_of(self, node: onnx.NodeProto) -> Scale:
        zero = self.array(node.input[2]) if len(node.input) > 2 else np.array(0, np.uint8)
        return Scale.of(self.array(node.input[1]), zero, attributes(node).get("axis", 1))

    def quantize(self, node: onnx.NodeProto) -> None:
        value, scale = self._values[node.input[0]], self._scale_of(node)
        if value.scale is not None and value.scale.same_as(scale):
            self.same(node.output[0], value)
            return
        tensor = self.wrote(node.output[0], value.shape, scale)
        self.model.add("QUANTIZE", [value.tensor], tensor, "QuantizeOptions")

    def dequantize(self, node: onnx.NodeProto) -> None:
        name, scale = node.input[0], self._scale_of(node)
        if name in self._constants:
            self._constants[node.output[0]] = Constant(signed(self._constants[name].numbers), scale)
        elif self._values[name].scale is None:
            self._pixels(node, self._values[name], scale)
        else:
            # The value stays in int8 until an operator asks for more.
            self.same(node.output[0], self._values[name])

    def _pixels(self, node: onnx.NodeProto, image: Value, scale: Scale) -> None:
        """The image's own numbers stand for values: the same values in int8."""
        self.model.scale(image.tensor, scale.unsigned())
        tensor = self.wrote(node.output[0], image.shape, scale)
        self.model.add("QUANTIZE", [image.tensor], tensor, "QuantizeOptions")


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}


def _quantizers(graph: onnx.GraphProto) -> dict[str, onnx.NodeProto]:
    """By the value that it reads: the one node that does, where it is a QuantizeLinear."""
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    outputs = {output.name for output in graph.output}
    return {
        name: nodes[0]
        for name, nodes in readers.items()
        if len(nodes) == 1 and nodes[0].op_type == "QuantizeLinear" and name not in outputs
    }
