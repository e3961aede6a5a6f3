"""From a file of another tool to an artifact, by the command."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from onnx import helper
from safetensors.torch import save_file
from torchvision.models import resnet18

from infra.cli.main import main
from tests.unit.training.adopt.conftest import (
    FEATURES,
    LABELS,
    colour_model,
    head_weights,
    make_model,
    save,
    trunk_nodes,
    trunk_weights,
)
from tests.unit.training.conftest import SIDE
from tests.unit.training.folders import snapshot
from training.ancestor import WEIGHTS_FILE
from training.compare.compare import compare
from training.ensembling import ensemble
from training.errors import TrainingError
from training.evaluation.sprite_sheet import MAP_IMAGES_FILE
from training.export.artifact import FP32_FILE
from training.results.report import Report
from visionflow.answers.classifier import Classifier
from visionflow.models.gate import held_back_by
from visionflow.models.manifest import Manifest, read_artifact

# Noise shows no scenes, and an image of 30 may be lost.
SMALL = (
    "--group-by=content",
    "--set=export.max_accuracy_drop=0.5",
    "--set=export.max_class_drop=0.5",
    "--set=export.calibration_images=16",
)


@dataclass(frozen=True)
class Artifact:
    """Not to be changed."""

    folder: Path
    manifest: Manifest
    report: Report
    output: str


def adopt(folder: Path, model: str, images: Path, *options: str) -> int:
    labels = folder / "labels.csv"
    labels.write_text(
        "label,parent\n" + "".join(f"{name},colour\n" for name in LABELS), encoding="utf-8"
    )
    return main(
        [
            *("adopt", model, "--labels", str(labels), "--data", str(images)),
            *("--out", str(folder / "run"), *SMALL, *options),
        ]
    )


def artifact(folder: Path, output: str) -> Artifact:
    run = folder / "run"
    report = Report.parse((run / "report.json").read_bytes())
    return Artifact(run, read_artifact(run), report, output)


@pytest.fixture(scope="module")
def adopted(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """Caffe's pixels, and a softmax: what a file does not say is found."""
    folder = tmp_path_factory.mktemp("adopted")
    model = colour_model(opset=11)
    model.graph.node[-1].output[0] = "logit"
    model.graph.node.append(helper.make_node("Softmax", ["logit"], ["scores"], axis=1))
    for tensor in model.graph.initializer:
        if tensor.name == "kernel":
            kernel = trunk_weights()["kernel"][:, ::-1] / 255
            tensor.raw_data = np.ascontiguousarray(kernel, np.float32).tobytes()
        if tensor.name == "shift":
            tensor.raw_data = np.zeros(FEATURES, np.float32).tobytes()
    with pytest.MonkeyPatch.context() as patch:
        printed: list[str] = []
        patch.setattr("builtins.print", lambda *text, **_: printed.append(" ".join(map(str, text))))
        assert adopt(folder, str(save(model, folder)), images, "--served-only") == 0
    return artifact(folder, "\n".join(printed))


