"""ONNX's operators as TFLite's. Each reads its inputs from the conversion and says what it wrote.

Values of four axes are [N, H, W, C] here and [N, C, H, W] in ONNX.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx

from training.edge_export.tflite.conversion import Constant, Conversion, Value
from training.edge_export.tflite.quantized import Array, Scale
from training.errors import TrainingError

Attributes = dict[str, Any]
Convert = Callable[[Conversion, onnx.NodeProto, Attributes], None]
_SAME, _VALID = 0, 1
_NO_ACTIVATION = 0
# Where an axis of ONNX is in TFLite.
_PLACE = {0: 0, 1: 3, 2: 1, 3: 2}
_TRANSPOSED = (0, 2, 3, 1)
_BACK = (0, 3, 1, 2)
_CLIPS = {"RELU6": (0.0, 6.0), "RELU": (0.0, None)}


def _conv(c: Conversion, node: onnx.NodeProto, given: Attributes) -> None:
    weights = _constant(c, node.input[1])
    count, per_group, *kernel = weights.numbers.shape
    group = given.get("group", 1)
    depthwise = group > 1 and per_group == 1 and count % group == 0
    if group > 1 and not depthwise:
        raise TrainingError("tflite: a convolution in groups that is not depthwise is not known.")
    value, scale = _input_and_scale(c, node, weights)
    steps = given.get("strides", [1, 1])
    spread = given.get("dilations", [1, 1])
    value, padding, shape = _padded(c, node.output[0], value, kernel, steps, spread, given)
    order = (1, 2, 3, 0) if depthwise else (0, 2, 3, 1)
    inputs = [
        value.tensor,
        _weights(c, node.input[1], weights, order, in_int8=scale is not None),
        _bias(c, node, value, weights, count, in_int8=scale is not None),
    ]
    options = {
        "padding": padding,
        "strideH": steps[0],
        "strideW": steps[1],
        "dilationHFactor": spread[0],
        "dilationWFactor": spread[1],
        "fusedActivationFunction": _NO_ACTIVATION,
    }
    output = c.wrote(node.output[0], (1, *shape, count), scale)
    if depthwise:
        options["depthMultiplier"] = count // group
        c.model.add("DEPTHWISE_CONV_2D", inputs, output, "DepthwiseConv2DOptions", **options)
    else:
        c.model.add("CONV_2D", inputs, output, "Conv2DOptions", **options)


def _input_and_scale(
    c: Conversion, node: onnx.NodeProto, weights: Constant
) -> tuple[Value, Scale | None]:
    """The first input, in int8 with the scale of the output where all three are quantized."""
    value = c.value(node.input[0])
    scale = c.quantized_output(node.output[0])
    symmetric = weights.scale is not None and not weights.scale.zeros.any()
    if value.scale is None or scale is None or not symmetric:
        return c.real(node.input[0]), None
    return value, scale


def _weights(
    c: Conversion, name: str, weights: Constant, order: Sequence[int], *, in_int8: bool
) -> int:
    if not in_int8 or weights.scale is None:
        return c.model.constant(name, weights.values().transpose(order))
    axis = order.index(weights.scale.axis) if len(weights.scale.scales) > 1 else 0
    scale = Scale(weights.scale.scales, weights.scale.zeros, axis)
    return c.model.constant(name, weights.numbers.transpose(order), scale)


def _bias(
    c: Conversion,
    node: onnx.NodeProto,
    value: Value,
    weights: Constant,
    count: int,
    *,
    in_int8: bool,
) -> int:
    """In the units of the sums that it is added to."""
    given = _constant(c, node.input[2]) if len(node.input) > 2 and node.input[2] else None
    bias = np.zeros(count, np.float32) if given is None else given.values().astype(np.float32)
    if not in_int8 or value.scale is None or weights.scale is None:
        return c.model.constant(f"{node.output[0]}.bias", bias)
    scales = np.broadcast_to(value.scale.scales * weights.scale.scales, (count,))
    numbers = np.round(bias / scales).clip(-(2**31), 2**31 - 1).astype(np.int32)
    scale = Scale(np.array(scales), np.zeros(count, np.int64))
    return c.model.constant(f"{node.output[0]}.bias", numbers, scale)


def _padded(
    c: Conversion,
    name: str,
    value: Value,
    kernel: Sequence[int],
    steps: Sequence[int],
    spread: Sequence[int],
    given: Attributes,
    *,
    lowest: bool = False,
) -> tuple[Value, int, tuple[int, int]]:
    """The input, TFLite's kind of padding, and height and width of the output. Padding that TFLite
    has no kind for becomes an operator of its own: with zeros, or with the ``lowest`` number."""
    if given.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"", b"VALID") or given.get("ceil_mode"):
        raise TrainingError("tflite: a window with automatic padding or ceil_mode is not known.")
    top, left, bottom, right = given.get("pads", [0, 0, 0, 0])
    sides = value.shape[1:3]
    windows = [(size - 1) * wide + 1 for size, wide in zip(kernel, spread, strict=True)]
    whole = (sides[0] + top + bottom, sides[1] + left + right)
    shape = tuple((whole[i] - windows[i]) // steps[i] + 1 for i in range(2))
    if not any((top, left, bottom, right)):
        return value, _VALID, (shape[0], shape[1])
    same = [_same(sides[i], windows[i], steps[i]) for i in range(2)]
    if same == [(top, bottom), (left, right)]:
        return value, _SAME, (shape[0], shape[1])
    pads = np.array([[0, 0], [top, bottom], [left, right], [0, 0]], np.int32)
    larger = (1, *whole, value.shape[3])
    kind = "float32" if value.scale is None else "int8"
    tensor = c.model.tensor(f"{name}.padded", larger, kind, value.scale)
    inputs = [value.tensor, c.model.constant(f"{name}.pads", pads)]
    if lowest:
        least = np.array([np.finfo(np.float32).min if value.scale is None else -128])
        scale = value.scale and Scale(value.scale.scales, value.scale.zeros)
        inputs.append(c.model.constant(f"{name}.lowest", least.astype(kind), scale))
        c.model.add("PADV2", inputs, tensor, "PadV2Options")
    else:
        c.model.add("PAD", inputs, tensor, "PadOptions")
    return type(value)(tensor, larger, value.scale), _VALID, (shape[0], shape[1])


def _same(side: int, window: int, step: int) -> tuple[int, int]:
    """Before and after, as TFLite's SAME pads."""
    total = max((-(-side // step) - 1) * step + window - side, 0)
    return total // 2, total - total // 2


def _max_pool(c: Conversion, node: onnx.NodeProto, given: Attributes) -> None:
    value = c.value(node.input[0])
    steps = given.get("strides", [1, 1])
    kernel = given["kernel_shape"]
    # What is outside is never the largest value, as in ONNX.
    value, padding, shape = _padded(
        c, node.output[0], value, kernel, steps, [1, 1], given, lowest=True
    )
    output = c.wrote(node.output[0], (1, *shape, value.shape[3]), value.scale)
    c.model.add(
        "MAX_POOL_2D",
        [value.tensor],
        output,
        "Pool2DOptions",
        padding=padding,
        strideH=steps[0],
        strideW=steps[1],
        filterHeight=kernel[0],
        filterWidth=kernel[1],
        fusedActivationFunction=_NO_ACTIVATION,
    )


def _both(operator: str, options: str) -> Convert:
    """An operator on two values of any shapes that fit."""

    def convert(c: Conversion, node: onnx.NodeProto, _given: Attributes) -> None:
        scale = c.quantized_output(node.output[0])
        known = [c.constant(name) is None for name in node.input]
        if all(known) and scale and all(c.value(name).scale for name in node.input):
            values = [c.value(name) for name in node.input]
        else:
            scale, values = None, [_real(c, name, 4) for name in node.input]
        shape = np.broadcast_shapes(*(value.shape for value in values))
        output = c.wrote(node.output[0], shape, scale)
        c.model.add(operator, [value.tensor for value in values], output, options)

    return convert


def _real(c: Conversion, name: str, axes: int) -> Value:
    """In float32, also where it is a constant, whose shape is that of ONNX's order of axes."""
    if (constant := c.constant(name)) is None:
        return c.real(name)
    values = constant.values().astype(np.float32)
    if values.ndim > 1:
        values = values.reshape((1,) * (axes - values.ndim) + values.shape).transpose(_TRANSPOSED)
    return Value(c.model.constant(name, values), values.shape)


def _alone(operator: str) -> Convert:
    """An operator on each number."""

    def convert(c: Conversion, node: onnx.NodeProto, _given: Attributes) -> None:
        value = c.real(node.input[0])
        c.model.add(operator, [value.tensor], c.wrote(node.output[0], value.shape))

    return convert


def _clip(c: Conversion, node: onnx.NodeProto, given: Attributes) -> None:
    low, high = (float(c.array(name)) if name else None for name in (*node.input, "", "")[1:3])
    bounds = low, high
    operator = next((name for name, known in _CLIPS.items() if known == bounds), None)
    if operator is None:
        raise TrainingError(f"tflite: a clip to {low}..{high} is not known.")
    _alone(operator)(c, node, given)


def _cast(c: Conversion, node: onnx.NodeProto, given: Attributes) -> None:
    if given["to"] != onnx.TensorProto.FLOAT:
        raise TrainingError("tflite: a cast to anything but float32 is not known.")
    value = c.value(node.input[0])
    output = c.wrote(node.output[0], value.shape)
    c.model.add("CAST", [value.tensor], output, "CastOptions", inDataType=3, outDataType=0)


def _transpose(c: Conversion, node: onnx.NodeProto, given: Attributes) -> None:
    if tuple(given.get("perm", ())) != _BACK:
        raise TrainingError("tflite: a change of axes other than that of the image is not known.")
    c.same(node.output[0], c.value(node.input[0]))


def _reduce_mean(c: Conversion, node: onnx.NodeProto, given: Attributes) -> None:
    axes = c.array(node.input[1]) if len(node.input) > 1 else np.array(given["axes"])
    _mean(c, node, [_PLACE[int(axis) % 4] for axis in axes], bool(given.get("keepdims", 1)))


def _global_pool(c: Conversion, node: onnx.NodeProto, _given: Attributes) -> None:
    _mean(c, node, [1, 2], keep=True)


def _mean(c: Conversion, node: onnx.NodeProto, axes: Sequence[int], keep: bool) -> None:
    value = c.real(node.input[0])
    kept = [1 if i in axes else size for i, size in enumerate(value.shape)]
    shape = tuple(kept if keep else [size for i, size in enumerate(kept) if i not in axes])
    output = c.wrote(node.output[0], shape)
    where = c.model.constant(f"{node.output[0]}.axes", np.array(sorted(axes), np.int32))
    c.model.add("MEAN", [value.tensor, where], output, "ReducerOptions", keepDims=keep)


def _flatten(c: Conversion, node: onnx.NodeProto, _given: Attributes) -> None:
    value = c.real(node.input[0])
    if len(value.shape) == 4 and max(value.shape[1:3]) > 1:
        turned = tuple(value.shape[i] for i in _BACK)
        tensor = c.model.tensor(f"{node.output[0]}.turned", turned)
        order = c.model.constant(f"{node.output[0]}.order", np.array(_BACK, np.int32))
        c.model.add("TRANSPOSE", [value.tensor, order], tensor, "TransposeOptions")
        value = type(value)(tensor, turned)
    shape = (1, int(np.prod(value.shape)))
    wanted = c.model.constant(f"{node.output[0]}.shape", np.array(shape, np.int32))
    output = c.wrote(node.output[0], shape)
    c.model.add("RESHAPE", [value.tensor, wanted], output, "ReshapeOptions", newShape=list(shape))


def _gemm(c: Conversion, node: onnx.NodeProto, given: Attributes) -> None:
    if given.get("transA") or given.get("alpha", 1.0) != 1 or given.get("beta", 1.0) != 1:
        raise TrainingError("tflite: a product with other factors is not known.")
    weights = _constant(c, node.input[1]).values()
    _product(c, node, weights if given.get("transB") else weights.T)


def _matmul(c: Conversion, node: onnx.NodeProto, _given: Attributes) -> None:
    _product(c, node, _constant(c, node.input[1]).values().T)


def _product(c: Conversion, node: onnx.NodeProto, weights: Array) -> None:
    """Of [1, F] and weights [C, F]."""
    value = c.real(node.input[0])
    if len(value.shape) != 2 or weights.ndim != 2:
        raise TrainingError("tflite: a product of other than two axes is not known.")
    bias = np.zeros(len(weights), np.float32)
    if len(node.input) > 2:
        bias = bias + _constant(c, node.input[2]).values().astype(np.float32).reshape(-1)
    inputs = [
        value.tensor,
        c.model.constant(f"{node.output[0]}.weights", weights.astype(np.float32)),
        c.model.constant(f"{node.output[0]}.bias", bias),
    ]
    output = c.wrote(node.output[0], (1, len(weights)))
    c.model.add("FULLY_CONNECTED", inputs, output, "FullyConnectedOptions")


def _concat(c: Conversion, node: onnx.NodeProto, given: Attributes) -> None:
    values = [c.real(name) for name in node.input]
    axis = _PLACE[given["axis"] % 4] if len(values[0].shape) == 4 else given["axis"]
    shape = list(values[0].shape)
    shape[axis] = sum(value.shape[axis] for value in values)
    output = c.wrote(node.output[0], tuple(shape))
    tensors = [value.tensor for value in values]
    c.model.add("CONCATENATION", tensors, output, "ConcatenationOptions", axis=axis)


def _identity(c: Conversion, node: onnx.NodeProto, _given: Attributes) -> None:
    c.same(node.output[0], c.value(node.input[0]))


def _constant(c: Conversion, name: str) -> Constant:
    found = c.constant(name)
    if found is None:
        raise TrainingError(f"tflite: {name} is computed, and must be a constant of the graph.")
    return found


OPERATORS: dict[str, Convert] = {
    "Add": _both("ADD", "AddOptions"),
    "Cast": _cast,
    "Clip": _clip,
    "Concat": _concat,
    "Conv": _conv,
    "Div": _both("DIV", "DivOptions"),
    "Dropout": _identity,
    "Flatten": _flatten,
    "Gemm": _gemm,
    "GlobalAveragePool": _global_pool,
    "HardSwish": _alone("HARD_SWISH"),
    "Identity": _identity,
    "MatMul": _matmul,
    "MaxPool": _max_pool,
    "Mul": _both("MUL", "MulOptions"),
    "ReduceMean": _reduce_mean,
    "Relu": _alone("RELU"),
    "Sigmoid": _alone("LOGISTIC"),
    "Sub": _both("SUB", "SubOptions"),
    "Transpose": _transpose,
}
