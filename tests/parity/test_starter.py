"""The committed starter model keeps what its manifest says."""

import csv
import os
import tarfile
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from tests.parity.images import crops
from training.evaluation.measure import measure_folder
from training.export.gate_checks import session_outputs
from training.networks.classifier import build_classifier
from training.results.report import Report
from visionflow.answers.classifier import Classifier
from visionflow.images.pipeline import load
from visionflow.models.drift import REFERENCE_FILE, Reference
from visionflow.models.manifest import read_artifact
from visionflow_starter import STARTER

PROJECT = Path(__file__).parents[2]

LABELS = PROJECT / "training" / "labels" / "imagenet1000.csv"
SAMPLES = PROJECT / "infra" / "samples"
ARCHIVE = "imagenet1000-samples.tar"
REQUIRED_TOP1, REQUIRED_TOP5 = 0.85, 0.96


def test_the_artifact_is_whole_and_small() -> None:
    manifest = read_artifact(STARTER)
    # What a Lambda loads, and all that git and a deployment carry.
    assert sum(entry.size for entry in manifest.served_files) < 6_000_000
    size = sum(path.stat().st_size for path in STARTER.rglob("*") if path.is_file())
    assert size < 9_000_000
    assert manifest.name == "starter"
    assert set(manifest.files) == {"int8"}
    assert all(check.passed for check in manifest.gate)


def test_an_answer_is_one_forward_pass_of_the_image_alone() -> None:
    graph = onnx.load(STARTER / read_artifact(STARTER).served_file.path).graph
    # A mirror image beside it would be a Slice with a negative step, or a gather.
    assert {node.op_type for node in graph.node if "image" in node.input} == {"Transpose"}
    assert not {"Concat", "Slice", "Gather"} & {node.op_type for node in graph.node}


def test_avx2_without_vnni_cannot_saturate() -> None:
    """There two products of uint8 and a weight are added in 16 bits (vpmaddubsw)."""
    graph = onnx.load(STARTER / read_artifact(STARTER).served_file.path).graph
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    sources = {node.output[0]: node.input[0] for node in graph.node if node.input}
    kernels = [
        tensors[sources[node.input[1]]].astype(int)
        for node in graph.node
        if node.op_type == "Conv" and sources.get(node.input[1]) in tensors
    ]
    # A depthwise kernel adds in 32 bits.
    dense = [kernel for kernel in kernels if kernel.shape[1] > 1]
    assert len(dense) > 20
    assert all(255 * 2 * np.abs(kernel).max() <= np.iinfo(np.int16).max for kernel in dense)


def test_its_labels_have_the_parents_of_the_table() -> None:
    with LABELS.open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    tree = read_artifact(STARTER).label_tree()
    assert [label.name for label in tree.labels] == [row["label"] for row in rows[:1000]]
    assert tree.ancestors("giant panda")[0] == "animal"


def test_the_report_and_the_manifest_agree() -> None:
    manifest = read_artifact(STARTER)
    report = Report.parse((STARTER / "report.json").read_bytes())
    assert report.served == manifest.precision
    assert report.test.top1 == manifest.metrics["test_top1"]
    assert report.config == manifest.config
    assert report.levels is not None


def test_its_report_holds_no_images_of_the_data_set() -> None:
    text = (STARTER / "report.json").read_text() + (STARTER / "report.html").read_text()
    assert "data:image/jpeg" not in text
    assert not [file for file in STARTER.rglob("*") if file.suffix in {".jpg", ".jpeg", ".webp"}]


def test_drift_is_measured_against_its_own_embeddings() -> None:
    manifest = read_artifact(STARTER)
    reference = Reference.parse((STARTER / REFERENCE_FILE).read_bytes())
    images = np.stack([load(data, manifest.input) for data in crops(manifest.input.size, 2)])
    outputs = session_outputs(Classifier(STARTER / manifest.served_file.path, manifest), images)
    assert reference.embedding.features == outputs.embedding.shape[1]


@torch.inference_mode()
def test_int8_answers_as_the_published_network_does_on_cut_outs_of_photographs() -> None:
    manifest = read_artifact(STARTER)
    images = np.stack([load(data, manifest.input) for data in crops(manifest.input.size, 60)])
    network = build_classifier("efficientnet_lite0", "package", len(manifest.labels)).eval()
    published = network.logits(torch.from_numpy(images)).numpy()
    int8 = session_outputs(Classifier(STARTER / manifest.served_file.path, manifest), images).logits
    # A cut-out often shows nothing that it knows; what the network is sure of has to stay.
    best_two = np.sort(published, axis=1)[:, -2:]
    sure = best_two[:, 1] - best_two[:, 0] > 1
    assert sure.sum() >= 15
    assert (published.argmax(axis=1) == int8.argmax(axis=1))[sure].mean() >= 0.95


def test_it_answers_sensibly_to_the_sample_photos() -> None:
    manifest = read_artifact(STARTER)
    classifier = Classifier.of_artifact(STARTER, manifest)
    answers = {}
    for file in sorted(SAMPLES.glob("*.jpg")):
        (found,) = classifier.classify(load(file.read_bytes(), manifest.input)[None])
        answers[file.stem] = (*found.parents, found.label) if found.known else ()
    print(answers)
    assert answers["panda"][-1] == "giant panda"
    assert answers["cat"][:1] in {("animal",), ()}
    assert sum(bool(path) for path in answers.values()) >= 4


def test_accuracy_on_imagenet_samples_through_the_serving_path(tmp_path: Path) -> None:
    folder = os.environ.get("VISIONFLOW_DATA")
    if folder is None:
        pytest.skip(f"VISIONFLOW_DATA does not name a folder that holds {ARCHIVE}")
    with tarfile.open(Path(folder) / ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    with LABELS.open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            if row["folder"]:
                (tmp_path / "imagenet1000" / row["folder"]).rename(tmp_path / row["label"])
    (tmp_path / "imagenet1000").rmdir()
    evaluation = measure_folder(STARTER, tmp_path)
    print(f"top-1 {evaluation.top1:.4f}, top-5 {evaluation.top5:.4f} on {evaluation.images:,}")
    assert evaluation.top1 >= REQUIRED_TOP1
    assert evaluation.top5 >= REQUIRED_TOP5
