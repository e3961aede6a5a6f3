"""``visionflow export-edge``: from a version's folder to a proven one, with the exit codes of all
commands."""

import json
from pathlib import Path

import pytest

from infra.cli.main import main
from tests.images import encode, plain
from tests.tiny_model import tiny_graph
from training.edge_export import targets
from visionflow.models.manifest import Manifest


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(20):
        shade = ("red", "lime", "blue", "white")[number % 4]
        (folder / f"{number}.png").write_bytes(encode(plain(shade), "PNG"))
    return folder


def exported(
    artifact: tuple[Path, Manifest], out: Path, *more: str, target: str = "onnx"
) -> list[str]:
    return ["export-edge", str(artifact[0]), "--target", target, "--out", str(out), "--json", *more]


def test_it_writes_a_folder_and_says_what_was_measured(
    tiny_artifact: tuple[Path, Manifest],
    photos: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    assert main(exported(tiny_artifact, out, "--images", str(photos))) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["parity"]["images"] == 20
    assert found["parity"]["passed"]
    assert "visionflow-edge.pyz" in found["files"]
    assert (out / "example.py").is_file()


def test_an_export_that_answers_otherwise_is_held_back(
    tiny_artifact: tuple[Path, Manifest],
    photos: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def turned(_folder: Path, _manifest: Manifest, out: Path) -> str:
        (out / "model.onnx").write_bytes(tiny_graph(turned=True))
        return "model.onnx"

    onnx = targets.TARGETS["onnx"]
    wrong = targets.Target(onnx.name, onnx.title, onnx.runtime, onnx.module, turned)
    monkeypatch.setitem(targets.TARGETS, "onnx", wrong)
    out = tmp_path / "out"
    assert main(exported(tiny_artifact, out, "--images", str(photos))) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert json.loads(said.err.splitlines()[-1])["error"]["code"] == "gate_not_passed"
    assert sorted(path.name for path in out.iterdir()) == ["parity.json", "parity.md"]


@pytest.mark.parametrize(
    ("target", "images", "code", "sentence"),
    [
        ("coreml", True, "target_not_available", "answers on macOS alone"),
        ("tensorrt", True, "target_not_available", "there is no such target"),
        ("onnx", False, "training_failed", "--images FOLDER"),
    ],
)
def test_what_cannot_be_proven_is_not_written(
    tiny_artifact: tuple[Path, Manifest],
    photos: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    target: str,
    images: bool,
    code: str,
    sentence: str,
) -> None:
    out = tmp_path / "out"
    more = ("--images", str(photos)) if images else ()
    assert main(exported(tiny_artifact, out, *more, target=target)) == 1
    error = json.loads(capsys.readouterr().err.splitlines()[-1])["error"]
    assert error["code"] == code
    assert sentence in error["message"]
    assert not out.exists()
