"""A TFLite model under construction: tensors, operators and a signature, by LiteRT's own schema."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from training.edge_export.tflite.quantized import Array, Scale

_IDENTIFIER = b"TFL3"
_TYPES = {"float32": "FLOAT32", "int8": "INT8", "uint8": "UINT8", "int32": "INT32"}
_SCHEMA_VERSION = 3
# The versions in which operators take int8, where that is not the first.
_VERSIONS = {
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D"), 3),
    **dict.fromkeys(
        ("ADD", "MUL", "SUB", "PAD", "PADV2", "MAX_POOL_2D", "AVERAGE_POOL_2D", "MEAN"), 2
    ),
    **dict.fromkeys(("CONCATENATION", "TRANSPOSE", "LOGISTIC", "DEQUANTIZE", "QUANTIZE"), 2),
    "FULLY_CONNECTED": 4,
}
_MOST_OLD_CODE = 127


class Model:
    """Tensors are called by their index."""

    def __init__(self) -> None:
        from ai_edge_litert import schema_py_generated as schema  # noqa: PLC0415  only of tflite

        self._schema: Any = schema
        self._graph = schema.SubGraphT()
        self._graph.tensors, self._graph.operators = [], []
        # The first buffer is that of tensors without data.
        self._buffers = [schema.BufferT()]
        self._codes: dict[str, int] = {}

    def tensor(
        self,
        name: str,
        shape: Sequence[int],
        kind: str = "float32",
        scale: Scale | None = None,
        data: Array | None = None,
    ) -> int:
        """A new tensor of numpy's ``kind``; with ``data`` it is a constant."""
        made = self._schema.TensorT()
        made.name, made.shape = name, list(shape)
        made.type = getattr(self._schema.TensorType, _TYPES[kind])
        made.buffer = 0
        if data is not None:
            buffer = self._schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            self._buffers.append(buffer)
            made.buffer = len(self._buffers) - 1
        self._graph.tensors.append(made)
        tensor = len(self._graph.tensors) - 1
        if scale is not None:
            self.scale(tensor, scale)
        return tensor

    def scale(self, tensor: int, scale: Scale) -> None:
        """Say what the numbers of a tensor stand for."""
        found = self._schema.QuantizationParametersT()
        found.scale, found.zeroPoint = scale.scales.tolist(), scale.zeros.tolist()
        found.quantizedDimension = scale.axis
        self._graph.tensors[tensor].quantization = found

    def constant(self, name: str, data: Array, scale: Scale | None = None) -> int:
        return self.tensor(name, data.shape, data.dtype.name, scale, data)

    def add(
        self,
        operator: str,
        inputs: Sequence[int],
        output: int,
        options: str = "",
        **values: Any,
    ) -> None:
        """An operator such as ``CONV_2D``, with the fields of its ``options`` such as
        ``Conv2DOptions``."""
        made = self._schema.OperatorT()
        made.opcodeIndex = self._codes.setdefault(operator, len(self._codes))
        made.inputs, made.outputs = list(inputs), [output]
        if options:
            made.builtinOptionsType = getattr(self._schema.BuiltinOptions, options)
            made.builtinOptions = getattr(self._schema, f"{options}T")()
            for name, value in values.items():
                if not hasattr(made.builtinOptions, name):
                    raise AttributeError(name)
                setattr(made.builtinOptions, name, value)
        self._graph.operators.append(made)

    def to_bytes(self, inputs: Mapping[str, int], outputs: Mapping[str, int]) -> bytes:
        """The file, whose one signature names ``inputs`` and ``outputs``."""
        import flatbuffers  # noqa: PLC0415  comes with ai-edge-litert

        self._graph.inputs, self._graph.outputs = list(inputs.values()), list(outputs.values())
        model = self._schema.ModelT()
        model.version, model.description = _SCHEMA_VERSION, "visionflow"
        model.subgraphs, model.buffers = [self._graph], self._buffers
        model.operatorCodes = [self._code(name) for name in self._codes]
        signature = self._schema.SignatureDefT()
        signature.signatureKey, signature.subgraphIndex = "serving_default", 0
        signature.inputs, signature.outputs = self._mapped(inputs), self._mapped(outputs)
        model.signatureDefs = [signature]
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), _IDENTIFIER)
        return bytes(builder.Output())

    def _code(self, name: str) -> Any:
        made = self._schema.OperatorCodeT()
        made.builtinCode = getattr(self._schema.BuiltinOperator, name)
        made.deprecatedBuiltinCode = min(made.builtinCode, _MOST_OLD_CODE)
        made.version = _VERSIONS.get(name, 1)
        return made

    def _mapped(self, tensors: Mapping[str, int]) -> list[Any]:
        found = []
        for name, tensor in tensors.items():
            made = self._schema.TensorMapT()
            made.name, made.tensorIndex = name, tensor
            found.append(made)
        return found
