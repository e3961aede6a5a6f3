"""Files of the artifact that are whole or not there."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.tiny_model import write_tiny_artifact
from training.errors import TrainingError
from training.export.artifact import hardware, write_manifest, write_whole
from training.export.network_export import gpu_names
from visionflow.models.manifest import MANIFEST_NAME, read_artifact


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file can grow beyond ``size`` bytes: the rest of a write fails, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_file_that_does_not_fit_leaves_nothing_and_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "run" / "model.onnx"
    with full_disk(1000), pytest.raises(TrainingError, match=r"model\.onnx.*free some space"):
        write_whole(path, b"x" * 5000)
    assert list(path.parent.iterdir()) == []


def test_an_older_file_survives_a_write_that_fails(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"older")
    with full_disk(1000), pytest.raises(TrainingError):
        write_whole(path, b"x" * 5000)
    assert path.read_bytes() == b"older"


def test_the_manifest_names_the_files_beside_it(tmp_path: Path) -> None:
    manifest = write_tiny_artifact(tmp_path)
    (tmp_path / MANIFEST_NAME).unlink()
    (tmp_path / "report.json").write_text("{}")
    write_manifest(manifest, tmp_path, ["report.json"])
    written = read_artifact(tmp_path)
    assert [entry.path for entry in written.extra_files] == ["report.json"]
    assert replace(written, extra_files=()) == replace(manifest, extra_files=())


def test_the_hardware_names_the_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert hardware(gpu_names()) == hardware()
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _index: "Tesla T4")
    assert hardware(gpu_names()) == f"{hardware()}, 2 x Tesla T4"
