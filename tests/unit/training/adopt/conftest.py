"""ONNX files as other tools write them: small classifiers that know the colours of the images."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from tests.unit.training.conftest import SIDE
from training.adopt.labels import ForeignLabels
from visionflow.models.label_tree import Label, LabelTree

FEATURES = 4
LABELS = ("blue", "green", "red")

Constants = dict[str, np.ndarray]


def trunk_weights() -> Constants:
    """Of pixels of 0..1 in RGB: how far each colour is above the middle, and brightness."""
    kernel = np.zeros((FEATURES, 3, 3, 3), np.float32)
    kernel[:3, :, 1, 1] = np.eye(3)
    kernel[3] = 1 / 27
    return {"kernel": kernel, "shift": np.array([-0.4, -0.4, -0.4, 0], np.float32)}


def head_weights() -> Constants:
    """To the logits of blue, green and red."""
    weight = np.array([[-1, -1, 2, 0], [-1, 2, -1, 0], [2, -1, -1, 0]], np.float32)
    return {"weight": 8 * weight, "bias": np.array([0.1, 0, -0.1], np.float32)}


def trunk_nodes(source: str = "x") -> list[NodeProto]:
    """To ``map`` [N, F, SIDE / 2, SIDE / 2]."""
    return [
        helper.make_node(
            "Conv", [source, "kernel", "shift"], ["conv"], auto_pad="SAME_UPPER", strides=[2, 2]
        ),
        helper.make_node("Relu", ["conv"], ["map"]),
    ]


def make_model(
    nodes: Sequence[NodeProto],
    constants: Constants,
    *,
    shape: Sequence[int | str] = ("n", 3, SIDE, SIDE),
    outputs: Sequence[str] = ("scores",),
    sides: Sequence[int | str] = ("n", 3),
    opset: int = 17,
    kind: int = TensorProto.FLOAT,
) -> ModelProto:
    graph = helper.make_graph(
        nodes,
        "foreign",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, sides) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="other")


def colour_model(**changes: Any) -> ModelProto:
    """Pooled map, flattened, one Gemm: the usual classifier."""
    nodes = [
        *trunk_nodes(),
        helper.make_node("GlobalAveragePool", ["map"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "weight", "bias"], ["scores"], transB=1),
    ]
    return make_model(nodes, {**trunk_weights(), **head_weights()}, **changes)


def save(model: ModelProto, folder: Path) -> Path:
    file = folder / "foreign.onnx"
    onnx.save(model, file)
    return file


@pytest.fixture
def labels() -> ForeignLabels:
    tree = LabelTree(tuple(Label(name, None) for name in LABELS), ())
    return ForeignLabels(tree, LABELS)
