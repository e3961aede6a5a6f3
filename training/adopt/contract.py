"""A foreign classifier as the graph that every artifact holds: from uint8 ``image`` [N, size, size,
3] to ``logits``, ``embedding`` and ``cam``."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import (
    ModelProto,
    NodeProto,
    TensorProto,
    compose,
    helper,
    numpy_helper,
    shape_inference,
    version_converter,
)

from training.adopt.anatomy import Anatomy, PooledMap, head_nodes
from training.adopt.foreign import (
    BATCH,
    COLOURS,
    Foreign,
    RefusedError,
    image_input,
    simplify,
)
from training.adopt.pixels import Pixels
from training.errors import TrainingError
from training.export.graph.rewrites import drop_unused_weights, strip_metadata

# The oldest opset with per-channel quantization.
OLDEST = 13
IR_VERSION = 10
_PREFIX = "network/"


def to_contract(
    foreign: Foreign, anatomy: Anatomy, pixels: Pixels, opset: int, where: str
) -> ModelProto:
    """The graph of the artifact, in ``opset`` where ONNX can convert the file to it.

    ``cam`` is the head applied at each location of the pooled map, and [N, C, 0, 0] where there is
    no such map. Raises `TrainingError`, naming the file ``where``.
    """
    network = _converted(_with_tensors(foreign, anatomy), opset, where)
    built = _Graph(compose.add_prefix(network, _PREFIX))
    _pixels(built, foreign, pixels)
    embedding = _embedding(built, anatomy)
    _logits(built, anatomy, embedding)
    _cam(built, anatomy)
    return built.finished(foreign.size, anatomy)


def _tensors(anatomy: Anatomy) -> list[str]:
    """What must keep its name."""
    names = [anatomy.logits, anatomy.embedding, anatomy.scored]
    names += [anatomy.map.features] if anatomy.map else []
    return list(dict.fromkeys(name for name in names if name))


def _with_tensors(foreign: Foreign, anatomy: Anatomy) -> ModelProto:
    """The network, whose outputs are what `_tensors` names: outputs are never renamed."""
    model = ModelProto()
    model.CopyFrom(foreign.simple)
    del model.graph.output[:]
    model.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in _tensors(anatomy)
    )
    del model.graph.value_info[:]
    return model


def _converted(model: ModelProto, opset: int, where: str) -> ModelProto:
    """In ``opset``, or as it is where ONNX has no way there and the quantizer takes it."""
    found = model.opset_import[0].version
    # Older ones want every weight to be an input too.
    model.ir_version = IR_VERSION
    try:
        converted = model if found == opset else version_converter.convert_version(model, opset)
    except version_converter.ConvertError as error:
        if not OLDEST <= found <= opset:
            raise TrainingError(
                f"{where}: is in opset {found}, and ONNX cannot convert it to opset {opset} "
                f"({str(error).splitlines()[0]}). Export it in opset {OLDEST} to {opset}."
            ) from error
        converted = model
    try:
        return simplify(converted)
    except RefusedError as error:
        raise TrainingError(f"{where}: {error}") from error


@dataclass
class _Graph:
    """The network with what is added to it."""

    model: ModelProto
    before: list[NodeProto] = field(default_factory=list)
    behind: list[NodeProto] = field(default_factory=list)

    def constant(self, name: str, values: npt.NDArray[Any]) -> str:
        self.model.graph.initializer.append(numpy_helper.from_array(values, name))
        return name

    def add(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        self.behind.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def finished(self, size: int, anatomy: Anatomy) -> ModelProto:
        """Raises `onnx.checker.ValidationError` for what is not a valid graph."""
        graph, found = self.model.graph, anatomy.map
        side = (found.height, found.width) if found else (0, 0)
        shapes: Mapping[str, Sequence[int | str]] = {
            "logits": [BATCH, anatomy.classes],
            "embedding": [BATCH, "features"],
            "cam": [BATCH, anatomy.classes, *side],
        }
        nodes = _leading_to(shapes, [*self.before, *graph.node, *self.behind])
        for place, node in enumerate(nodes):
            # The quantizer finds nodes by their names.
            node.name = f"{node.op_type}_{place}"
        image = helper.make_tensor_value_info("image", TensorProto.UINT8, [BATCH, size, size, 3])
        model = helper.make_model(
            helper.make_graph(
                nodes,
                "adopted",
                [image],
                [helper.make_tensor_value_info(k, TensorProto.FLOAT, v) for k, v in shapes.items()],
                list(graph.initializer),
            ),
            opset_imports=list(self.model.opset_import),
            ir_version=IR_VERSION,
        )
        drop_unused_weights(model)
        _explicit_pads(model)
        strip_metadata(model)
        onnx.checker.check_model(model, full_check=True)
        return model


def _leading_to(outputs: Iterable[str], nodes: Sequence[NodeProto]) -> list[NodeProto]:
    """Those of ``nodes`` that the ``outputs`` are computed by."""
    needed, kept = set(outputs), list[NodeProto]()
    for node in reversed(nodes):
        if needed & set(node.output):
            needed |= set(node.input)
            kept.append(node)
    return kept[::-1]


def _named(name: str) -> str:
    return _PREFIX + name


def _pixels(built: _Graph, foreign: Foreign, pixels: Pixels) -> None:
    """From ``image`` to the network's input."""
    entry = image_input(built.model).name
    steps: list[tuple[str, list[str], dict[str, Any]]] = []
    if not foreign.takes_bytes:
        if pixels.bgr:
            order = built.constant("channels", np.array([2, 1, 0], np.int64))
            steps.append(("Gather", [order], {"axis": 3}))
        steps.append(("Cast", [], {"to": TensorProto.FLOAT}))
        steps.append(("Transpose", [], {"perm": [0, 3, 1, 2]}))
        for kind, name, values in (("Sub", "mean", pixels.mean), ("Div", "std", pixels.std)):
            constant = np.array(values, np.float32).reshape(1, COLOURS, 1, 1)
            steps.append((kind, [built.constant(name, constant)], {}))
        if foreign.channels_last:
            steps.append(("Transpose", [], {"perm": [0, 2, 3, 1]}))
    elif foreign.channels_last:
        steps.append(("Identity", [], {}))
    else:
        steps.append(("Transpose", [], {"perm": [0, 3, 1, 2]}))
    source = "image"
    for place, (kind, others, attributes) in enumerate(steps):
        output = entry if place == len(steps) - 1 else f"pixels_{place}"
        built.before.append(helper.make_node(kind, [source, *others], [output], **attributes))
        source = output


