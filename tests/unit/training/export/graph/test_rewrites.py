"""Graphs in other operators that still compute the same."""

import copy
from collections import Counter
from collections.abc import Callable
from functools import partial

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import ModelProto, TensorProto, helper, numpy_helper
from torch import Tensor, nn

from tests.unit.training.export.odd import ODD_SIDE, odd_images
from training.export.graph.onnx_files import export_onnx
from training.export.graph.rewrites import (
    batch_norm_by_convolution,
    drop_unused_weights,
    fold_unsqueeze,
    logits_from_map,
    normalise_by_convolution,
    normalise_in_convolution,
    pixels_less_zero,
    pool_globally,
)
from training.networks.heads import linear_head
from training.networks.network import ConvNet
from training.networks.trunks.residual_cnn import ConvBlock


def operators(model: ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


def answers(model: ModelProto) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    found: list[np.ndarray] = session.run(None, {"image": odd_images(5).numpy()})
    return found


def test_squeeze_and_excitation_is_exported_as_one_pooling(odd_graph: ModelProto) -> None:
    found = operators(odd_graph)
    assert found["GlobalAveragePool"] == 1
    # The mean over the last map, which is the embedding.
    assert found["ReduceMean"] == 1
    assert not found.keys() & {"Shape", "Range", "Gather"}


def require_same_without(
    gone: str, rewrite: Callable[[ModelProto], None], graph: ModelProto
) -> None:
    rewritten = copy.deepcopy(graph)
    rewrite(rewritten)
    drop_unused_weights(rewritten)
    onnx.checker.check_model(rewritten, full_check=True)
    assert operators(graph)[gone] and not operators(rewritten)[gone]
    for before, after in zip(answers(graph), answers(rewritten), strict=True):
        np.testing.assert_allclose(after, before, atol=2e-5)


class ActivatedNorm(nn.BatchNorm2d):
    def forward(self, features: Tensor) -> Tensor:
        activated: Tensor = super().forward(features).relu()
        return activated


def test_a_batch_norm_that_does_more_is_not_folded_away() -> None:
    trunk = nn.Sequential(nn.Conv2d(3, 8, 3), ActivatedNorm(8))
    network = ConvNet(trunk, linear_head(8, 2)).eval()
    graph = export_onnx(network, ODD_SIDE, 20)
    with torch.inference_mode():
        expected = network(odd_images(5)).embedding.numpy()
    np.testing.assert_allclose(answers(graph)[1], expected, atol=1e-5)


def test_the_normalisation_becomes_a_convolution(odd_graph: ModelProto) -> None:
    require_same_without("Sub", normalise_by_convolution, odd_graph)


def normalised(mean: tuple[float, ...], padding: int) -> ModelProto:
    """Pixels, normalised, into one convolution."""
    draw = np.random.default_rng(0)
    constants = {
        "mean": np.array(mean).reshape(1, 3, 1, 1),
        "std": np.array([58.0, 57.0, 60.0]).reshape(1, 3, 1, 1),
        "weight": draw.normal(size=(4, 3, 3, 3)),
        "bias": draw.normal(size=4),
    }
    nodes = [
        helper.make_node("Transpose", ["image"], ["moved"], perm=[0, 3, 1, 2]),
        helper.make_node("Cast", ["moved"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["pixels", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "std"], ["scaled"]),
        helper.make_node(
            "Conv", ["scaled", "weight", "bias"], ["out"], "first", pads=[padding] * 4
        ),
    ]
    sides: list[str | int] = ["n", ODD_SIDE, ODD_SIDE, 3]
    graph = helper.make_graph(
        nodes,
        "normalised",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, sides)],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 4, "h", "w"])],
        [numpy_helper.from_array(v.astype(np.float32), name) for name, v in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


IMAGENET_MEAN = (123.7, 116.3, 103.5)


@pytest.mark.parametrize(("mean", "padding"), [(IMAGENET_MEAN, 0), ((127.0,) * 3, 1)])
def test_the_normalisation_becomes_part_of_a_convolution(
    mean: tuple[float, ...], padding: int
) -> None:
    model = normalised(mean, padding)
    require_same_without("Div", partial(normalise_in_convolution, names=["first"]), model)
    normalise_in_convolution(model, ["first"])
    assert list(pixels_less_zero(model).values()) == [np.round(np.mean(mean))]


def test_around_an_image_one_number_stands_for_the_means() -> None:
    model = normalised(IMAGENET_MEAN, 1)
    before = answers(model)[0]
    normalise_in_convolution(model, ["first"])
    difference = np.abs(answers(model)[0] - before)
    assert difference[..., 1:-1, 1:-1].max() < 1e-4
    assert 0 < difference.max() < before.std()


@pytest.mark.parametrize(("mean", "name"), [((90.0, 127.0, 160.0), "first"), (IMAGENET_MEAN, "b")])
def test_a_normalisation_that_would_be_another_is_left_alone(
    mean: tuple[float, ...], name: str
) -> None:
    model = normalised(mean, 1)
    before = model.SerializeToString()
    normalise_in_convolution(model, [name])
    assert model.SerializeToString() == before


def test_batch_norm_ahead_of_a_relu_becomes_a_convolution(odd_graph: ModelProto) -> None:
    require_same_without("BatchNormalization", batch_norm_by_convolution, odd_graph)


def test_the_weights_of_the_head_become_constants() -> None:
    # Large enough for the exporter to leave them as they are.
    network = ConvNet(nn.Sequential(ConvBlock(3, 600)), linear_head(600, 20)).eval()
    require_same_without("Unsqueeze", fold_unsqueeze, export_onnx(network, ODD_SIDE, opset=20))


def test_only_a_mean_over_the_whole_map_becomes_a_pooling() -> None:
    def reduced(axes: list[int], keepdims: int) -> str:
        node = helper.make_node("ReduceMean", ["x", "axes"], ["y"], keepdims=keepdims)
        rank = 4 if keepdims else 4 - len(axes)
        shapes = [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 3, 3]),
            helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * rank),
        ]
        weights = [numpy_helper.from_array(np.array(axes, np.int64), "axes")]
        model = helper.make_model(
            helper.make_graph([node], "mean", shapes[:1], shapes[1:], weights),
            opset_imports=[helper.make_opsetid("", 20)],
        )
        pool_globally(model)
        return str(model.graph.node[0].op_type)

    assert reduced([2, 3], 1) == "GlobalAveragePool"
    assert reduced([-1, -2], 1) == "GlobalAveragePool"
    assert reduced([2, 3], 0) == reduced([1, 2], 1) == reduced([3], 1) == "ReduceMean"


