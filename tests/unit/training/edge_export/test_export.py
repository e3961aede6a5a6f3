"""An exported folder answers by its own example as the served form does, or is not written."""

import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.images import encode, plain
from tests.tiny_model import tiny_graph, write_tiny_artifact
from training.edge_export import parity, targets
from training.edge_export.bundle import RUNNER, modules, write_runner
from training.edge_export.export import Exported, Images, export, images_of, model_json
from training.edge_export.targets import NOT_OFFERED, TARGETS, TargetError, target_of
from training.errors import TrainingError
from visionflow.answers.classifier import Classifier
from visionflow.errors import ArtifactError, GateError
from visionflow.models.manifest import read_artifact

SHADES = [f"hsl({hue}, {share}%, 50%)" for hue in range(0, 360, 24) for share in (20, 100)]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Images:
    folder = tmp_path_factory.mktemp("photos")
    for number, shade in enumerate(SHADES):
        file = folder / f"{number:02}.png"
        file.write_bytes(encode(plain(shade), "PNG"))
    return images_of(folder, folder)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("artifact")
    write_tiny_artifact(folder, unknown_threshold=0.9, familiar=True, nested=True)
    return folder


@pytest.fixture(scope="module")
def written(
    artifact: Path, photos: Images, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Exported]:
    out = tmp_path_factory.mktemp("out") / "tiny"
    return out, export(artifact, "onnx", photos, out)


def example(folder: Path, *files: Path) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "example.py", *map(str, files)],
        cwd=folder,
        capture_output=True,
        check=True,
        text=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_an_export_is_a_folder_with_its_proof(written: tuple[Path, Exported]) -> None:
    out, found = written
    assert found.parity.passed
    assert found.parity.images == len(SHADES)
    assert found.parity.top1_agreement == found.parity.answer_agreement == 1
    assert found.parity.max_confidence_difference < 1e-5
    assert (
        {path.name for path in out.iterdir()}
        == set(found.files)
        == {
            *(
                "README.md",
                "answer.py",
                "example.py",
                "familiar.npz",
                "manifest.json",
                "model.json",
            ),
            *("model.onnx", "parity.json", "parity.md", "requirements.txt", RUNNER),
        }
    )
    assert json.loads((out / "parity.json").read_text())["images"] == len(SHADES)
    assert "100.0%" in (out / "parity.md").read_text()
    assert "No licence came with this version" in (out / "README.md").read_text()
    assert [*out.parent.iterdir()] == [out]
    assert out.stat().st_mode & 0o777 == 0o755


def test_the_folder_is_itself_a_version_that_can_be_opened(
    written: tuple[Path, Exported], artifact: Path
) -> None:
    out, _ = written
    assert read_artifact(out).labels == read_artifact(artifact).labels
    Classifier.open(out)