def _embedding(built: _Graph, anatomy: Anatomy) -> str:
    source = _named(anatomy.embedding)
    if anatomy.scored is not None:
        source = built.add("GlobalAveragePool", [source], "pooled")
    return built.add("Flatten", [source], "embedding")


def _logits(built: _Graph, anatomy: Anatomy, embedding: str) -> None:
    if anatomy.linear:
        # In the form that the network's own export has, which the quantizer knows.
        weight = built.constant("head.weight", anatomy.head.weight)
        bias = built.constant("head.bias", anatomy.head.bias)
        built.add("Gemm", [embedding, weight, bias], "logits", transB=1)
    else:
        built.add("Flatten", [_named(anatomy.logits)], "logits")


def _cam(built: _Graph, anatomy: Anatomy) -> None:
    found = anatomy.map
    if found is None:
        axes = built.constant("cam.axes", np.array([2, 3], np.int64))
        nothing = built.constant("cam.nothing", np.array([0, 0], np.int64))
        built.add("Unsqueeze", ["logits", axes], "cam_of_one")
        built.add("Slice", ["cam_of_one", nothing, nothing, axes], "cam")
    elif anatomy.scored is not None:
        built.add("Identity", [_named(anatomy.scored)], "cam")
    elif anatomy.linear:
        features = _named(found.features)
        if found.channels_last:
            features = built.add("Transpose", [features], "features", perm=[0, 3, 1, 2])
        axes = built.constant("head.axes", np.array([2, 3], np.int64))
        weight = built.add("Unsqueeze", ["head.weight", axes], "head.kernel")
        built.add("Conv", [features, weight, "head.bias"], "cam", kernel_shape=[1, 1])
    else:
        _head_at_locations(built, anatomy, found)


def _head_at_locations(built: _Graph, anatomy: Anatomy, found: PooledMap) -> None:
    """The nodes of the head once more, each location of the map in the place of an image."""
    rows = _named(found.features)
    if not found.channels_last:
        rows = built.add("Transpose", [rows], "locations", perm=[0, 2, 3, 1])
    pooled, logits = _named(anatomy.embedding), _named(anatomy.logits)
    nodes = head_nodes(built.model, pooled, logits)
    shape = [-1, found.channels]
    if _keeps_dimensions(built.model, pooled):
        shape = [-1, 1, 1, found.channels] if found.channels_last else [-1, found.channels, 1, 1]
    rows_shape = built.constant("cam.rows", np.array(shape, np.int64))
    inside = {pooled: built.add("Reshape", [rows, rows_shape], "rows")}
    for node in nodes:
        copied = NodeProto()
        copied.CopyFrom(node)
        inside |= {name: f"at_locations/{name}" for name in node.output if name}
        for names in (copied.input, copied.output):
            names[:] = [inside.get(name, name) for name in names]
        built.behind.append(copied)
    map_shape = np.array([-1, found.height, found.width, anatomy.classes], np.int64)
    built.add("Reshape", [inside[logits], built.constant("cam.shape", map_shape)], "cam_last")
    built.add("Transpose", ["cam_last"], "cam", perm=[0, 3, 1, 2])


def _keeps_dimensions(model: ModelProto, pooled: str) -> bool:
    node = next(node for node in model.graph.node if pooled in node.output)
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    return node.op_type != "ReduceMean" or bool(attributes.get("keepdims", 1))


def _explicit_pads(model: ModelProto) -> None:
    """TensorFlow's "same" padding of convolutions in numbers, which bias correction reads."""
    inferred = shape_inference.infer_shapes(model)
    shapes = {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in inferred.graph.value_info
    }
    kernels = {tensor.name: list(tensor.dims)[2:] for tensor in model.graph.initializer}
    for node in model.graph.node:
        attributes = {a.name: a for a in node.attribute}
        kind = attributes["auto_pad"].s.decode() if "auto_pad" in attributes else "NOTSET"
        if node.op_type != "Conv" or kind == "NOTSET":
            continue
        kernel = kernels[node.input[1]]
        strides, dilations = (
            list(attributes[name].ints) if name in attributes else [1] * len(kernel)
            for name in ("strides", "dilations")
        )
        begin, end = [], []
        for side, width, stride, dilation in zip(
            shapes[node.input[0]][2:], kernel, strides, dilations, strict=True
        ):
            total = max((-(-side // stride) - 1) * stride + dilation * (width - 1) + 1 - side, 0)
            total = 0 if kind == "VALID" else total
            begin.append(total // 2 if kind == "SAME_UPPER" else total - total // 2)
            end.append(total - begin[-1])
        for name in ("auto_pad", "pads"):
            if name in attributes:
                node.attribute.remove(attributes[name])
        node.attribute.append(helper.make_attribute("pads", [*begin, *end]))
