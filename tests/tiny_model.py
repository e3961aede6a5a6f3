"""A real ONNX model that answers with the dominant colour, so that tests know every answer."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from visionflow.answers.familiarity import FamiliarImages
from visionflow.images.input_spec import InputSpec
from visionflow.models.gate import REQUIRED_CHECKS
from visionflow.models.label_tree import Label
from visionflow.models.manifest import (
    MANIFEST_NAME,
    Familiarity,
    FileEntry,
    GateCheck,
    Manifest,
    Quantization,
)

LABELS = ("red", "green", "blue")
SIDE = 8
EMBEDDINGS_FILE = "familiar.npz"
PASSED_GATE = tuple(GateCheck(name, 0.0, 0.1, passed=True) for name in REQUIRED_CHECKS["fp32"])


def tiny_graph(turned: bool = False) -> bytes:
    """By the artifact's contract: logits are ten times the mean of each channel in 0..1.

    ``turned`` rotates the channels: red is answered as green.
    """
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["pixels", "unit"], ["scaled"]),
        helper.make_node("Transpose", ["scaled"], ["channels"], perm=[0, 3, 1, 2]),
        helper.make_node("Gather", ["channels", "order"], ["features"], axis=1),
        helper.make_node("ReduceMean", ["features", "axes"], ["embedding"], keepdims=0),
        helper.make_node("Mul", ["embedding", "ten"], ["logits"]),
        helper.make_node("Mul", ["features", "ten"], ["cam"]),
    ]
    constants: dict[str, np.ndarray] = {
        "unit": np.array(1 / 255, dtype=np.float32),
        "ten": np.array(10, dtype=np.float32),
        "axes": np.array([2, 3], dtype=np.int64),
        "order": np.array([2, 0, 1] if turned else [0, 1, 2], dtype=np.int64),
    }
    shapes: dict[str, list[str | int]] = {
        "logits": ["n", 3],
        "embedding": ["n", 3],
        "cam": ["n", 3, SIDE, SIDE],
    }
    graph = helper.make_graph(
        nodes,
        "dominant_colour",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", SIDE, SIDE, 3])],
        [helper.make_tensor_value_info(k, TensorProto.FLOAT, v) for k, v in shapes.items()],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    serialized: bytes = model.SerializeToString()
    return serialized


def write_tiny_artifact(
    folder: Path,
    version: str = "1",
    unknown_threshold: float = 0.5,
    *,
    name: str = "tiny",
    extra: tuple[str, ...] = (),
    turned: bool = False,
    familiar: bool = False,
    conformity: tuple[float, ...] = (),
    nested: bool = False,
    labels: tuple[str, ...] = LABELS,
    graph: bytes | None = None,
) -> Manifest:
    """Write a complete, valid artifact to ``folder``; the ``extra`` files are already there.

    ``familiar``: with stored embeddings, by which an image in red, green or grey is familiar and
    one in blue is not. ``conformity`` is the manifest's. ``nested``: red and green
    are below warm, blue has no parent. ``labels``: three. ``graph``: in place of `tiny_graph`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(graph or tiny_graph(turned))
    manifest = Manifest(
        schema_version=3,
        name=name,
        version=version,
        created_at="2030-01-01T00:00:00.000000Z",
        labels=tuple(Label(name, "warm" if nested and name != "blue" else None) for name in labels),
        parents=(Label("warm", None),) if nested else (),
        input=InputSpec(SIDE, SIDE),
        precision="fp32",
        files={"fp32": FileEntry.of(folder, "model.onnx")},
        extra_files=tuple(FileEntry.of(folder, path) for path in extra),
        opset=18,
        quantization=Quantization("none", "none", 0, (), "too small to gain anything"),
        temperature=1.0,
        unknown_threshold=unknown_threshold,
        familiarity=_familiarity(folder) if familiar else None,
        conformity=conformity,
        metrics={"top1": 1.0},
        gate=PASSED_GATE,
        dataset_sha256="0" * 64,
        config={},
        git_commit=None,
        library_versions={"onnx": onnx.__version__},
    )
    (folder / MANIFEST_NAME).write_text(manifest.to_json(), encoding="utf-8")
    return manifest


def _familiarity(folder: Path) -> Familiarity:
    colours = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 1]], dtype=np.float32)
    taught = FamiliarImages.of(colours.repeat(20, axis=0), np.repeat([0, 1, 0], 20), len(LABELS))
    (folder / EMBEDDINGS_FILE).write_bytes(taught.to_bytes())
    entry = FileEntry.of(folder, EMBEDDINGS_FILE)
    return Familiarity(file=entry, threshold=0.4, least_detail=0.0, kept=0.95)


def write_tiny_run(
    folder: Path,
    gate: tuple[GateCheck, ...] = PASSED_GATE,
    large: int = 100,
    *,
    name: str = "tiny",
    version: str = "1",
    turned: bool = False,
) -> Path:
    """Write an artifact as a run does: a checkpoint, a page, a plot of ``large`` bytes."""
    manifest = write_tiny_artifact(folder, version, name=name, turned=turned)
    (folder / "checkpoint.pt").write_bytes(b"weights")
    (folder / "plots").mkdir(exist_ok=True)
    (folder / "report.html").write_text("<!doctype html>", encoding="utf-8")
    (folder / "plots" / "large.png").write_bytes(bytes(large))
    extra = tuple(FileEntry.of(folder, name) for name in ("report.html", "plots/large.png"))
    manifest = replace(manifest, gate=gate, extra_files=extra)
    (folder / MANIFEST_NAME).write_text(manifest.to_json(), encoding="utf-8")
    return folder
