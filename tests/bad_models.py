"""Versions that are whole by their checksums, and hurt whoever opens or runs them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

from tests.tiny_model import tiny_graph, write_tiny_artifact
from visionflow.models.manifest import MANIFEST_NAME, FileEntry, Manifest

# Images whose first pixel is this red are those that some graphs fail at.
SPECIAL = 77
_FOREVER = 2**50
_SIDE = 40_000


def _constants(**values: npt.ArrayLike) -> list[NodeProto]:
    return [
        helper.make_node("Constant", [], [name], value=numpy_helper.from_array(np.array(value)))
        for name, value in values.items()
    ]


def _is_special(output: str) -> list[NodeProto]:
    """1 (int64, []) for a special image, 0 for any other."""
    return [
        *_constants(starts=[0, 0, 0], ends=[1, 1, 1], axes3=[1, 2, 3], shape=[1]),
        helper.make_node("Cast", ["image"], ["whole"], to=TensorProto.INT64),
        helper.make_node("Slice", ["whole", "starts", "ends", "axes3"], ["pixel"]),
        helper.make_node("Reshape", ["pixel", "shape"], ["red"]),
        *_constants(special=[SPECIAL]),
        helper.make_node("Equal", ["red", "special"], ["equal"]),
        helper.make_node("Cast", ["equal"], [output], to=TensorProto.INT64),
    ]


def _loop(count: str) -> list[NodeProto]:
    """``extra`` is 0, after ``count`` steps."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["on"], ["still_on"]),
            helper.make_node("Add", ["x", "x"], ["twice"]),
        ],
        "step",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [1]),
        ],
        [
            helper.make_tensor_value_info("still_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("twice", TensorProto.FLOAT, [1]),
        ],
    )
    return [
        *_constants(always=True, nothing=np.zeros(1, np.float32)),
        helper.make_node("Loop", [count, "always", "nothing"], ["extra"], body=body),
    ]


def _endless() -> list[NodeProto]:
    return [*_constants(steps=[_FOREVER]), *_loop("steps")]


def _endless_for_special() -> list[NodeProto]:
    return [
        *_is_special("is_special"),
        *_constants(forever=[_FOREVER]),
        helper.make_node("Mul", ["is_special", "forever"], ["steps"]),
        *_loop("steps"),
    ]


def _hungry(side: str) -> list[NodeProto]:
    """Gigabytes of the image's mean, then 0."""
    return [
        helper.make_node("ReduceMean", ["pixels"], ["mean"], keepdims=0),
        helper.make_node("Concat", [side, side], ["sides"], axis=0),
        helper.make_node("Expand", ["mean", "sides"], ["large"]),
        helper.make_node("ReduceMin", ["large"], ["least"], keepdims=0),
        helper.make_node("Sub", ["least", "least"], ["extra"]),
    ]


def _hungry_always() -> list[NodeProto]:
    return [*_constants(side=[_SIDE]), *_hungry("side")]


def _hungry_for_special() -> list[NodeProto]:
    return [
        *_is_special("is_special"),
        *_constants(most=[_SIDE], least_side=[1]),
        helper.make_node("Mul", ["is_special", "most"], ["wide"]),
        helper.make_node("Max", ["wide", "least_side"], ["side"]),
        *_hungry("side"),
    ]


def _giant_resize() -> list[NodeProto]:
    return [
        *_constants(scales=np.array([1, 5_000, 5_000, 1], np.float32)),
        helper.make_node("Resize", ["pixels", "", "scales"], ["large"], mode="linear"),
        helper.make_node("ReduceMin", ["large"], ["least"], keepdims=0),
        helper.make_node("Sub", ["least", "least"], ["extra"]),
    ]


def _nan_for_special() -> list[NodeProto]:
    return [
        *_is_special("is_special"),
        helper.make_node("Cast", ["is_special"], ["flag"], to=TensorProto.FLOAT),
        *_constants(unity=np.ones(1, np.float32)),
        helper.make_node("Sub", ["unity", "flag"], ["rest"]),
        helper.make_node("Div", ["rest", "rest"], ["ratio"]),
        helper.make_node("Sub", ["ratio", "unity"], ["extra"]),
    ]


def _foreign_operator() -> list[NodeProto]:
    return [helper.make_node("Anything", ["pixels"], ["extra"], domain="com.example")]


KINDS: dict[str, Callable[[], list[NodeProto]]] = {
    "endless": _endless,
    "hungry": _hungry_always,
    "giant resize": _giant_resize,
    "foreign operator": _foreign_operator,
}
FOR_SPECIAL: dict[str, Callable[[], list[NodeProto]]] = {
    "endless": _endless_for_special,
    "hungry": _hungry_for_special,
    "not a number": _nan_for_special,
}


def bad_graph(extra: list[NodeProto]) -> bytes:
    """The tiny graph with ``extra``, whatever the nodes of that name make, added to its logits."""
    model = onnx.load_from_string(tiny_graph())
    nodes = list(model.graph.node)
    last = next(node for node in nodes if node.output == ["logits"])
    last.output[0] = "bare"
    del model.graph.node[:]
    sum_up = helper.make_node("Add", ["bare", "extra"], ["logits"])
    model.graph.node.extend([nodes[0], *extra, *nodes[1:], sum_up])
    if any(node.domain for node in extra):
        model.opset_import.append(helper.make_opsetid("com.example", 1))
    serialized: bytes = model.SerializeToString()
    return serialized


def write_bad_artifact(folder: Path, version: str, graph: bytes) -> Manifest:
    """A whole artifact around ``graph``."""
    manifest = write_tiny_artifact(folder, version)
    (folder / "model.onnx").write_bytes(graph)
    manifest = replace(manifest, files={"fp32": FileEntry.of(folder, "model.onnx")})
    (folder / MANIFEST_NAME).write_text(manifest.to_json(), encoding="utf-8")
    return manifest
