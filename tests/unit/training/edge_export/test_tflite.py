"""A served graph as TFLite: the same numbers, by LiteRT itself. What is not known is refused."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from training.edge_export.tflite.convert import convert
from training.edge_export.tflite.quantized import Scale, signed
from training.errors import TrainingError
from visionflow.answers.session import open_session

pytest.importorskip("ai_edge_litert", reason="the target tflite needs ai-edge-litert")

SIDE, CHANNELS, CLASSES = 12, 6, 5
Arrays = dict[str, npt.NDArray[np.generic]]
RANDOM = np.random.default_rng(0)
# Of a residual network's first layers: TFLite has no kind of padding for it.
POOL: dict[str, Any] = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}
IMAGE = RANDOM.integers(0, 256, (1, SIDE, SIDE, 3), dtype=np.uint8)


def normal(*shape: int) -> npt.NDArray[np.float32]:
    return RANDOM.normal(0, 0.5, shape).astype(np.float32)


def model(nodes: Sequence[onnx.NodeProto], constants: Arrays) -> bytes:
    """A graph with the contract's input and outputs, whose own nodes go from ``pixels`` (float32,
    [N, 3, SIDE, SIDE]) to ``features`` (of four axes)."""
    begin = [
        helper.make_node("Transpose", ["image"], ["turned"], perm=[0, 3, 1, 2]),
        helper.make_node("Cast", ["turned"], ["whole"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["whole", "unit"], ["pixels"]),
    ]
    end = [
        helper.make_node("ReduceMean", ["features", "axes"], ["embedding"], keepdims=0),
        helper.make_node("GlobalAveragePool", ["features"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "head", "shift"], ["logits"], transB=1),
    ]
    features = constants.pop("features")
    everything: Arrays = {
        "unit": np.array(1 / 255, np.float32),
        "axes": np.array([2, 3], np.int64),
        "head": normal(CLASSES, int(features)),
        "shift": normal(CLASSES),
        **constants,
    }
    graph = helper.make_graph(
        [*begin, *nodes, *end],
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", SIDE, SIDE, 3])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size])
            for name, size in (("logits", CLASSES), ("embedding", int(features)))
        ],
        [numpy_helper.from_array(value, name) for name, value in everything.items()],
    )
    found = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(found)
    data: bytes = found.SerializeToString()
    return data


def both(graph: bytes) -> tuple[dict[str, npt.NDArray[np.float32]], ...]:
    """What ONNX Runtime and LiteRT answer to one image."""
    from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415  skipped where it is missing

    names = ["logits", "embedding"]
    wanted = open_session(graph, 1).run(names, {"image": IMAGE})
    runner = Interpreter(model_content=convert(graph, SIDE)).get_signature_runner()
    return dict(zip(names, wanted, strict=True)), runner(image=IMAGE)


def conv(name: str, read: str, wrote: str, **how: Any) -> onnx.NodeProto:
    return helper.make_node("Conv", [read, name, f"{name}_bias"], [wrote], **how)


REAL: dict[str, tuple[list[onnx.NodeProto], Arrays]] = {
    "even padding": (
        [conv("w", "pixels", "features", pads=[1, 1, 1, 1], kernel_shape=[3, 3])],
        {"w": normal(CHANNELS, 3, 3, 3)},
    ),
    "padding at the end alone": (
        [conv("w", "pixels", "features", pads=[0, 0, 1, 1], strides=[2, 2], kernel_shape=[3, 3])],
        {"w": normal(CHANNELS, 3, 3, 3)},
    ),
    "padding of no kind": (
        [conv("w", "pixels", "features", pads=[3, 2, 1, 3], strides=[2, 2], kernel_shape=[3, 3])],
        {"w": normal(CHANNELS, 3, 3, 3)},
    ),
    "depthwise": (
        [conv("w", "pixels", "features", group=3, kernel_shape=[3, 3], pads=[1, 1, 1, 1])],
        {"w": normal(CHANNELS, 1, 3, 3)},
    ),
    "dilated": (
        [conv("w", "pixels", "features", kernel_shape=[3, 3], dilations=[2, 2])],
        {"w": normal(CHANNELS, 3, 3, 3)},
    ),
    "a residual network": (
        [
            conv("w", "pixels", "a", kernel_shape=[1, 1]),
            helper.make_node("Relu", ["a"], ["b"]),
            helper.make_node(
                "MaxPool", ["b"], ["c"], kernel_shape=[2, 2], strides=[2, 2], pads=[0, 0, 0, 0]
            ),
            helper.make_node("Clip", ["c", "zero", "six"], ["d"]),
            helper.make_node("Add", ["c", "d"], ["features"]),
        ],
        {
            "w": normal(CHANNELS, 3, 1, 1),
            "zero": np.array(0, np.float32),
            "six": np.array(6, np.float32),
        },
    ),
    "a largest value over padding": (
        [
            conv("w", "pixels", "a", kernel_shape=[1, 1]),
            helper.make_node("Sub", ["a", "much"], ["b"]),
            helper.make_node("MaxPool", ["b"], ["features"], **POOL),
        ],
        {"w": normal(CHANNELS, 3, 1, 1), "much": np.array(9, np.float32)},
    ),
    "squeeze and excitation": (
        [
            conv("w", "pixels", "a", kernel_shape=[1, 1]),
            helper.make_node("GlobalAveragePool", ["a"], ["b"]),
            helper.make_node("Sigmoid", ["b"], ["c"]),
            helper.make_node("Mul", ["a", "c"], ["d"]),
            helper.make_node("HardSwish", ["d"], ["e"]),
            helper.make_node("Concat", ["a", "e"], ["features"], axis=1),
        ],
        {"w": normal(CHANNELS, 3, 1, 1), "features": np.array(2 * CHANNELS)},
    ),
    "by channel": (
        [
            helper.make_node("Sub", ["pixels", "mean"], ["a"]),
            helper.make_node("Div", ["a", "std"], ["features"]),
        ],
        {
            "mean": np.array([0.1, 0.2, 0.3], np.float32).reshape(1, 3, 1, 1),
            "std": np.array([0.5, 0.6, 0.7], np.float32).reshape(3, 1, 1),
            "features": np.array(3),
        },
    ),
}


def completed(constants: Arrays) -> Arrays:
    return {"w_bias": normal(CHANNELS), "features": np.array(CHANNELS), **constants}


@pytest.mark.parametrize("name", REAL)
def test_a_graph_in_float_answers_the_same(name: str) -> None:
    nodes, constants = REAL[name]
    wanted, found = both(model(nodes, completed(constants)))
    for output, values in wanted.items():
        assert np.allclose(found[output], values, atol=1e-4), output


def quantized(kind: type[np.generic], *, pooled: bool = False) -> bytes:
    """Convolution, depthwise convolution and sum in int8, as the ladder quantizes them; ``pooled``:
    with the largest value over a window with padding."""
    last = "MaxPool" if pooled else "Identity"
    constants: Arrays = {"features": np.array(CHANNELS)}
    nodes: list[onnx.NodeProto] = []

    def activation(name: str, scale: float, zero: int) -> None:
        shift = 0 if kind is np.uint8 else 128
        constants[f"{name}_scale"] = np.array(scale, np.float32)
        constants[f"{name}_zero"] = np.array(zero - shift, kind)
        scales = [f"{name}_scale", f"{name}_zero"]
        nodes.append(helper.make_node("QuantizeLinear", [name, *scales], [f"{name}_q"]))
        nodes.append(helper.make_node("DequantizeLinear", [f"{name}_q", *scales], [f"{name}_d"]))

    def weights(name: str, read_scale: float, *shape: int) -> None:
        scales = RANDOM.uniform(0.002, 0.01, shape[0]).astype(np.float32)
        for part, numbers, scale in (
            ("", RANDOM.integers(-63, 64, shape).astype(np.int8), scales),
            ("_bias", RANDOM.integers(-900, 900, shape[0]).astype(np.int32), scales * read_scale),
        ):
            full = f"{name}{part}"
            constants[f"{full}_q"] = numbers
            constants[f"{full}_scale"] = scale.astype(np.float32)
            constants[f"{full}_zero"] = np.zeros(len(scale), numbers.dtype)
            inputs = [f"{full}_q", f"{full}_scale", f"{full}_zero"]
            nodes.append(helper.make_node("DequantizeLinear", inputs, [full], axis=0))

    activation("pixels", 1 / 255, 0)
    weights("first", 1 / 255, CHANNELS, 3, 3, 3)
    nodes.append(conv("first", "pixels_d", "a", kernel_shape=[3, 3], pads=[1, 1, 1, 1]))
    activation("a", 0.02, 120)
    weights("deep", 0.02, CHANNELS, 1, 3, 3)
    nodes.append(conv("deep", "a_d", "b", kernel_shape=[3, 3], group=CHANNELS, pads=[1, 1, 1, 1]))
    activation("b", 0.01, 100)
    nodes.append(helper.make_node("Add", ["a_d", "b_d"], ["c"]))
    activation("c", 0.025, 110)
    nodes.append(helper.make_node(last, ["c_d"], ["features"], **(POOL if pooled else {})))
    return model(nodes, constants)


@pytest.mark.parametrize("pooled", [False, True], ids=["", "pooled"])
@pytest.mark.parametrize("kind", [np.uint8, np.int8])
def test_a_quantized_graph_keeps_its_numbers(kind: type[np.generic], pooled: bool) -> None:
    graph = quantized(kind, pooled=pooled)
    wanted, found = both(graph)
    # One step of the last scale at most, and most numbers not even that.
    assert np.abs(found["embedding"] - wanted["embedding"]).max() < 0.025
    assert np.abs(found["embedding"] - wanted["embedding"]).mean() < 0.003
    data = convert(graph, SIDE)
    for name in ("first", "deep"):
        numbers = next(
            numpy_helper.to_array(one)
            for one in onnx.load_from_string(graph).graph.initializer
            if one.name == f"{name}_q"
        )
        order = (1, 2, 3, 0) if numbers.shape[1] == 1 else (0, 2, 3, 1)
        assert np.ascontiguousarray(numbers.transpose(order)).tobytes() in data


def test_pixels_are_the_first_quantized_numbers_where_the_graph_takes_them_so() -> None:
    """As networks that subtract a mean and no more are quantized."""
    graph = onnx.load_from_string(quantized(np.uint8))
    nodes, constants = graph.graph.node, graph.graph.initializer
    for node in [one for one in nodes if one.output[0] in ("whole", "pixels", "pixels_q")]:
        nodes.remove(node)
    next(one for one in nodes if one.output[0] == "pixels_d").input[0] = "turned"
    zero = next(one for one in constants if one.name == "pixels_zero")
    zero.CopyFrom(numpy_helper.from_array(np.array(114, np.uint8), "pixels_zero"))
    wanted, found = both(graph.SerializeToString())
    assert np.abs(wanted["embedding"]).max() > 0
    assert np.abs(found["embedding"] - wanted["embedding"]).max() < 0.025
    assert np.abs(found["embedding"] - wanted["embedding"]).mean() < 0.003


def test_uint8_is_the_same_value_in_int8() -> None:
    scale = Scale.of(np.array(0.5, np.float32), np.array(100, np.uint8))
    numbers = signed(np.array([0, 100, 255], np.uint8)).astype(np.int64)
    assert ((numbers - scale.zeros) * scale.scales).tolist() == [-50, 0, 77.5]


@pytest.mark.parametrize(
    ("node", "constants", "complaint"),
    [
        (helper.make_node("Gather", ["pixels", "i"], ["features"], axis=1), {}, "has Gather"),
        (
            helper.make_node("Clip", ["pixels", "low"], ["features"]),
            {"low": np.array(-3, np.float32)},
            "a clip to -3",
        ),
        (
            helper.make_node("Transpose", ["pixels"], ["features"], perm=[0, 1, 3, 2]),
            {},
            "a change of axes",
        ),
        (
            helper.make_node(
                "MaxPool", ["pixels"], ["features"], kernel_shape=[3, 3], auto_pad="SAME_UPPER"
            ),
            {},
            "automatic padding",
        ),
        (helper.make_node("Add", ["pixels", "pixels"], ["features"]), None, ""),
    ],
)
def test_what_is_not_known_is_refused(
    node: onnx.NodeProto, constants: Arrays | None, complaint: str
) -> None:
    given: Arrays = {"i": np.array([0, 1, 2], np.int64), "features": np.array(3)}
    graph = model([node], given | (constants or {}))
    if constants is None:  # the same graph with an operator that is known
        assert convert(graph, SIDE)
        return
    with pytest.raises(TrainingError, match=f"tflite: .*{complaint}"):
        convert(graph, SIDE)