def test_what_is_finished_stays_as_it_is(
    adopted: Artifact, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = adopted.folder.parent
    model = next(str(file) for file in folder.glob("*.onnx"))
    before = snapshot(adopted.folder)
    assert adopt(folder, model, images, "--served-only") == 0
    assert "already finished" in capsys.readouterr().err
    assert adopt(folder, model, images) == 1
    assert "adopted.served_only was True and is False" in capsys.readouterr().err
    assert adopt(folder, model, images, "--served-only", "--normalise=lite") == 1
    assert "adopted.pixels." in capsys.readouterr().err
    assert snapshot(adopted.folder) == before


def test_the_artifact_has_passed_its_gate(adopted: Artifact) -> None:
    manifest = adopted.manifest
    assert held_back_by(manifest) == ()
    assert (manifest.name, manifest.label_names) == ("foreign", LABELS)
    assert manifest.label_tree().ancestors("red") == ("colour",)
    assert (manifest.input.size, manifest.input.resize) == (SIDE, round(SIDE / 0.875))
    assert manifest.config["model"] == {"name": "foreign.onnx"}
    facts = manifest.config["adopted"]
    assert (facts["producer"], facts["softmax_removed"]) == ("other", True)
    assert manifest.familiarity is not None


def test_what_serving_does_not_need_is_left_out(adopted: Artifact) -> None:
    assert set(adopted.manifest.files) == {adopted.manifest.precision}
    held = {entry.path for entry in adopted.manifest.all_files()}
    assert not held & {WEIGHTS_FILE, MAP_IMAGES_FILE}
    for name in ("report.json", "report.html"):
        assert "data:image/jpeg" not in (adopted.folder / name).read_text(encoding="utf-8")
    assert adopted.report.findings.right == ()


def test_the_pixels_are_found_by_trying(adopted: Artifact) -> None:
    facts = adopted.manifest.config["adopted"]
    assert facts["pixels"]["bgr"] is True
    assert max(facts["normalisations_tried"].values()) == facts["normalisations_tried"]["caffe"]
    assert "Pixels are normalised as caffe: 100.0% of" in adopted.output


def test_the_report_says_that_the_model_came_from_elsewhere(adopted: Artifact) -> None:
    report = adopted.report
    assert (report.recipe, report.history, report.best_epoch) == ("adopted", (), 0)
    assert report.verdict.judgement == "adopted"
    assert (report.verdict.gap, report.verdict.loss_rise) == (None, None)
    assert "trained elsewhere" in adopted.output
    assert report.models[0].form == "original"
    assert (report.parity[0].reference, report.parity[0].form) == ("original", "fp32")
    assert report.parameters == FEATURES * 27 + FEATURES + 3 * FEATURES + 3
    assert report.test.top1 > 0.9
    page = (adopted.folder / "report.html").read_text(encoding="utf-8")
    assert "trained elsewhere" in page and "Learning curves" not in page


def test_what_does_not_serve_is_left_out(adopted: Artifact) -> None:
    manifest = adopted.manifest
    assert set(manifest.files) == {manifest.precision}
    assert (adopted.folder / FP32_FILE).exists() == (manifest.precision == "fp32")


def test_it_classifies(adopted: Artifact) -> None:
    classifier = Classifier.of_artifact(adopted.folder, adopted.manifest)
    pixels = np.array([[40, 60, 210], [50, 190, 70], [210, 50, 40]], np.uint8)
    noise = np.random.default_rng(0).integers(0, 40, (3, SIDE, SIDE, 3), dtype=np.uint8)
    found = classifier.classify(pixels[:, None, None] + noise)
    assert tuple(one.scores[0].label for one in found) == LABELS
    assert classifier.activation_map(found[0], "blue", (SIDE, SIDE)) is not None


def test_adopted_runs_are_compared_and_not_combined(adopted: Artifact, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for file in ("report.json",):
        (other / file).write_bytes((adopted.folder / file).read_bytes())
    comparison = compare([adopted.folder, other], tmp_path / "comparison")
    assert [run.recipe for run in comparison.runs] == ["adopted", "adopted"]
    assert "trained elsewhere" in (tmp_path / "comparison" / "compare.html").read_text()
    with pytest.raises(TrainingError, match="trained elsewhere, so it has no checkpoint"):
        ensemble([adopted.folder, other], tmp_path, tmp_path / "both", name="b", version="1")


@pytest.mark.parametrize(
    ("network", "file"),
    [("resnet18", "resnet18.pth"), ("timm:mobilenetv4_conv_small", "mobile.safetensors")],
)
def test_a_checkpoint_of_a_published_network(
    network: str, file: str, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    if network == "resnet18":
        torch.save(resnet18(num_classes=3).state_dict(), tmp_path / file)
    else:
        published = timm.create_model(network.removeprefix("timm:"), num_classes=3)
        save_file(published.state_dict(), tmp_path / file)
    size = ("--size=32", "--resize=32")
    code = adopt(tmp_path, str(tmp_path / file), images, f"--model={network}", *size, "--json")
    found = artifact(tmp_path, capsys.readouterr().out)
    assert code == (0 if not held_back_by(found.manifest) else 1)
    assert json.loads(found.output)["recipe"] == "adopted"
    assert found.report.models[0].form == "torch"
    assert (found.manifest.input.size, found.manifest.name) == (32, network.replace(":", "-"))
    facts = found.manifest.config["adopted"]
    assert (facts["model"], facts["weights"]) == (network, file)
    # Other runs can grow from it.
    assert (found.folder / WEIGHTS_FILE).exists()


def test_a_network_without_a_map(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half of the labels' images are missing too, and both are said."""
    weight = np.repeat(head_weights()["weight"], SIDE * SIDE // 4, axis=1) / (SIDE * SIDE / 4)
    nodes = [
        *trunk_nodes(),
        helper.make_node("Flatten", ["map"], ["flat"]),
        helper.make_node("Gemm", ["flat", "wide", "bias"], ["scores"], transB=1),
    ]
    model = make_model(nodes, {**trunk_weights(), **head_weights(), "wide": weight})
    assert adopt(tmp_path, str(save(model, tmp_path)), images, "--normalise=0..1") == 0
    found = artifact(tmp_path, capsys.readouterr().out)
    assert found.manifest.config["adopted"]["activation_map"] is False
    classifier = Classifier.of_artifact(found.folder, found.manifest)
    (answer,) = classifier.classify(np.zeros((1, SIDE, SIDE, 3), np.uint8))
    assert answer.cam.size == 0
    assert classifier.activation_map(answer, "red", (SIDE, SIDE)) is None
    assert all(not one.maps for one in found.report.findings.right)


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        ("foreign.onnx", ["--normalise=none"], "--normalise none: one of imagenet"),
        ("foreign.onnx", ["--mean=0.5,0.5,0.5"], "--mean and --std go together"),
        ("foreign.onnx", ["--mean=0.5", "--std=1,1,1"], "--mean 0.5: expected three numbers"),
        ("foreign.onnx", ["--mean=0,0,0", "--std=1,0,1"], "--std 1,0,1: expected three numbers"),
        ("weights.pth", [], "state the network with --model"),
        ("weights.pth", ["--model=resnet18", "--normalise=lite"], "are for ONNX files"),
        ("weights.pth", ["--model=resnet18"], "weights.pth: cannot be read"),
        ("foreign.onnx", [], "cannot be read"),
    ],
)
def test_what_cannot_be_adopted(
    model: str,
    options: list[str],
    said: str,
    images: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert adopt(tmp_path, str(tmp_path / model), images, *options) == 1
    assert said in capsys.readouterr().err


def test_another_number_of_labels(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = {"weight": np.zeros((4, FEATURES), np.float32), "bias": np.zeros(4, np.float32)}
    nodes = colour_model().graph.node
    model = make_model(list(nodes), {**trunk_weights(), **head}, sides=["n", 4])
    assert adopt(tmp_path, str(save(model, tmp_path)), images) == 1
    assert "scores 4 labels, and the file of labels holds 3" in capsys.readouterr().err
