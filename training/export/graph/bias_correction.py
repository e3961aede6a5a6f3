"""Biases that compensate for the mean error of rounded weights.

Nagel et al. 2019, section 4.2 (arXiv:1906.04721): a rounded weight shifts the mean of its output by
its error times the mean of its input. A depthwise kernel has only nine weights, too few for the
errors to cancel out, and all later layers see the shift. In MobileNetV2 with 7-bit weights it
causes most of the error of the logits.
"""

import numpy as np
from onnx import ModelProto, NodeProto, helper, numpy_helper

from training.export.graph.observed import Values
from training.export.graph.rewrites import Constants


def correct_bias(model: ModelProto, node: NodeProto, mean: Values, levels: int) -> None:
    """Give the convolution ``node`` of ``model`` the bias that its rounded weights need.

    ``mean``: of its input over images, [1, C, h, w]. ``levels``: the largest weight of a channel
    is rounded to this integer.
    """
    constants = Constants(model)
    weight = np.asarray(constants[node.input[1]], np.float32)
    bias = constants[node.input[2]] if len(node.input) > 2 else np.zeros(len(weight))
    corrected = np.asarray(bias - _mean_shift(node, weight, mean, levels), np.float32)
    # Under a name of its own: two nodes may share a bias, but not the correction.
    name = f"{node.name}.corrected_bias"
    model.graph.initializer.append(numpy_helper.from_array(corrected, name))
    del node.input[2:]
    node.input.append(name)


def _mean_shift(node: NodeProto, weight: Values, mean: Values, levels: int) -> Values:
    """How much the mean of each output channel grows by the rounding, [C]."""
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    top, left, bottom, right = attributes.get("pads", (0, 0, 0, 0))
    down, across = attributes.get("strides", (1, 1))
    apart = attributes.get("dilations", (1, 1))
    groups = attributes.get("group", 1)
    inputs = np.pad(mean[0], ((0, 0), (top, bottom), (left, right)))
    kernel = weight.shape[2:]
    rows, columns = (
        1 + (side - step * (count - 1) - 1) // stride
        for side, step, count, stride in zip(
            inputs.shape[1:], apart, kernel, (down, across), strict=True
        )
    )
    # The mean over the places that each weight is multiplied with.
    seen = np.empty((len(inputs), *kernel))
    for y, x in np.ndindex(*kernel):
        seen[:, y, x] = inputs[:, y * apart[0] :: down, x * apart[1] :: across][
            :, :rows, :columns
        ].mean(axis=(1, 2))
    error = rounded(weight, levels) - weight
    shift: Values = np.einsum(
        "goiyx,giyx->go",
        error.reshape(groups, -1, *error.shape[1:]),
        seen.reshape(groups, -1, *kernel),
    ).ravel()
    return shift


def rounded(weight: Values, levels: int) -> Values:
    """``weight`` [C, ...] as symmetric quantization with a scale for each C reproduces it."""
    largest = np.abs(weight).max(axis=tuple(range(1, weight.ndim)), keepdims=True)
    scale = np.maximum(largest / levels, np.finfo(np.float32).tiny)
    return np.asarray(np.round(weight / scale) * scale, np.float32)
