"""The trunk of an artifact under another head, as one graph of the usual contract."""

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from training.errors import TrainingError

Float32Array = npt.NDArray[np.float32]

_POOLING = ("ReduceMean", "GlobalAveragePool")
_WEIGHTS, _BIAS = "head.weights", "head.bias"


class Head(NamedTuple):
    """A linear head: weights float32 [C, F], bias float32 [C]."""

    weights: Float32Array
    bias: Float32Array


def feature_map(trunk: ModelProto) -> str:
    """The name of the map [N, F, h, w] that ``trunk`` pools for its embedding and that its head
    sees at every location. Raises `TrainingError` for a graph that is made in another way.
    """
    made_by = {output: node for node in trunk.graph.node for output in node.output}
    pooled = made_by.get("embedding")
    head = made_by.get("cam")
    while pooled is not None and pooled.op_type == "Flatten":
        pooled = made_by.get(pooled.input[0])
    while head is not None and head.op_type in ("QuantizeLinear", "DequantizeLinear"):
        head = made_by.get(head.input[0])
    if (
        pooled is None
        or head is None
        or (pooled.op_type not in _POOLING or head.op_type != "Conv")
        or pooled.input[0] != head.input[0]
    ):
        raise TrainingError(
            "The trunk's graph does not pool the map that its head sees, so it can have no other "
            "head; take the starter or an artifact with a linear head and maps."
        )
    return str(head.input[0])


def with_head(trunk: ModelProto, head: Head) -> ModelProto:
    """A copy of ``trunk`` with ``head`` in place of its own: a convolution in fp32 at every
    location of the map, which gives ``cam``, and its mean, which gives ``logits``.

    Nothing else is changed. Raises `TrainingError` as `feature_map` does.
    """
    features = feature_map(trunk)
    model = ModelProto()
    model.CopyFrom(trunk)
    graph = model.graph
    kept = needed_nodes(trunk, ["embedding", features])
    nodes = [
        *kept,
        helper.make_node("Conv", [features, _WEIGHTS, _BIAS], ["cam"], "head"),
        helper.make_node("GlobalAveragePool", ["cam"], ["cam_mean"], "logits_pool"),
        helper.make_node("Flatten", ["cam_mean"], ["logits"], "logits_flatten"),
    ]
    del graph.node[:]
    graph.node.extend(nodes)
    inputs = {name for node in nodes for name in node.input}
    _keep(graph.initializer, inputs)
    _keep(graph.value_info, {name for node in kept for name in node.output})
    graph.initializer.append(
        numpy_helper.from_array(head.weights[:, :, None, None].astype(np.float32), _WEIGHTS)
    )
    graph.initializer.append(numpy_helper.from_array(head.bias.astype(np.float32), _BIAS))
    for output in graph.output:
        if output.name in ("cam", "logits"):
            output.type.tensor_type.shape.dim[1].dim_value = len(head.bias)
    return model


def head_of(model: ModelProto) -> Head:
    """The head that `with_head` gave ``model``. Raises `TrainingError` for another one's."""
    found = {
        one.name: numpy_helper.to_array(one)
        for one in model.graph.initializer
        if one.name in (_WEIGHTS, _BIAS)
    }
    if len(found) != 2:
        raise TrainingError("The graph has no head that instant training made.")
    return Head(found[_WEIGHTS][:, :, 0, 0], found[_BIAS])


def with_map(trunk: ModelProto) -> ModelProto:
    """A copy of ``trunk`` whose outputs are ``embedding`` and `feature_map`."""
    features = feature_map(trunk)
    model = ModelProto()
    model.CopyFrom(trunk)
    _keep(model.graph.output, {"embedding"})
    model.graph.output.append(helper.make_tensor_value_info(features, TensorProto.FLOAT, None))
    return model


def trunk_changes(model: ModelProto, trunk: ModelProto) -> int:
    """How many nodes and constants below ``embedding`` differ between ``model`` and ``trunk``,
    and what else decides how they are computed: versions of operators, and the input."""
    found, wanted = (Counter(_parts(each)) for each in (model, trunk))
    return ((found - wanted) + (wanted - found)).total()


def trunk_parameters(trunk: ModelProto) -> int:
    """How many weights the convolutions below ``embedding`` have, their biases among them."""
    nodes = needed_nodes(trunk, ["embedding"])
    stored = {node.output[0]: node.input[0] for node in nodes if node.op_type == "DequantizeLinear"}
    sizes = {one.name: math.prod(one.dims) for one in trunk.graph.initializer}
    weights = {name for node in nodes if node.op_type == "Conv" for name in node.input[1:]}
    return sum(sizes[stored.get(name, name)] for name in weights)


def needed_nodes(model: ModelProto, outputs: Iterable[str]) -> list[NodeProto]:
    """The nodes of ``model`` that the ``outputs`` are computed by, in their order."""
    wanted = set(outputs)
    kept = []
    # Nodes stand in the order of their computation.
    for node in reversed(model.graph.node):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(node.input)
    return kept[::-1]


def _parts(model: ModelProto) -> Iterable[bytes]:
    nodes = needed_nodes(model, ["embedding"])
    inputs = {name for node in nodes for name in node.input}
    yield from (node.SerializeToString(deterministic=True) for node in nodes)
    for constant in model.graph.initializer:
        if constant.name in inputs:
            yield constant.SerializeToString(deterministic=True)
    for operators in model.opset_import:
        yield operators.SerializeToString(deterministic=True)
    for taken in model.graph.input:
        yield taken.SerializeToString(deterministic=True)
    yield str(model.ir_version).encode()


def _keep(entries: Any, names: set[str]) -> None:
    """Remove the entries of a repeated field whose name is not among ``names``."""
    kept = [entry for entry in entries if entry.name in names]
    del entries[:]
    entries.extend(kept)
