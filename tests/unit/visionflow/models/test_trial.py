"""A version is tried in a process of its own before it can serve."""

import dataclasses
import os
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from infra import stages
from tests.bad_models import KINDS, bad_graph, write_bad_artifact
from tests.tiny_model import tiny_graph, write_tiny_artifact
from visionflow.answers.caps import ANSWER_S, FUNCTION_MB, OPEN_S
from visionflow.answers.tryout import images
from visionflow.errors import ArtifactError
from visionflow.models.drift import REFERENCE_FILE
from visionflow.models.manifest import FileEntry, Manifest, read_artifact
from visionflow.models.trial import try_out
from visionflow_starter import STARTER


def test_the_starter_can_serve() -> None:
    folder = STARTER
    tried = try_out(folder, read_artifact(folder))
    assert tried.ms is not None
    assert tried.peak_mb is not None
    assert 0 < tried.ms < ANSWER_S * 1000
    assert 20 < tried.peak_mb < FUNCTION_MB


@pytest.mark.parametrize("kind", KINDS)
def test_a_graph_that_takes_too_much_is_refused_in_bounded_time(tmp_path: Path, kind: str) -> None:
    manifest = write_bad_artifact(tmp_path, "1", bad_graph(KINDS[kind]()))
    start = time.monotonic()
    with pytest.raises(ArtifactError, match="tiny 1 cannot serve"):
        try_out(tmp_path, manifest)
    assert time.monotonic() - start < 60


def graph(**changes: list[str | int]) -> bytes:
    """The tiny graph with outputs declared otherwise."""
    model = onnx.load_from_string(tiny_graph())
    for output in model.graph.output:
        if output.name in changes:
            shape = changes[output.name]
            output.CopyFrom(helper.make_tensor_value_info(output.name, TensorProto.FLOAT, shape))
    data: bytes = model.SerializeToString()
    return data


def wide_map() -> bytes:
    model = onnx.load_from_string(graph(cam=["n", 3, "h", "w"]))
    last = next(node for node in model.graph.node if node.output == ["cam"])
    last.output[0] = "small"
    scales = onnx.numpy_helper.from_array(np.array([1, 1, 9, 9], np.float32), "scales")
    model.graph.initializer.append(scales)
    model.graph.node.append(helper.make_node("Resize", ["small", "", "scales"], ["cam"]))
    data: bytes = model.SerializeToString()
    return data


def external_data(location: str) -> bytes:
    model = onnx.load_from_string(tiny_graph())
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", location
    data: bytes = model.SerializeToString()
    return data


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"whole, but no model", "cannot open"),
        (graph(logits=["n", 4]), "classes, the manifest 3 labels"),
        (graph(logits=["n", "c", 1, 1]), "logits are"),
        (wide_map(), r"map is \(72, 72\)"),
        (external_data("/etc/hostname"), "cannot open"),
        (external_data("../../../etc/hostname"), "cannot open"),
        (external_data("weights.data"), "cannot open"),
    ],
)
def test_a_file_that_is_not_such_a_model_is_refused(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    # It is not one of the served files, so no function has it.
    (tmp_path / "weights.data").write_bytes(bytes(4))
    manifest = write_bad_artifact(tmp_path, "1", data)
    with pytest.raises(ArtifactError, match=reason):
        try_out(tmp_path, manifest)


def test_a_reference_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    tmp_path.joinpath(REFERENCE_FILE).write_text("{}")
    manifest = write_tiny_artifact(tmp_path, extra=(REFERENCE_FILE,))
    with pytest.raises(ArtifactError, match=r"reference: missing field"):
        try_out(tmp_path, manifest)


def test_a_file_that_differs_from_its_checksum_is_refused(
    tiny_artifact: tuple[Path, Manifest],
) -> None:
    folder, manifest = tiny_artifact
    entry = dataclasses.replace(FileEntry.of(folder, "model.onnx"), sha256="0" * 64)
    with pytest.raises(ArtifactError, match="checksum"):
        try_out(folder, dataclasses.replace(manifest, files={"fp32": entry}))


def test_the_process_has_no_credentials(
    tiny_artifact: tuple[Path, Manifest], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends at once where its program is replaced by one that prints its environment."""
    folder, manifest = tiny_artifact
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    place = folder / "path"
    place.mkdir()
    program = """import json, os
print(json.dumps({"ms": 1, "peak_mb": 1, "refused": repr(os.environ)}))
"""
    (place / "environment.py").write_text(program)
    monkeypatch.syspath_prepend(place)
    monkeypatch.setattr("visionflow.models.trial._PROGRAM", "environment")
    with pytest.raises(ArtifactError) as refused:
        try_out(folder, manifest)
    assert "PYTHONPATH" in str(refused.value)
    assert "AWS" not in str(refused.value)
    assert "AWS_SECRET_ACCESS_KEY" in os.environ


def test_a_process_that_dies_refuses_the_version(
    tiny_artifact: tuple[Path, Manifest], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, manifest = tiny_artifact
    monkeypatch.setattr("visionflow.models.trial._PROGRAM", "visionflow.no_such_program")
    with pytest.raises(ArtifactError, match="ended with status 1"):
        try_out(folder, manifest)


def test_the_caps_are_those_of_the_functions() -> None:
    for stage in (stages.LOCAL, stages.DEV, stages.PROD):
        assert min(stage.predict_memory_mb, stage.ingest_memory_mb) >= FUNCTION_MB
    # Two versions that do not open, or do not answer, leave a request of 29 seconds time for one
    # that does.
    assert 2 * OPEN_S + ANSWER_S < 29
    assert 2 * ANSWER_S + OPEN_S < 29


def test_images_of_every_kind_are_tried(tiny_artifact: tuple[Path, Manifest]) -> None:
    spec = tiny_artifact[1].input
    shown = list(images(spec))
    assert {(image.shape, image.dtype.name) for image in shown} == {
        ((spec.size, spec.size, 3), "uint8")
    }
    assert (shown[0] == shown[1]).all()
    assert len({image.tobytes() for image in shown}) == len(shown) - 1