def test_what_has_another_form_is_left_alone() -> None:
    """Differences of two images, divided by each other: no constants, so no normalisation."""
    nodes = [
        helper.make_node("Sub", ["a", "b"], ["difference"]),
        helper.make_node("Div", ["difference", "b"], ["c"]),
    ]
    shapes = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 2, 2]) for name in "abc"
    ]
    model = helper.make_model(helper.make_graph(nodes, "ratio", shapes[:2], shapes[2:]))
    normalise_by_convolution(model)
    assert [node.op_type for node in model.graph.node] == ["Sub", "Div"]


def test_a_large_head_is_kept_once_and_its_logits_are_the_mean_of_its_map() -> None:
    torch.manual_seed(0)
    network = ConvNet(nn.Sequential(ConvBlock(3, 8)), linear_head(8, 5)).eval()
    graph = export_onnx(network, ODD_SIDE, opset=20)
    fold_unsqueeze(graph)
    require_same_without("Gemm", partial(logits_from_map, weights=40), graph)
    kept = copy.deepcopy(graph)
    logits_from_map(kept, weights=41)
    assert operators(kept)["Gemm"] == 1


def test_a_head_of_two_layers_is_left_alone(odd_graph: ModelProto) -> None:
    kept = copy.deepcopy(odd_graph)
    fold_unsqueeze(kept)
    before = operators(kept)
    logits_from_map(kept, weights=1)
    assert operators(kept) == before
