"""``visionflow export-edge NAME/VERSION`` takes a version from the stage's bucket."""

import json
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest

from infra.cli.main import main
from tests.images import encode, plain
from tests.integration.conftest import API, Cloud
from visionflow.answers.classifier import Classifier
from visionflow.models.registry import ModelRegistry
from visionflow.models.store import ModelStore


def test_a_version_of_a_stage_is_exported_by_its_name(
    cloud: Cloud,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = SimpleNamespace(
        models=ModelStore(API.models_bucket, boto3.client("s3")),
        registry=ModelRegistry(API.registry_table, boto3.client("dynamodb")),
    )
    monkeypatch.setattr("infra.cli.endpoints.endpoints", lambda _arguments: found)
    monkeypatch.chdir(tmp_path)
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(20):
        shade = ("red", "lime", "blue")[number % 3]
        (photos / f"{number}.png").write_bytes(encode(plain(shade), "PNG"))
    wanted = ["export-edge", "tiny/1", "--target", "onnx", "--json"]
    assert main([*wanted, "--images", "photos"]) == 0
    exported = json.loads(capsys.readouterr().out)
    assert (exported["folder"], exported["parity"]["model"]) == ("tiny-1-onnx", "tiny/1")
    answer = Classifier.open("tiny-1-onnx").classify_file(photos / "0.png")
    assert answer.label == "red"
    # A version of a stage brings no images.
    assert main([*wanted, "--out", "other"]) == 1
    assert "--images FOLDER" in capsys.readouterr().err
    assert not Path("other").exists()
