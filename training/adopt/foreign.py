"""An ONNX file of any origin: read, simplified, and refused where it is not an image classifier."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from google.protobuf.message import DecodeError
from onnx import (
    GraphProto,
    ModelProto,
    NodeProto,
    TensorProto,
    ValueInfoProto,
    inliner,
    numpy_helper,
)

from training.errors import TrainingError
from training.export.graph.rewrites import drop_unused_weights

COLOURS = 3
BATCH = "batch"
LARGEST = 2**31 - 1
"""Bytes: protobuf cannot hold more in one message."""

_QUANTIZED = frozenset(
    {"QuantizeLinear", "DequantizeLinear", "QLinearConv", "QLinearMatMul", "ConvInteger"}
    | {"MatMulInteger", "DynamicQuantizeLinear"}
)


@dataclass(frozen=True, eq=False)
class Foreign:
    """A graph with one image input and one output.

    ``model``: as it was read, for ``batch`` images at a time, None where it takes any number.
    ``simple``: the same for any number of images, in fewer nodes, its constants folded. ``size``:
    the side of its square images in pixels. ``channels_last``: whether they are [N, H, W, 3].
    """

    model: ModelProto
    simple: ModelProto
    bytes: int
    batch: int | None
    size: int
    channels_last: bool

    @property
    def takes_bytes(self) -> bool:
        """Whether pixels go in as uint8, so that they are normalised inside."""
        return bool(image_input(self.model).type.tensor_type.elem_type == TensorProto.UINT8)

    @property
    def parameters(self) -> int:
        return sum(
            int(np.prod(tensor.dims))
            for tensor in self.simple.graph.initializer
            if tensor.data_type == TensorProto.FLOAT
        )

    def example(self) -> npt.NDArray[Any]:
        """Two images of noise, as ``simple`` takes them."""
        side = self.size
        shape = (2, side, side, COLOURS) if self.channels_last else (2, COLOURS, side, side)
        noise = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
        return (noise > 0).astype(np.uint8) if self.takes_bytes else noise


def read_foreign(file: Path, output: str | None = None, size: int | None = None) -> Foreign:
    """The classifier in ``file``.

    ``output``: which one to take where it has several. ``size``: the side of its images, where the
    file leaves that open. Raises `TrainingError` naming what keeps the file from being served.
    """
    try:
        return _read(file, output, size)
    except RefusedError as error:
        raise TrainingError(f"{file}: {error}") from error


def image_input(model: ModelProto) -> ValueInfoProto:
    """The only input."""
    entry: ValueInfoProto = model.graph.input[0]
    return entry


def open_session(model: ModelProto, options: Any) -> Any:
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def run_options(threads: int) -> Any:
    """For a session of this graph. ONNX Runtime has no types."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # What ONNX Runtime logs about a file that it refuses is in its exception too.
    options.log_severity_level = 4
    return options


class RefusedError(Exception):
    """Why a file cannot be adopted, and what to do."""


def _read(file: Path, output: str | None, size: int | None) -> Foreign:
    model, total = _load(file)
    _require_standard(model)
    _weights_are_constant(model.graph)
    drop_unused_weights(model)
    _require_one_input(model.graph)
    _choose_output(model.graph, output)
    entry = image_input(model)
    channels_last, side, batch = _image_shape(entry, size)
    dims = entry.type.tensor_type.shape.dim
    for axis in (1, 2) if channels_last else (2, 3):
        dims[axis].dim_value = side
    simple = simplify(_any_batch(model))
    if nested := sorted({node.op_type for node in simple.graph.node if _has_graph(node)}):
        raise RefusedError(
            f"has control flow ({', '.join(nested)}), which int8 and the activation map cannot "
            "follow. Export the network without branches and loops, say by tracing it."
        )
    foreign = Foreign(model, simple, total, batch, side, channels_last)
    _require_any_batch(foreign)
    return foreign


def _load(file: Path) -> tuple[ModelProto, int]:
    """The model with its external data, and the bytes of both."""
    try:
        model = onnx.load(file, load_external_data=False)
    except OSError as error:
        raise RefusedError(f"cannot be read ({error.strerror}).") from error
    except DecodeError as error:
        raise RefusedError("is not an ONNX file, or a damaged one.") from error
    if not model.graph.node:
        raise RefusedError("is not an ONNX file, or one without a graph.")
    try:
        onnx.load_external_data_for_model(model, str(file.parent))
    except (OSError, ValueError, onnx.checker.ValidationError) as error:
        raise RefusedError(
            f"its weights lie in other files, which cannot be read ({error}). Put them beside it, "
            "or save it as one file."
        ) from error
    total = model.ByteSize()
    if total > LARGEST:
        raise RefusedError("is larger than 2 GB, too large for a function.")
    model = inliner.inline_local_functions(model)
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        custom = _custom(model)
        raise RefusedError(
            _custom_text(custom)
            if custom
            else f"is not valid ONNX ({str(error).splitlines()[0]}). Export it again."
        ) from error
    return model, total


def _require_standard(model: ModelProto) -> None:
    if custom := _custom(model):
        raise RefusedError(_custom_text(custom))
    if found := sorted({node.op_type for node in model.graph.node} & _QUANTIZED):
        raise RefusedError(
            f"is quantized already ({', '.join(found)}). Give the float32 file: int8 is made, and "
            "proven, from that."
        )


def _custom(model: ModelProto) -> list[str]:
    return sorted(
        {f"{n.domain}.{n.op_type}" for n in model.graph.node if n.domain not in ("", "ai.onnx")}
    )


def _custom_text(custom: list[str]) -> str:
    return (
        f"has custom operators ({', '.join(custom)}); only standard ONNX operators can be served. "
        "Export it without them."
    )


