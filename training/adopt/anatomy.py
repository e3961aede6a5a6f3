"""Where a foreign classifier has its logits, its pooled features and the map behind them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from training.adopt.foreign import Foreign, image_input, open_session, run_options
from training.errors import TrainingError

FloatArray = npt.NDArray[np.float32]
Shape = tuple[int, ...]
Weights = Mapping[str, TensorProto]

_SOFTMAX = ("Softmax", "LogSoftmax")
_RESHAPING = ("Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze", "Dropout", "Transpose")
_POOLS = ("GlobalAveragePool", "AveragePool", "ReduceMean")


@dataclass(frozen=True)
class PooledMap:
    """A map of ``channels`` features at ``height`` x ``width`` locations.

    ``features``: [N, F, h, w], or [N, h, w, F] with ``channels_last``. ``pooled``: its mean over
    the locations, which the head works on; None where the head works on the map.
    """

    features: str
    pooled: str | None
    channels: int
    height: int
    width: int
    channels_last: bool


@dataclass(frozen=True, eq=False)
class LinearHead:
    """``weight`` [C, F] and ``bias`` [C]."""

    weight: FloatArray
    bias: FloatArray


@dataclass(frozen=True, eq=False)
class Anatomy:
    """Names of tensors of `Foreign.simple`, which flattened are what their names say.

    ``logits``: of ``classes`` labels, ahead of a softmax at the end, which ``probabilities`` says
    that there is. ``map``: None where the logits do not come from the mean of a map; where they do,
    ``embedding`` is that mean, or the map itself where the head works on the map and ``scored`` is
    what it makes of it, [N, C, h, w]. ``head``: the last layer; with ``linear`` it is all that lies
    between the embedding and the logits.
    """

    logits: str
    probabilities: bool
    classes: int
    embedding: str
    map: PooledMap | None
    head: LinearHead
    linear: bool
    scored: str | None


def study(foreign: Foreign, where: str) -> Anatomy:
    """Raises `TrainingError`, naming the file ``where``, for a graph that does not end in a layer
    that scores labels."""
    graph = foreign.simple.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    made_by = {name: node for node in graph.node for name in node.output}
    logits, probabilities = _ahead_of_softmax(graph.output[0].name, made_by)
    values = _values(foreign, [logits, *_around_pools(foreign.simple)])
    found = _last_map(foreign.simple, logits, values)
    on_map = found is not None and found.pooled == logits
    layer = made_by.get(logits)
    if found is not None and on_map:
        layer = made_by.get(_ahead_of(found.features, made_by, ("Relu", "Clip")))
    last = _linear(layer, made_by, weights)
    if last is None:
        ends = "its input" if layer is None else layer.op_type
        raise TrainingError(
            f"{where}: has no classifier layer at its end: its output comes from {ends}, not from "
            "a linear layer with weights (Gemm, MatMul or Conv). Give a classifier of one label an "
            "image, or say with --output which output holds its scores."
        )
    embedding, head = last
    linear, scored = False, None
    if found is not None and on_map:
        scored = found.features
        found = replace(found, features=embedding, pooled=None, channels=head.weight.shape[1])
    elif found is not None:
        linear = _ahead_of(embedding, made_by, _RESHAPING) == found.pooled
        embedding = str(found.pooled)
    return Anatomy(
        logits, probabilities, values[logits][0].size, embedding, found, head, linear, scored
    )


def _ahead_of_softmax(output: str, made_by: Mapping[str, NodeProto]) -> tuple[str, bool]:
    name = _ahead_of(output, made_by, _RESHAPING)
    node = made_by.get(name)
    if node is None or node.op_type not in _SOFTMAX:
        return name, False
    return _ahead_of(node.input[0], made_by, _RESHAPING), True


def _ahead_of(name: str, made_by: Mapping[str, NodeProto], passed: tuple[str, ...]) -> str:
    """The tensor that ``name`` is made from by nodes of the kinds ``passed``."""
    while name in made_by and made_by[name].op_type in passed:
        name = made_by[name].input[0]
    return name


def _values(foreign: Foreign, names: list[str]) -> dict[str, FloatArray]:
    """Of these tensors, for an example."""
    probe = ModelProto()
    probe.CopyFrom(foreign.simple)
    session = session_for(probe, names, threads=1)
    found = session.run(names, {image_input(probe).name: foreign.example()})
    return dict(zip(names, found, strict=True))


def session_for(model: ModelProto, names: list[str], threads: int) -> Any:
    """A session of ``model`` that returns the tensors ``names``."""
    del model.graph.output[:]
    model.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        for name in dict.fromkeys(names)
    )
    return open_session(model, run_options(threads))


def _around_pools(model: ModelProto) -> Iterator[str]:
    for node in model.graph.node:
        if node.op_type in _POOLS:
            yield node.input[0]
            yield node.output[0]


def _last_map(model: ModelProto, logits: str, values: Mapping[str, FloatArray]) -> PooledMap | None:
    """The last one whose mean is all that the ``logits`` depend on."""
    for node in reversed(model.graph.node):
        source, pooled = node.input[0] if node.input else "", node.output[0]
        if node.op_type in _POOLS and (pooled == logits or head_nodes(model, pooled, logits)):
            for axes in ((2, 3), (1, 2)):
                if _is_mean(values[pooled], values[source], axes):
                    return _pooled_map(node, values[source].shape, channels_last=axes == (1, 2))
    return None


def _is_mean(pooled: FloatArray, features: FloatArray, axes: tuple[int, int]) -> bool:
    """Measured, because pooling has many spellings, some of which pad the map or skip a part."""
    if features.ndim != 4:
        return False
    mean = features.mean(axis=axes)
    return pooled.size == mean.size and bool(
        np.allclose(pooled.reshape(mean.shape), mean, rtol=1e-3, atol=1e-5)
    )


def _pooled_map(node: NodeProto, shape: Shape, *, channels_last: bool) -> PooledMap:
    height, width = shape[1:3] if channels_last else shape[2:4]
    channels = shape[3] if channels_last else shape[1]
    return PooledMap(node.input[0], node.output[0], channels, height, width, channels_last)


def head_nodes(model: ModelProto, pooled: str, logits: str) -> list[NodeProto]:
    """The nodes from ``pooled`` to ``logits``; none where these depend on more of the image."""
    from_image = _depending_on(model, image_input(model).name)
    behind = _depending_on(model, pooled)
    needed, nodes = {logits}, list[NodeProto]()
    for node in reversed(model.graph.node):
        if needed & set(node.output) and behind & set(node.output):
            nodes.append(node)
            needed |= set(node.input)
    outside = {name for node in nodes for name in node.input} & from_image
    return nodes[::-1] if logits in behind and not outside - behind - {pooled} else []


def _depending_on(model: ModelProto, start: str) -> set[str]:
    """The tensors that are computed from ``start``."""
    found = {start}
    for node in model.graph.node:
        if found & set(node.input):
            found |= set(node.output)
    return found - {start}


def _linear(
    layer: NodeProto | None, made_by: Mapping[str, NodeProto], weights: Weights
) -> tuple[str, LinearHead] | None:
    """The input of a linear ``layer`` and what it does to it; None where it is not one."""
    if layer is None:
        return None
    if layer.op_type == "Add":
        constant = [name for name in layer.input if name in weights]
        others = [made_by.get(name) for name in layer.input if name not in weights]
        inner = _linear(others[0], made_by, weights) if len(constant) == 1 else None
        if inner is None:
            return None
        added = numpy_helper.to_array(weights[constant[0]]).ravel()
        return inner[0], LinearHead(inner[1].weight, inner[1].bias + added)
    linear = layer.op_type in ("Gemm", "MatMul", "Conv")
    if not linear or not weights.keys() >= set(layer.input[1:]):
        return None
    return layer.input[0], _head(
        layer, [numpy_helper.to_array(weights[n]) for n in layer.input[1:]]
    )


def _head(layer: NodeProto, constants: list[FloatArray]) -> LinearHead:
    """Of a layer with the weights, and the bias where it has one, in ``constants``."""
    attributes = {a.name: helper.get_attribute_value(a) for a in layer.attribute}
    weight = constants[0]
    if layer.op_type == "Conv":
        # A kernel that covers more than one location still maps the features of each.
        weight = weight.reshape(*weight.shape[:2], -1).sum(axis=2)
    elif not attributes.get("transB", 0):
        weight = weight.T
    bias = constants[1].ravel() if len(constants) > 1 else np.zeros(1, np.float32)
    return LinearHead(
        np.ascontiguousarray(attributes.get("alpha", 1.0) * weight, np.float32),
        np.asarray(np.broadcast_to(attributes.get("beta", 1.0) * bias, len(weight)), np.float32),
    )
