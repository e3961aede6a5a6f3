"""The same graph in operators for which ONNX Runtime has better kernels.

Each function changes ``model`` in place and leaves alone what does not have the expected form. The
gain of each was measured per kernel with ONNX Runtime's profiler.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, helper, numpy_helper

FloatArray = npt.NDArray[np.float64]

RUNTIME_DOMAIN = "com.microsoft"

# Standard deviations that the border of an image may be off by.
_MOST_OFF = 0.25


def pool_globally(model: ModelProto) -> None:
    """ReduceMean over height and width as GlobalAveragePool, where the dimensions are kept.

    Squeeze-and-excitation begins with it. ReduceMean has no kernel for the blocked layout of fp32
    convolutions and none for int8: the map would be reordered or converted for it.
    """
    constants = Constants(model)
    for node in model.graph.node:
        if node.op_type != "ReduceMean" or len(node.input) < 2 or node.input[1] not in constants:
            continue
        axes = sorted(int(axis) % 4 for axis in constants[node.input[1]].ravel())
        if axes == [2, 3] and _attribute(node, "keepdims", 1) == 1:
            pool = helper.make_node("GlobalAveragePool", node.input[:1], node.output, node.name)
            node.CopyFrom(pool)


def normalise_by_convolution(model: ModelProto) -> None:
    """Each (pixels - mean) / std as one convolution per channel.

    The runtime moves the change of layout that int8 convolutions need ahead of Sub and Div, which
    then broadcast over three interleaved channels, 30 times as slow.
    """
    constants = Constants(model)
    subtractions = {node.output[0]: node for node in model.graph.node if node.op_type == "Sub"}
    for node in list(model.graph.node):
        if node.op_type != "Div" or node.input[0] not in subtractions:
            continue
        subtract = subtractions[node.input[0]]
        if {subtract.input[1], node.input[1]} <= constants.keys():
            mean, std = constants[subtract.input[1]].ravel(), constants[node.input[1]].ravel()
            pixels, name, target = subtract.input[0], f"normalise_{node.name}", node.output[0]
            node.CopyFrom(_channelwise(model, name, pixels, target, 1 / std, -mean / std))
            model.graph.node.remove(subtract)


def normalise_in_convolution(model: ModelProto, names: Collection[str]) -> None:
    """Each (pixels - mean) / std ahead of one of the convolutions ``names``, as part of its weights
    and bias.

    What is left ahead of it are the pixels less one whole number for all channels: as uint8 with
    that zero point they are the bytes that enter the graph (`enter_as_bytes`). Around the image the
    convolution then sees that number in place of each channel's own mean, a fifth of a standard
    deviation away with ImageNet's; where it is more than `_MOST_OFF` nothing is changed.
    """
    constants = Constants(model)
    by_output = {name: node for node in model.graph.node for name in node.output}
    for divide in [node for node in model.graph.node if node.op_type == "Div"]:
        subtract = by_output.get(divide.input[0])
        readers = [node for node in model.graph.node if divide.output[0] in node.input]
        if subtract is None or subtract.op_type != "Sub" or len(readers) != 1:
            continue
        (convolution,) = readers
        inputs = [subtract.input[1], divide.input[1], *convolution.input[1:]]
        if convolution.name not in names or not set(inputs) <= constants.keys() or len(inputs) < 4:
            continue
        mean, std, weight, bias = (constants[name] for name in inputs)
        zero = np.round(mean.mean())
        if weight.ndim != 4 or weight.shape[1] != mean.size or std.size != mean.size:
            continue
        if (np.abs(zero - mean) > _MOST_OFF * std).any():
            continue
        scaled = weight / std.reshape(1, -1, 1, 1)
        shift = (scaled.sum(axis=(2, 3)) * (zero - mean).ravel()).sum(axis=1)
        name = f"{convolution.name}.of_pixels"
        new = {f"{name}.weight": scaled, f"{name}.bias": bias + shift, f"{name}.zero": zero}
        for constant, values in new.items():
            tensor = numpy_helper.from_array(np.asarray(values, np.float32), constant)
            model.graph.initializer.append(tensor)
        weight_name, bias_name, zero_name = new
        subtract.input[1] = zero_name
        subtract.name = name
        convolution.input[:] = [subtract.output[0], weight_name, bias_name]
        model.graph.node.remove(divide)


def pixels_less_zero(model: ModelProto) -> dict[str, float]:
    """The tensors that `normalise_in_convolution` left, each with the number that it subtracts."""
    constants = Constants(model)
    return {
        node.output[0]: float(constants[node.input[1]])
        for node in model.graph.node
        if node.op_type == "Sub" and node.name.endswith(".of_pixels")
    }


def enter_as_bytes(model: ModelProto) -> None:
    """Cast, Sub and QuantizeLinear of pixels, where they give the pixels again, as nothing."""
    constants = Constants(model)
    by_output = {name: node for node in model.graph.node for name in node.output}
    zeros = pixels_less_zero(model)
    for quantize in [node for node in model.graph.node if node.op_type == "QuantizeLinear"]:
        zero = zeros.get(quantize.input[0])
        if zero is None:
            continue
        scale, point = (float(constants[name]) for name in quantize.input[1:])
        subtract = by_output[quantize.input[0]]
        cast = by_output.get(subtract.input[0])
        if (scale, point) != (1.0, zero) or cast is None or cast.op_type != "Cast":
            continue
        for node in model.graph.node:
            node.input[:] = [
                cast.input[0] if name == quantize.output[0] else name for name in node.input
            ]
        model.graph.node.remove(quantize)
        for node in (subtract, cast):
            if not any(node.output[0] in other.input for other in model.graph.node):
                model.graph.node.remove(node)
    drop_unused_weights(model)


def batch_norm_by_convolution(model: ModelProto) -> None:
    """Each BatchNormalization as one convolution per channel.

    DenseNet's norms stand ahead of a ReLU and cannot be folded. BatchNormalization has no int8
    kernel; a convolution has one, which absorbs the ReLU.
    """
    constants = Constants(model)
    for node in model.graph.node:
        if node.op_type == "BatchNormalization" and set(node.input[1:]) <= constants.keys():
            scale, shift, mean, variance = (constants[name] for name in node.input[1:])
            scale = scale / np.sqrt(variance + _attribute(node, "epsilon", 1e-5))
            node.CopyFrom(
                _channelwise(
                    model, node.name, node.input[0], node.output[0], scale, shift - mean * scale
                )
            )


def fold_unsqueeze(model: ModelProto) -> None:
    """Unsqueeze of a constant as that constant: only then is it seen to be a weight.

    The head's linear layers are applied at every location as convolutions.
    """
    constants = Constants(model)
    for node in list(model.graph.node):
        if node.op_type == "Unsqueeze" and set(node.input) <= constants.keys():
            axes = tuple(int(axis) for axis in constants[node.input[1]].ravel())
            folded = np.expand_dims(constants[node.input[0]].astype(np.float32), axes)
            model.graph.initializer.append(numpy_helper.from_array(folded, node.output[0]))
            model.graph.node.remove(node)


def logits_from_map(model: ModelProto, weights: int) -> None:
    """The logits of a linear head with at least so many ``weights`` as the mean of its map.

    The head is applied twice, to the pooled features and at every location, and the mean of the map
    is the logits. Of many classes the head is a large part of a small network's file: so it is kept
    once, and in int8.
    """
    constants = Constants(model)
    by_output = {name: node for node in model.graph.node for name in node.output}
    head, at_locations = by_output.get("logits"), by_output.get("cam")
    if head is None or head.op_type != "Gemm" or at_locations is None:
        return
    names = {*head.input[1:], *at_locations.input[1:]}
    if at_locations.op_type != "Conv" or not constants.keys() >= names:
        return
    weight, kernel = constants[head.input[1]], constants[at_locations.input[1]]
    # Behind other layers of the head the mean of the map is something else.
    if not _pooled_from(head.input[0], at_locations.input[0], by_output):
        return
    same = head.input[2:] == at_locations.input[2:] and _attribute(head, "transB", 0) == 1
    if same and weight.size >= weights and np.array_equal(weight.ravel(), kernel.ravel()):
        model.graph.node.remove(head)
        pool = helper.make_node("GlobalAveragePool", ["cam"], ["cam_mean"], "logits_pool")
        flatten = helper.make_node("Flatten", ["cam_mean"], ["logits"], "logits_flatten")
        model.graph.node.extend([pool, flatten])


def _pooled_from(pooled: str, features: str, by_output: Mapping[str, NodeProto]) -> bool:
    """Whether ``pooled`` is the mean of ``features`` and nothing else."""
    passed = {"Flatten", "Reshape", "Squeeze", "GlobalAveragePool", "ReduceMean", "AveragePool"}
    while pooled != features:
        node = by_output.get(pooled)
        if node is None or node.op_type not in passed:
            return False
        pooled = node.input[0]
    return True


def keep_in_fp32(model: ModelProto, names: Collection[str]) -> None:
    """The convolutions ``names`` as ONNX Runtime's own FusedConv, without a fused activation.

    Its optimizer makes a Conv that stands between quantized tensors int8 itself, with one scale for
    all channels (weight_bias_quantization.cc), which is what such a node was left out to avoid.
    """
    for node in model.graph.node:
        if node.op_type == "Conv" and node.name in names:
            node.op_type, node.domain = "FusedConv", RUNTIME_DOMAIN
    if all(entry.domain != RUNTIME_DOMAIN for entry in model.opset_import):
        model.opset_import.append(helper.make_opsetid(RUNTIME_DOMAIN, 1))


def drop_unused_weights(model: ModelProto) -> None:
    """Remove the initializers that no node reads."""
    used = {name for node in model.graph.node for name in node.input}
    for tensor in list(model.graph.initializer):
        if tensor.name not in used:
            model.graph.initializer.remove(tensor)


def strip_metadata(model: ModelProto) -> None:
    """Drop what exporter and quantizer note of their sources: stack traces with this machine's
    paths."""
    described: list[Any] = [model, model.graph, *model.graph.node, *model.graph.value_info]
    described += [*model.graph.input, *model.graph.output, *model.graph.initializer]
    for item in described:
        item.ClearField("doc_string")
        if item is not model:
            item.ClearField("metadata_props")


def opset_of(model: ModelProto) -> int:
    """The version of the standard operators."""
    return int(next(entry.version for entry in model.opset_import if entry.domain == ""))


class Constants(Mapping[str, FloatArray]):
    """The weights of a graph by name, in double precision, converted when they are looked at."""

    def __init__(self, model: ModelProto) -> None:
        self._tensors = {tensor.name: tensor for tensor in model.graph.initializer}

    def __getitem__(self, name: str) -> FloatArray:
        return numpy_helper.to_array(self._tensors[name]).astype(np.float64)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)


def _channelwise(
    model: ModelProto, name: str, source: str, target: str, scale: FloatArray, shift: FloatArray
) -> NodeProto:
    """``scale`` [C] * source + ``shift`` [C] as a convolution, its weights added to ``model``."""
    weights = {f"{name}.scale": scale.reshape(-1, 1, 1, 1), f"{name}.shift": shift}
    for weight, values in weights.items():
        model.graph.initializer.append(numpy_helper.from_array(values.astype(np.float32), weight))
    return helper.make_node(
        "Conv", [source, *weights], [target], name, group=len(scale), kernel_shape=[1, 1]
    )


def _attribute(node: NodeProto, name: str, default: float) -> float:
    for attribute in node.attribute:
        if attribute.name == name:
            return float(helper.get_attribute_value(attribute))
    return default
