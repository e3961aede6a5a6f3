"""The adopted graph gives what the file gives, whatever tool wrote it."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
import torchvision
from onnx import ModelProto, TensorProto, helper
from torch import nn

from tests.unit.training.adopt.conftest import (
    FEATURES,
    colour_model,
    head_weights,
    make_model,
    save,
    trunk_nodes,
    trunk_weights,
)
from tests.unit.training.conftest import SIDE
from training.adopt.anatomy import Anatomy, study
from training.adopt.contract import to_contract
from training.adopt.foreign import read_foreign
from training.adopt.original import ForeignNetwork
from training.adopt.pixels import NORMALISATIONS
from training.export.gate_checks import Outputs
from training.export.graph.rewrites import opset_of

OPSET = 20
LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
"""Networks of ONNX's model zoo as Caffe2 wrote them, in opset 9 for one image at a time; their
weights are constants."""


def adopted(file: Path, name: str = "imagenet") -> tuple[Anatomy, ModelProto, Outputs, Outputs]:
    """What the file and the adopted graph answer to three images."""
    foreign = read_foreign(file)
    anatomy = study(foreign, str(file))
    pixels = NORMALISATIONS[name]
    graph = to_contract(foreign, anatomy, pixels, OPSET, str(file))
    shape = (3, foreign.size, foreign.size, 3)
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    wanted = ForeignNetwork(foreign, anatomy, threads=1).outputs(images, pixels)
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    found = session.run(["logits", "embedding", "cam"], {"image": images})
    return anatomy, graph, wanted, Outputs(*found)


def assert_same(wanted: Outputs, found: Outputs) -> None:
    for name in ("logits", "embedding", "cam"):
        expected, actual = getattr(wanted, name), getattr(found, name)
        assert actual.shape == expected.shape, name
        assert actual.dtype == np.float32
        scale = max(1.0, float(np.abs(expected).max(initial=0)))
        np.testing.assert_allclose(actual, expected, atol=1e-5 * scale, err_msg=name)


def test_the_usual_classifier(tmp_path: Path) -> None:
    anatomy, graph, wanted, found = adopted(save(colour_model(), tmp_path), "0..1")
    assert_same(wanted, found)
    assert found.cam.shape == (3, 3, SIDE // 2, SIDE // 2)
    assert anatomy.linear and not anatomy.probabilities
    np.testing.assert_allclose(found.cam.mean(axis=(2, 3)), found.logits, atol=1e-5)
    (entry,) = graph.graph.input
    sides = [dim.dim_value for dim in entry.type.tensor_type.shape.dim]
    assert (entry.name, sides[1:]) == ("image", [SIDE, SIDE, 3])
    assert opset_of(graph) == OPSET
    # Bias correction reads pads, not the name of a rule.
    assert not [a for each in graph.graph.node for a in each.attribute if a.name == "auto_pad"]


Node = tuple[str, list[str], str, dict[str, Any]]
"""Operator, inputs, output, attributes."""


def node(kind: str, inputs: list[str], output: str, **attributes: Any) -> Node:
    return kind, inputs, output, attributes


def tail(*nodes: Node, **constants: np.ndarray) -> ModelProto:
    """The colours' trunk, then these nodes."""
    made = [helper.make_node(kind, inputs, [out], **more) for kind, inputs, out, more in nodes]
    return make_model([*trunk_nodes(), *made], {**trunk_weights(), **head_weights(), **constants})


POOL = node("GlobalAveragePool", ["map"], "pooled")
FLAT = node("Flatten", ["pooled"], "flat")
GEMM = node("Gemm", ["flat", "weight", "bias"], "scores", transB=1)
HIDDEN = np.random.default_rng(1).normal(size=(6, FEATURES)).astype(np.float32)
DEEP = np.random.default_rng(2).normal(size=(3, 6)).astype(np.float32)


def softmax_at_the_end() -> ModelProto:
    gemm = node("Gemm", ["flat", "weight", "bias"], "logit", transB=1)
    return tail(POOL, FLAT, gemm, node("Softmax", ["logit"], "scores", axis=-1))


