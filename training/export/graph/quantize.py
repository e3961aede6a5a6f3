"""int8 forms of an fp32 graph."""

import copy
from collections.abc import Collection, Mapping

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, shape_inference
from onnxruntime.quantization import CalibrationMethod, QDQQuantizer, QuantType
from onnxruntime.quantization.calibrate import TensorsData

from training.export.graph.bias_correction import correct_bias
from training.export.graph.observed import ObservedActivations
from training.export.graph.ranges import RangeRule
from training.export.graph.rewrites import (
    batch_norm_by_convolution,
    drop_unused_weights,
    enter_as_bytes,
    fold_unsqueeze,
    keep_in_fp32,
    logits_from_map,
    normalise_by_convolution,
    normalise_in_convolution,
    pixels_less_zero,
    strip_metadata,
)
from visionflow.images.pipeline import UInt8Array
from visionflow.sentences import say

# Operators with an int8 kernel in ONNX Runtime, or that its int8 kernels take in.
ELEMENTWISE = ("Add", "Mul", "Sigmoid", "Concat")
COMPUTING = ("Conv", "MatMul", *ELEMENTWISE, "AveragePool", "MaxPool")
ABSORBED = ("Relu", "Clip")

COLOURS = 3
MOST_PIXEL = 255

# Weights of a head from which on it would be a large part of the file in fp32: 1 MB.
LARGE_HEAD = 2**18

# The largest weight of a channel is rounded to this integer.
LEVELS = 127
LEVELS_7_BITS = 64
FULL_RANGE = {
    "axis": 0,
    "quant_type": QuantType.QInt8,
    "symmetric": True,
    "reduce_range": False,
}


class Quantizer:
    """Makes int8 forms of ``fp32``, calibrated on training images [N, H, W, 3].

    Static quantization in QDQ form: uint8 activations, int8 weights with a scale for each output
    channel, corrected biases. With ``reduce_range`` weights use 7 of the 8 bits: without VNNI uint8
    x int8 products saturate in 16 bits
    (https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html), and Lambda on
    x86 promises no more than AVX2. Depthwise convolutions keep all 8: their kernel adds in 32 bits
    (qdwconv_avx2.cpp of ONNX Runtime), and with nine weights each they lose most by rounding.

    These stay in fp32: a small head on the pooled features, which costs nothing (of a large one see
    `logits_from_map`), and the first convolution with the normalisation, because with three input
    channels int8 is no faster. Ahead of a max pooling it becomes int8, because max pooling on int8
    is slow in any layout but that of convolutions; then the image's bytes enter it as they are.
    """

    def __init__(self, fp32: ModelProto, images: UInt8Array, *, reduce_range: bool) -> None:
        self._graph = _prepared(fp32)
        self._reduce_range = reduce_range
        self.images = images
        kernels = _kernels(self._graph)
        self.fixed = _kept_in_fp32(self._graph, kernels)
        floats = _float_tensors(self._graph)
        candidates = [
            node for node in _ahead_of_convolutions(self._graph) if node.output[0] in floats
        ]
        computing = [
            node
            for node in candidates
            if node.op_type in COMPUTING
            and node.name not in self.fixed
            and (node.op_type != "Conv" or node.name in kernels)
        ]
        absorbed = [node for node in candidates if node.op_type in ABSORBED]
        self.nodes = tuple(node.name for node in computing)
        self._depthwise = {name for name, shape in kernels.items() if shape[1] == 1}
        self._absorbed = {node.input[0]: node.name for node in absorbed}
        # Of an activation that a kernel absorbs, only the output will be quantized.
        self._hidden = {
            node.input[0]: node.output[0]
            for node in absorbed
            if sum(node.input[0] in other.input for other in self._graph.graph.node) == 1
        }
        touched = {name for node in computing + absorbed for name in (*node.input, *node.output)}
        convolved = {node.input[0] for node in computing if node.op_type == "Conv"}
        observed = (touched & floats) - self._hidden.keys()
        self._activations = ObservedActivations(self._graph, observed, convolved, images)

    @property
    def scheme(self) -> str:
        """In words, for the manifest."""
        return say("scheme", bits=7 if self._reduce_range else 8)

    def quantize(self, calibration: RangeRule, without: Collection[str] = ()) -> ModelProto:
        """All of `nodes` in int8 but those in ``without``, with the activations behind them."""
        nodes = [name for name in self.nodes if name not in without]
        graph = copy.deepcopy(self._graph)
        keep_in_fp32(graph, without)
        members = [node for node in graph.graph.node if node.name in nodes]
        absorbed = [
            self._absorbed[node.output[0]] for node in members if node.output[0] in self._absorbed
        ]
        full_range = {}
        for node in members:
            if node.op_type == "Conv":
                levels = LEVELS_7_BITS if self._reduce_range else LEVELS
                if node.name in self._depthwise:
                    levels = LEVELS
                    full_range[node.input[1]] = [FULL_RANGE]
                correct_bias(graph, node, self._activations.means()[node.input[0]], levels)
        ranges = dict(self._activations.ranges(calibration))
        ranges |= {hidden: ranges[name] for hidden, name in self._hidden.items()}
        for name, zero in pixels_less_zero(graph).items():
            ranges[name] = (-zero, MOST_PIXEL - zero)
        quantizer = QDQQuantizer(
            graph,
            per_channel=True,
            reduce_range=self._reduce_range,
            weight_qType=QuantType.QInt8,
            activation_qType=QuantType.QUInt8,
            tensors_range=TensorsData(
                CalibrationMethod.MinMax,
                {name: (np.float32(low), np.float32(high)) for name, (low, high) in ranges.items()},
            ),
            nodes_to_quantize=[*nodes, *absorbed],
            nodes_to_exclude=[],
            op_types_to_quantize=[*COMPUTING, *ABSORBED],
            extra_options={"TensorQuantOverrides": full_range},
        )
        quantizer.quantize_model()
        quantizer.model.topological_sort()
        model: ModelProto = quantizer.model.model
        enter_as_bytes(model)
        strip_metadata(model)
        onnx.checker.check_model(model)
        return model