def _weights_are_constant(graph: GraphProto) -> None:
    """Up to IR 3 weights are inputs too, which a caller could replace."""
    weights = {tensor.name for tensor in graph.initializer}
    for entry in list(graph.input):
        if entry.name in weights:
            graph.input.remove(entry)


def _require_one_input(graph: GraphProto) -> None:
    if len(graph.input) != 1:
        names = ", ".join(entry.name for entry in graph.input) or "none"
        raise RefusedError(f"has {len(graph.input)} inputs ({names}); one is needed, the image.")


def _choose_output(graph: GraphProto, wanted: str | None) -> None:
    """Leave the ``wanted`` output only."""
    names = [entry.name for entry in graph.output]
    if wanted is None and len(names) != 1:
        raise RefusedError(
            f"has {len(names)} outputs ({', '.join(names)}). Say with --output which one holds the "
            "scores of the labels."
        )
    if wanted is not None and wanted not in names:
        raise RefusedError(f"has no output {wanted}, only {', '.join(names)}.")
    kept = [entry for entry in graph.output if wanted in (None, entry.name)]
    del graph.output[:]
    graph.output.extend(kept)


def _image_shape(entry: ValueInfoProto, size: int | None) -> tuple[bool, int, int | None]:
    """Whether channels come last, the side of the image and the batch."""
    tensor = entry.type.tensor_type
    shape = [dim.dim_value if dim.HasField("dim_value") else None for dim in tensor.shape.dim]
    shown = [dim.dim_value if dim.dim_value else dim.dim_param or "?" for dim in tensor.shape.dim]
    if len(shape) != 4 or COLOURS not in (shape[1], shape[3]):
        raise RefusedError(
            f"its input {entry.name} is {shown}, not an RGB image: [batch, 3, height, width] or "
            "[batch, height, width, 3] is needed."
        )
    if tensor.elem_type not in (TensorProto.FLOAT, TensorProto.UINT8):
        name = TensorProto.DataType.Name(tensor.elem_type).lower()
        raise RefusedError(f"its input {entry.name} is {name}; export the network in float32.")
    channels_last = shape[1] != COLOURS
    height, width = shape[1:3] if channels_last else shape[2:4]
    sides = {side for side in (height, width, size) if side}
    if not sides:
        raise RefusedError(
            f"its input {entry.name} is {shown} and leaves the size of the image open: state the "
            "size that it was trained on with --size, say --size 224."
        )
    if len(sides) > 1:
        stated = "" if size is None else f", and --size says {size}"
        raise RefusedError(
            f"its input {entry.name} is {shown}{stated}. The image must be a square of one size."
        )
    return channels_last, sides.pop(), shape[0] or None


def _has_graph(node: NodeProto) -> bool:
    return any(
        attribute.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS)
        for attribute in node.attribute
    )


def _any_batch(fixed: ModelProto) -> ModelProto:
    """``fixed`` for any number of images at a time: its input, and the shapes of its Reshapes."""
    model = ModelProto()
    model.CopyFrom(fixed)
    del model.graph.value_info[:]
    for entry in model.graph.output:
        entry.type.tensor_type.ClearField("shape")
    batch = image_input(model).type.tensor_type.shape.dim[0]
    sides = batch.dim_value
    batch.dim_param = BATCH
    if not sides:
        return model
    shapes = {node.input[1] for node in model.graph.node if node.op_type == "Reshape"}
    constants = [tensor for tensor in model.graph.initializer if tensor.name in shapes]
    constants += [
        attribute.t
        for node in model.graph.node
        if node.op_type == "Constant" and node.output[0] in shapes
        for attribute in node.attribute
        if attribute.name == "value"
    ]
    for tensor in constants:
        _open_batch(tensor, sides)
    return model


def _open_batch(shape: TensorProto, batch: int) -> None:
    """The constant ``shape`` of a Reshape for any batch."""
    sides = numpy_helper.to_array(shape).copy()
    if sides.size and sides[0] == batch:
        # 0 copies the batch of what is reshaped; only one side may be computed by -1.
        sides[0] = 0 if -1 in sides[1:] else -1
        shape.CopyFrom(numpy_helper.from_array(sides, shape.name))


def _require_any_batch(foreign: Foreign) -> None:
    """Run two images: somewhere in the graph the batch may still be fixed."""
    output = foreign.simple.graph.output[0].name
    try:
        (found,) = open_session(foreign.simple, run_options(threads=1)).run(
            [output], {image_input(foreign.simple).name: foreign.example()}
        )
        works = found.ndim >= 2 and len(found) == len(foreign.example())
    except Exception:
        # ONNX Runtime raises classes of its own, one for each of its status codes.
        works = False
    if not works:
        raise RefusedError(
            f"takes {foreign.batch or 1} image at a time only, somewhere in its graph. Export it "
            "with a dynamic batch, by dynamic_axes or dynamic_shapes of torch.onnx.export."
        )


def simplify(model: ModelProto) -> ModelProto:
    """``model`` as ONNX Runtime writes it after its basic optimizations: constants folded, batch
    norm inside the convolutions ahead of it, what does nothing removed. Standard operators only."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "simple.onnx"
        options = run_options(threads=1)
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(file)
        try:
            open_session(model, options)
        except Exception as error:
            # ONNX Runtime raises classes of its own, one for each of its status codes.
            raise RefusedError(f"ONNX Runtime cannot run it ({error}).") from error
        simple = onnx.load(file)
    standard = [entry for entry in simple.opset_import if entry.domain in ("", "ai.onnx")]
    del simple.opset_import[:]
    simple.opset_import.extend(standard)
    return simple