def matmul_and_add() -> ModelProto:
    turned = np.ascontiguousarray(head_weights()["weight"].T)
    multiply = node("MatMul", ["flat", "turned"], "product")
    return tail(POOL, FLAT, multiply, node("Add", ["product", "bias"], "scores"), turned=turned)


def convolution_behind_the_pool() -> ModelProto:
    kernel = head_weights()["weight"][:, :, None, None]
    conv = node("Conv", ["pooled", "head", "bias"], "kept")
    return tail(POOL, conv, node("Flatten", ["kept"], "scores"), head=kernel)


def mean_over_named_axes() -> ModelProto:
    mean = node("ReduceMean", ["map"], "flat", axes=[2, 3], keepdims=0)
    return tail(mean, GEMM)


def head_of_two_layers() -> ModelProto:
    first = node("Gemm", ["flat", "hidden"], "before", transB=1)
    second = node("Gemm", ["after", "deep", "bias"], "scores", transB=1)
    active = node("HardSwish", ["before"], "after")
    return tail(POOL, FLAT, first, active, second, hidden=HIDDEN, deep=DEEP)


def head_on_the_map() -> ModelProto:
    kernel = head_weights()["weight"][:, :, None, None]
    conv = node("Conv", ["map", "head", "bias"], "places")
    active = node("Relu", ["places"], "active")
    pool = node("GlobalAveragePool", ["active"], "mean")
    return tail(conv, active, pool, node("Flatten", ["mean"], "scores"), head=kernel)


def one_image_at_a_time() -> ModelProto:
    shape = np.array([1, -1], np.int64)
    model = tail(POOL, node("Reshape", ["pooled", "shape"], "flat"), GEMM, shape=shape)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    return model


def channels_last() -> ModelProto:
    """As tf2onnx writes a Keras network."""
    turn = helper.make_node("Transpose", ["x"], ["first"], perm=[0, 3, 1, 2])
    back = helper.make_node("Transpose", ["map"], ["last"], perm=[0, 2, 3, 1])
    mean = helper.make_node("ReduceMean", ["last"], ["flat"], axes=[1, 2], keepdims=0)
    multiply = helper.make_node("Gemm", ["flat", "weight", "bias"], ["logit"], transB=1)
    soft = helper.make_node("Softmax", ["logit"], ["scores"])
    return make_model(
        [turn, *trunk_nodes("first"), back, mean, multiply, soft],
        {**trunk_weights(), **head_weights()},
        shape=("n", SIDE, SIDE, 3),
    )


def takes_bytes() -> ModelProto:
    """Normalised inside, as ours are."""
    turn = helper.make_node("Transpose", ["x"], ["first"], perm=[0, 3, 1, 2])
    cast = helper.make_node("Cast", ["first"], ["real"], to=TensorProto.FLOAT)
    scale = helper.make_node("Mul", ["real", "unit"], ["pixels"])
    rest = [helper.make_node(kind, i, [o], **more) for kind, i, o, more in (POOL, FLAT, GEMM)]
    constants = {**trunk_weights(), **head_weights(), "unit": np.array(1 / 255, np.float32)}
    return make_model(
        [turn, cast, scale, *trunk_nodes("pixels"), *rest],
        constants,
        shape=("n", SIDE, SIDE, 3),
        kind=TensorProto.UINT8,
    )


def old_opset() -> ModelProto:
    return colour_model(opset=9)


