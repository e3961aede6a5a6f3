"""What keeps a file from being served is said by name."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper

from tests.unit.training.adopt.conftest import (
    Constants,
    colour_model,
    head_weights,
    make_model,
    save,
    trunk_nodes,
    trunk_weights,
)
from tests.unit.training.conftest import SIDE
from training.adopt import foreign as foreign_module
from training.adopt.anatomy import study
from training.adopt.foreign import read_foreign
from training.errors import TrainingError

CONSTANTS = {**trunk_weights(), **head_weights()}
HEAD = [
    helper.make_node("GlobalAveragePool", ["map"], ["pooled"]),
    helper.make_node("Flatten", ["pooled"], ["flat"]),
    helper.make_node("Gemm", ["flat", "weight", "bias"], ["scores"], transB=1),
]


def two_inputs() -> ModelProto:
    model = colour_model()
    model.graph.input.append(helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["n", 1]))
    return model


def two_outputs() -> ModelProto:
    return make_model(
        [*trunk_nodes(), *HEAD], CONSTANTS, outputs=["scores", "flat"], sides=["n", 3]
    )


def custom_operator() -> ModelProto:
    model = colour_model()
    node = helper.make_node("Swish", ["map"], ["unused"], domain="com.example")
    model.graph.node.insert(2, node)
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    return model


def quantized() -> ModelProto:
    scale: Constants = {"scale": np.array(0.1, np.float32), "zero": np.array(0, np.uint8)}
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["d"]),
    ]
    return make_model([*nodes, *trunk_nodes("d"), *HEAD], CONSTANTS | scale)


def a_row_of_numbers() -> ModelProto:
    gemm = helper.make_node("Gemm", ["x", "weight", "bias"], ["scores"], transB=1)
    return make_model([gemm], head_weights(), shape=("n", 4))


def grey_images() -> ModelProto:
    return make_model([*trunk_nodes(), *HEAD], CONSTANTS, shape=("n", 1, SIDE, SIDE))


def half_precision() -> ModelProto:
    cast = helper.make_node("Cast", ["x"], ["real"], to=TensorProto.FLOAT)
    nodes = [cast, *trunk_nodes("real"), *HEAD]
    return make_model(nodes, CONSTANTS, kind=TensorProto.FLOAT16)


def any_size() -> ModelProto:
    return make_model([*trunk_nodes(), *HEAD], CONSTANTS, shape=("n", 3, "height", "width"))


def not_square() -> ModelProto:
    return make_model([*trunk_nodes(), *HEAD], CONSTANTS, shape=("n", 3, SIDE, 2 * SIDE))


def control_flow() -> ModelProto:
    """A branch that depends on the image."""

    def branch(name: str, node: NodeProto) -> onnx.GraphProto:
        output = helper.make_tensor_value_info(node.output[0], TensorProto.FLOAT, None)
        return helper.make_graph([node], name, [], [output])

    nodes = [
        helper.make_node("ReduceMax", ["map"], ["peak"], keepdims=0),
        helper.make_node("Greater", ["peak", "limit"], ["bright"]),
        helper.make_node(
            "If",
            ["bright"],
            ["chosen"],
            then_branch=branch("then", helper.make_node("Identity", ["map"], ["as_is"])),
            else_branch=branch("else", helper.make_node("Neg", ["map"], ["turned"])),
        ),
        helper.make_node("GlobalAveragePool", ["chosen"], ["pooled"]),
        *HEAD[1:],
    ]
    limit = {"limit": np.array(0.5, np.float32)}
    return make_model([*trunk_nodes(), *nodes], CONSTANTS | limit)


def fixed_batch() -> ModelProto:
    """Joins a constant for one image to the map of the batch."""
    nodes = [helper.make_node("Concat", ["map", "token"], ["joined"], axis=2), *HEAD]
    nodes[1] = helper.make_node("GlobalAveragePool", ["joined"], ["pooled"])
    token = {"token": np.zeros((1, 4, 1, SIDE // 2), np.float32)}
    return make_model([*trunk_nodes(), *nodes], CONSTANTS | token, shape=(1, 3, SIDE, SIDE))


def not_runnable() -> ModelProto:
    return make_model([*trunk_nodes(), *HEAD], {**CONSTANTS, "weight": np.ones((3, 5), np.float32)})


def not_valid() -> ModelProto:
    model = colour_model()
    model.graph.node[-1].input[0] = "nowhere"
    return model


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (two_inputs, r"has 2 inputs \(x, mask\)"),
        (two_outputs, r"has 2 outputs \(scores, flat\).*--output"),
        (custom_operator, r"custom operators \(com.example.Swish\)"),
        (quantized, r"quantized already \(DequantizeLinear, QuantizeLinear\)"),
        (a_row_of_numbers, r"input x is \['n', 4\], not an RGB image"),
        (grey_images, "not an RGB image"),
        (half_precision, "input x is float16; export the network in float32"),
        (any_size, "leaves the size of the image open.*--size"),
        (not_square, "must be a square"),
        (control_flow, r"control flow \(If\)"),
        (fixed_batch, "takes 1 image at a time only.*dynamic batch"),
        (not_runnable, "ONNX Runtime cannot run it"),
        (not_valid, "not valid ONNX"),
    ],
)
def test_a_file_that_cannot_be_served(
    build: Callable[[], ModelProto], said: str, tmp_path: Path
) -> None:
    file = save(build(), tmp_path)
    with pytest.raises(TrainingError, match=said) as refused:
        read_foreign(file)
    assert str(refused.value).startswith(f"{file}: ")


def test_a_file_that_is_not_there_or_not_onnx(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="cannot be read"):
        read_foreign(tmp_path / "missing.onnx")
    other = tmp_path / "other.onnx"
    for content in (b"PK\x03\x04 not a graph", b""):
        other.write_bytes(content)
        with pytest.raises(TrainingError, match="not an ONNX file"):
            read_foreign(other)


def test_weights_in_another_file_must_lie_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "large.onnx"
    onnx.save(
        colour_model(), file, save_as_external_data=True, location="large.data", size_threshold=0
    )
    assert read_foreign(file).size == SIDE
    (tmp_path / "large.data").unlink()
    with pytest.raises(TrainingError, match=r"weights lie in other files.*large\.data"):
        read_foreign(file)


def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign_module, "LARGEST", 100)
    with pytest.raises(TrainingError, match="larger than 2 GB"):
        read_foreign(save(colour_model(), tmp_path))


def test_an_output_and_a_size_that_are_stated(tmp_path: Path) -> None:
    file = save(two_outputs(), tmp_path)
    assert [each.name for each in read_foreign(file, "scores").model.graph.output] == ["scores"]
    with pytest.raises(TrainingError, match="has no output probabilities, only scores, flat"):
        read_foreign(file, "probabilities")
    file = save(any_size(), tmp_path)
    assert read_foreign(file, size=24).size == 24
    with pytest.raises(TrainingError, match="--size says 24"):
        read_foreign(save(colour_model(), tmp_path), size=24)


@pytest.mark.parametrize(
    ("last", "ends"),
    [
        (helper.make_node("Sigmoid", ["logit"], ["scores"]), "Sigmoid"),
        (helper.make_node("Relu", ["logit"], ["scores"]), "Relu"),
        (helper.make_node("Gemm", ["logit", "logit"], ["scores"], transB=1), "Gemm"),
    ],
)
def test_a_graph_that_does_not_end_in_a_classifier(
    last: NodeProto, ends: str, tmp_path: Path
) -> None:
    gemm = helper.make_node("Gemm", ["flat", "weight", "bias"], ["logit"], transB=1)
    model = make_model([*trunk_nodes(), *HEAD[:2], gemm, last], CONSTANTS, sides=["n", "m"])
    foreign = read_foreign(save(model, tmp_path))
    with pytest.raises(TrainingError, match=f"no classifier layer.*{ends}"):
        study(foreign, "foreign.onnx")


def test_pooled_features_without_a_head(tmp_path: Path) -> None:
    """The mean of a map that no convolution made."""
    nodes = [
        helper.make_node("MaxPool", ["x"], ["map"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("GlobalAveragePool", ["map"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["scores"]),
    ]
    foreign = read_foreign(save(make_model(nodes, {}), tmp_path))
    with pytest.raises(TrainingError, match="no classifier layer"):
        study(foreign, "foreign.onnx")