def test_the_example_answers_as_the_served_form_does(
    written: tuple[Path, Exported], artifact: Path, tmp_path: Path
) -> None:
    """Also what is unknown, a parent, turned by EXIF and half transparent."""
    turned = plain("red", (40, 24))
    exif = turned.getexif()
    exif[0x0112] = 6
    files = {
        "turned.jpg": encode(turned, "JPEG", exif=exif),
        "clear.png": encode(plain("red").convert("RGBA"), "PNG"),
        "blue.png": encode(plain("blue"), "PNG"),
        "yellow.png": encode(plain("yellow"), "PNG"),
        "grey.png": encode(plain("grey"), "PNG"),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    served = Classifier.open(artifact)
    found = example(written[0], *(tmp_path / name for name in files))
    for line in found:
        answer = served.classify_file(str(line["file"]))
        assert (line["label"], line["unknown"]) == (answer.label, answer.unknown)
        assert line["confidence"] == pytest.approx(answer.confidence, abs=1e-5)
    assert {line["unknown"] for line in found} == {None, "unsure", "unfamiliar"}
    assert "warm" in {line["label"] for line in found}


def test_the_model_s_file_says_all_that_an_answer_takes(
    written: tuple[Path, Exported], artifact: Path
) -> None:
    out, _ = written
    document = json.loads((out / "model.json").read_text(encoding="utf-8"))
    manifest = read_artifact(artifact)
    assert document["input"]["size"] == manifest.input.size
    assert document["temperature"] == manifest.temperature
    assert document["labels"] == [vars(label) for label in manifest.labels]
    assert document["parents"] == [{"name": "warm", "parent": None}]
    assert {entry["path"] for entry in document["files"]} == {"model.onnx", "familiar.npz"}
    assert model_json(manifest, TARGETS["onnx"], "model.onnx", out).count('"name": "red"') == 1


def test_an_export_that_answers_otherwise_is_not_written(
    artifact: Path, photos: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def turned(_folder: Path, _manifest: object, out: Path) -> str:
        (out / "model.onnx").write_bytes(tiny_graph(turned=True))
        return "model.onnx"

    wrong = replace(TARGETS["onnx"], write=turned)
    monkeypatch.setitem(targets.TARGETS, "onnx", wrong)
    out = tmp_path / "out"
    with pytest.raises(GateError, match=r"does not answer as the served form does.*parity\.md"):
        export(artifact, "onnx", photos, out)
    assert {path.name for path in out.iterdir()} == {"parity.json", "parity.md"}
    report = (out / "parity.md").read_text()
    assert "NOT passed" in report
    assert "| 00.png |" not in report
    assert "00.png" in report
    assert not json.loads((out / "parity.json").read_text())["passed"]


def test_a_model_that_does_not_run_is_no_export(
    artifact: Path, photos: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_folder: Path, _manifest: object, out: Path) -> str:
        (out / "model.onnx").write_bytes(b"no model")
        return "model.onnx"

    monkeypatch.setitem(targets.TARGETS, "onnx", replace(TARGETS["onnx"], write=broken))
    own = tmp_path / "out.partial"
    own.mkdir()
    with pytest.raises(TrainingError, match="The example of the export fails: "):
        export(artifact, "onnx", photos, tmp_path / "out")
    assert list(tmp_path.iterdir()) == [own]


def test_without_images_nothing_is_proven(artifact: Path, photos: Images, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="Name a folder of images such as it will see"):
        images_of(None, artifact)
    with pytest.raises(TrainingError, match="no such folder"):
        images_of(tmp_path / "none", artifact)
    few = Images([*photos.files[:3], *[artifact / "model.onnx"] * 30], "few")
    with pytest.raises(TrainingError, match="few: 3 images can be read, and nothing is proven"):
        export(artifact, "onnx", few, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_run_brings_its_own_test_images(artifact: Path, photos: Images, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(artifact, run)
    names = {file.name: "0" * 64 for file in photos.files}
    split = {
        "dataset": str(photos.files[0].parent),
        "carved": ["test"],
        "parts": {"test": {"files": names, "groups": [0] * len(names)}},
    }
    (run / "split.json").write_text(json.dumps(split))
    found = images_of(None, run)
    assert [file.name for file in found.files] == [file.name for file in photos.files]
    assert found.source.startswith("the test images of the run run in ")


def test_a_folder_that_is_there_and_a_damaged_version_are_refused(
    artifact: Path, photos: Images, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="there already"):
        export(artifact, "onnx", photos, tmp_path)
    damaged = tmp_path / "damaged"
    shutil.copytree(artifact, damaged)
    (damaged / "model.onnx").write_bytes(b"other")
    with pytest.raises(ArtifactError, match="content differs"):
        export(damaged, "onnx", photos, tmp_path / "out")


@pytest.mark.parametrize("target", ["openvino"])
def test_another_runtime_answers_as_the_served_form_does(
    artifact: Path, photos: Images, tmp_path: Path, target: str
) -> None:
    """tflite has no Gather, which this tiny graph has: its own tests are in test_tflite."""
    pytest.importorskip(TARGETS[target].module, reason=f"the target {target} needs its runtime")
    found = export(artifact, target, photos, tmp_path / "out")
    assert found.parity.passed
    assert RUNNER not in found.files
    (line,) = example(tmp_path / "out", photos.files[0])
    assert line["best"] == "red"


def test_a_target_that_is_not_offered_says_why() -> None:
    with pytest.raises(TargetError, match="coreml is not offered: coremltools reads ONNX no more"):
        target_of("coreml")
    with pytest.raises(TargetError, match="Targets: onnx, openvino, tflite"):
        target_of("tensorrt")
    assert not NOT_OFFERED.keys() & TARGETS.keys()


def test_a_runtime_that_is_missing_is_named_with_what_installs_it() -> None:
    missing = replace(TARGETS["openvino"], module="no_such_package")
    with pytest.raises(TargetError, match=r"pip install openvino.* installs it"):
        missing.runtime_version()


def test_two_hundred_images_are_spread_over_all(tmp_path: Path) -> None:
    files = [tmp_path / str(number) for number in range(1_000)]
    chosen = parity.spread(files)
    assert len(chosen) == 200
    assert chosen == files[::5]
    assert parity.spread(files[:7]) == files[:7]


def test_the_runner_has_what_it_imports_and_no_more(tmp_path: Path) -> None:
    write_runner(tmp_path)
    with zipfile.ZipFile(tmp_path / RUNNER) as archive:
        names = archive.namelist()
    assert "visionflow/answers/classifier.py" in names
    assert "visionflow/client/connection.py" in names
    assert not [name for name in names if name.startswith(("visionflow/insights", "lambdas"))]
    assert "visionflow.edge.__main__" in modules()
    first = (tmp_path / RUNNER).read_bytes()
    write_runner(tmp_path)
    assert (tmp_path / RUNNER).read_bytes() == first


def test_the_runner_needs_onnx_runtime_pillow_and_numpy_alone(
    written: tuple[Path, Exported], tmp_path: Path
) -> None:
    """In an interpreter that sees nothing of this project, and of its packages these three."""
    site = tmp_path / "site"
    site.mkdir()
    for package in ("numpy", "onnxruntime", "PIL"):
        folder = Path(find_spec(package).origin or "").parent  # type: ignore[union-attr]
        for name in {folder.name, f"{package.lower()}.libs", "pillow.libs"}:
            if (folder.parent / name).exists() and not (site / name).exists():
                (site / name).symlink_to(folder.parent / name)
    photo = tmp_path / "red.png"
    photo.write_bytes(encode(plain("red"), "PNG"))
    start = (
        "import runpy, sys; sys.path.append(sys.argv.pop(1)); sys.argv.pop(0); "
        "runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    out, _ = written
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", start, str(site), str(out / RUNNER), str(out), photo],
        capture_output=True,
        check=False,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout)
    served = Classifier.open(out).classify_file(photo)
    assert (line["label"], line["confidence"]) == (served.label, served.confidence)