def _prepared(fp32: ModelProto) -> ModelProto:
    """A copy in the operators that int8 kernels exist for, with the type of every tensor."""
    model = copy.deepcopy(fp32)
    fold_unsqueeze(model)
    int8_first = [
        node.name
        for node in model.graph.node
        if node.op_type == "Conv" and _feeds_max_pool(model, node)
    ]
    normalise_in_convolution(model, int8_first)
    normalise_by_convolution(model)
    batch_norm_by_convolution(model)
    logits_from_map(model, LARGE_HEAD)
    drop_unused_weights(model)
    return shape_inference.infer_shapes(model)


def _kernels(model: ModelProto) -> dict[str, tuple[int, ...]]:
    """The weights' shape [outputs, inputs of a group, height, width] of each convolution over
    images. Foreign networks have others, of vectors or with computed weights."""
    shapes = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    convolutions = (node for node in model.graph.node if node.op_type == "Conv")
    found = {node.name: shapes.get(node.input[1], ()) for node in convolutions}
    return {name: shape for name, shape in found.items() if len(shape) == 4}


def _kept_in_fp32(model: ModelProto, kernels: Mapping[str, tuple[int, ...]]) -> tuple[str, ...]:
    """The names of the convolutions that never become int8."""
    return tuple(
        node.name
        for node in model.graph.node
        if kernels.get(node.name, ())[:2] == (COLOURS, 1)
        or (kernels.get(node.name, ())[1:2] == (COLOURS,) and not _feeds_max_pool(model, node))
    )


def _feeds_max_pool(model: ModelProto, node: NodeProto) -> bool:
    """Whether a max pooling follows ``node``, right behind it or behind its activation."""
    following = [other for other in model.graph.node if node.output[0] in other.input]
    return any(
        other.op_type == "MaxPool" or (other.op_type in ABSORBED and _feeds_max_pool(model, other))
        for other in following
    )


def _ahead_of_convolutions(model: ModelProto) -> list[NodeProto]:
    """Convolutions and what they depend on, all but the head on pooled features, where int8 pays.

    It does not for products of two activations, as in attention, nor for elementwise nodes without
    a convolution beside them: a transformer adds in a wide range, which has to be float again for
    the next layer norm.
    """
    needed: set[str] = set()
    ahead = []
    for node in reversed(model.graph.node):
        if node.op_type == "Conv" or needed & set(node.output):
            needed |= set(node.input)
            ahead.append(node)
    weights = {tensor.name for tensor in model.graph.initializer}
    beside = _beside_convolutions(model)
    return [
        node
        for node in reversed(ahead)
        if (node.op_type != "MatMul" or node.input[1] in weights)
        and (node.op_type not in ELEMENTWISE or node.output[0] in beside)
    ]


def _beside_convolutions(model: ModelProto) -> set[str]:
    """The tensors that convolutions read or write, or that reach one through nothing but nodes
    that an int8 kernel exists for."""
    found: set[str] = set()
    size = -1
    while len(found) > size:
        size = len(found)
        for node in model.graph.node:
            tensors = {*node.input[:1], *node.output} if node.op_type == "Conv" else set()
            if node.op_type in (*COMPUTING, *ABSORBED) and node.op_type not in ("Conv", "MatMul"):
                tensors = {*node.input, *node.output}
                tensors = tensors if tensors & found else set()
            found |= tensors
    return found


def _float_tensors(model: ModelProto) -> set[str]:
    """The names of what nodes compute in float32."""
    types = {
        value.name: value.type.tensor_type.elem_type
        for value in [*model.graph.value_info, *model.graph.output]
    }
    computed = {output for node in model.graph.node for output in node.output}
    return {name for name in computed if types.get(name) == onnx.TensorProto.FLOAT}
