"""Rounded weights whose outputs keep their means."""

import numpy as np
import pytest
import torch
from onnx import ModelProto, TensorProto, helper, numpy_helper
from torch.nn import functional

from training.export.graph.bias_correction import correct_bias, rounded
from training.export.graph.rewrites import Constants


def convolution(
    weight: np.ndarray, bias: np.ndarray | None, stride: int, padding: int, groups: int
) -> ModelProto:
    arrays = {"weight": weight} | ({} if bias is None else {"bias": bias})
    node = helper.make_node(
        "Conv",
        ["x", *arrays],
        ["y"],
        "conv",
        strides=[stride] * 2,
        pads=[padding] * 4,
        group=groups,
    )
    shapes = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * 4) for name in ("x", "y")
    ]
    weights = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    return helper.make_model(helper.make_graph([node], "one", shapes[:1], shapes[1:], weights))


@pytest.mark.parametrize(
    ("stride", "padding", "groups", "with_bias"),
    [(1, 1, 1, True), (2, 1, 1, False), (1, 0, 4, True), (2, 2, 4, False)],
)
def test_the_mean_of_the_output_is_kept(
    stride: int, padding: int, groups: int, with_bias: bool
) -> None:
    generator = torch.Generator().manual_seed(stride + padding)
    weight = torch.randn((8, 4 // groups, 3, 3), generator=generator)
    bias = torch.randn(8, generator=generator) if with_bias else None
    # As behind a ReLU: with a mean that rounding errors are multiplied by.
    x = torch.rand((20, 4, 9, 9), generator=generator) * 5

    def run(weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        return functional.conv2d(x, weight, bias, stride, padding, groups=groups).mean((0, 2, 3))

    model = convolution(
        weight.numpy(), None if bias is None else bias.numpy(), stride, padding, groups
    )
    coarse = torch.from_numpy(rounded(weight.numpy(), levels=3))
    correct_bias(model, model.graph.node[0], x.mean(dim=0, keepdim=True).numpy(), levels=3)
    corrected = torch.from_numpy(Constants(model)[model.graph.node[0].input[2]].astype(np.float32))
    assert not torch.allclose(run(coarse, bias), run(weight, bias), atol=0.1)
    torch.testing.assert_close(run(coarse, corrected), run(weight, bias), atol=1e-3, rtol=0)


def test_weights_that_are_all_zero_stay_so() -> None:
    zero = np.zeros((2, 1, 3, 3), np.float32)
    np.testing.assert_array_equal(rounded(zero, 64), zero)