@pytest.mark.parametrize(
    "build",
    [
        softmax_at_the_end,
        matmul_and_add,
        convolution_behind_the_pool,
        mean_over_named_axes,
        head_of_two_layers,
        head_on_the_map,
        one_image_at_a_time,
        channels_last,
        takes_bytes,
        old_opset,
    ],
)
@pytest.mark.parametrize("name", ["0..1", "caffe"])
def test_each_way_to_write_a_classifier(
    build: Callable[[], ModelProto], name: str, tmp_path: Path
) -> None:
    anatomy, graph, wanted, found = adopted(save(build(), tmp_path), name)
    assert_same(wanted, found)
    assert found.cam.shape == (3, 3, SIDE // 2, SIDE // 2)
    assert found.embedding.shape == (3, FEATURES)
    assert anatomy.probabilities == (build in (softmax_at_the_end, channels_last))
    assert opset_of(graph) == OPSET


def test_without_a_pooled_map_there_is_no_activation_map(tmp_path: Path) -> None:
    """As in AlexNet and VGG16, whose head sees every location for itself."""
    weight = np.random.default_rng(3).normal(size=(3, FEATURES * SIDE * SIDE // 4))
    flat = node("Flatten", ["map"], "flat")
    gemm = node("Gemm", ["flat", "wide", "bias"], "scores", transB=1)
    file = save(tail(flat, gemm, wide=weight.astype(np.float32)), tmp_path)
    anatomy, _, wanted, found = adopted(file)
    assert anatomy.map is None
    assert_same(wanted, found)
    assert found.cam.shape == (3, 3, 0, 0)
    assert found.embedding.shape == (3, FEATURES * SIDE * SIDE // 4)


def test_a_pool_beside_which_the_map_goes_on_is_not_the_last(tmp_path: Path) -> None:
    """Squeeze-and-excitation pools too, and the map that it scales goes on."""
    gate = node("Sigmoid", ["pooled"], "gate")
    scaled = node("Mul", ["map", "gate"], "scaled")
    last = node("GlobalAveragePool", ["scaled"], "mean")
    flat = node("Flatten", ["mean"], "flat")
    anatomy, _, wanted, found = adopted(save(tail(POOL, gate, scaled, last, flat, GEMM), tmp_path))
    assert anatomy.map is not None and anatomy.map.features == "scaled"
    assert_same(wanted, found)


@pytest.mark.parametrize("name", ["shufflenet", "squeezenet"])
def test_networks_that_caffe2_wrote(name: str) -> None:
    anatomy, graph, wanted, found = adopted(LIGHT / f"light_{name}.onnx", "caffe")
    assert (anatomy.classes, anatomy.probabilities) == (1000, True)
    assert anatomy.map is not None
    assert_same(wanted, found)
    assert opset_of(graph) == OPSET


def small_network() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU6(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(8, 5),
    )


def mobilenet() -> nn.Module:
    """Its head has two layers, its blocks pool too."""
    network: nn.Module = torchvision.models.get_model("mobilenet_v3_small", num_classes=5)
    return network


@pytest.mark.parametrize(
    ("build", "way"),
    [
        (small_network, "traced"),
        (small_network, "traced, any batch"),
        (small_network, "exported"),
        (mobilenet, "traced"),
        (mobilenet, "traced, any batch"),
    ],
)
def test_networks_that_torch_exported(
    build: Callable[[], nn.Module], way: str, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    network = build()
    side, file = 32, tmp_path / "network.onnx"
    network.train()(torch.randn(8, 3, side, side))
    network.eval()
    example = torch.randn(1, 3, side, side)
    with warnings.catch_warnings():
        # The traced export is deprecated, and both warn about what they trace.
        warnings.simplefilter("ignore")
        if way == "exported":
            shapes = ({0: torch.export.Dim("batch")},)
            pair = torch.cat([example, example])
            torch.onnx.export(
                network, (pair,), file, dynamo=True, dynamic_shapes=shapes, verbose=False
            )
        else:
            axes = {"x": {0: "batch"}} if "any" in way else {}
            torch.onnx.export(
                network, (example,), file, dynamo=False, input_names=["x"], dynamic_axes=axes
            )
    anatomy, _, wanted, found = adopted(file)
    assert anatomy.map is not None
    assert_same(wanted, found)
    images = np.random.default_rng(0).integers(0, 256, (3, side, side, 3), dtype=np.uint8)
    ready = NORMALISATIONS["imagenet"].prepared(images).transpose(0, 3, 1, 2)
    with torch.inference_mode():
        logits = network(torch.from_numpy(ready.copy())).numpy()
    np.testing.assert_allclose(found.logits, logits, atol=1e-4)
