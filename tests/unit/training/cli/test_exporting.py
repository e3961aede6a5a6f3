"""`visionflow export` of a finished run."""

import shutil
from pathlib import Path

import onnx
import pytest

from infra.cli.main import main
from tests.unit.training.conftest import SHRUNKEN, shrunken_config
from tests.unit.training.folders import snapshot
from training.data.grouping.saved_groups import GROUPS_FILE
from training.data.split import SPLIT_FILE
from training.fit.checkpoint import CHECKPOINT_FILE
from training.proving import CACHE_FOLDER
from training.results.report import Report
from training.train import export
from visionflow.models.manifest import read_artifact


def test_a_changed_export_setting_needs_no_training(
    run: tuple[Path, Report], images: Path, tmp_path: Path
) -> None:
    finished, report = run
    before = snapshot(finished)
    config = shrunken_config(version="2", export__opset=18)
    again = export(config, images, finished, out=tmp_path)
    assert again.history == report.history
    assert not (tmp_path / CACHE_FOLDER).exists()
    assert snapshot(finished) == before
    assert onnx.load(tmp_path / "model.onnx").opset_import[0].version == 18


def test_export_needs_the_run_alone(
    run: tuple[Path, Report], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, report = run
    before = snapshot(folder)
    assert main(["export", str(folder)]) == 0
    assert "already finished" in capsys.readouterr().err
    assert main(["export", str(folder), "--set", "export.opset=18"]) == 1
    assert "export.opset was 20 and is 18. Choose another folder" in capsys.readouterr().err
    other = ["--out", str(tmp_path / "out"), "--set", "export.opset=18", "--version", "2"]
    assert main(["export", str(folder), *other]) == 0
    manifest = read_artifact(tmp_path / "out")
    assert (manifest.version, manifest.opset) == ("2", 18)
    assert manifest.name == report.name
    assert snapshot(folder) == before


def test_a_run_without_an_artifact_is_exported_from_its_checkpoint(
    run: tuple[Path, Report], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = run
    for name in (CHECKPOINT_FILE, SPLIT_FILE, GROUPS_FILE):
        shutil.copy(folder / name, tmp_path)
    names = ("max_accuracy_drop", "max_class_drop", "calibration_images")
    limits = [f"--set=export.{name}={SHRUNKEN[f'export.{name}']}" for name in names]
    assert main(["export", str(tmp_path), "--name", "again", *limits]) == 0
    assert read_artifact(tmp_path).name == "again"
    assert main(["export", str(tmp_path / "none"), "--data", str(tmp_path)]) == 1
    assert "train first" in capsys.readouterr().err


def test_a_run_that_is_not_there_is_not_asked_for_its_images(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(tmp_path / "none")]) == 1
    assert "none: no such folder; name that of a trained run." in capsys.readouterr().err
