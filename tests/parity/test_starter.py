"""The committed starter model keeps what its manifest says."""

import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from tests.parity.images import crops
from training.evaluation.measure import measure_folder
from training.export.gate_checks import session_outputs
from training.results.report import Report
from visionflow.answers.classifier import Classifier
from visionflow.images.pipeline import load
from visionflow.models.drift import REFERENCE_FILE, Reference
from visionflow.models.manifest import read_artifact

STARTER = Path(__file__).parents[2] / "infra" / "packaging" / "starter"
ARCHIVE = "cifar10-test.tar.gz"
REQUIRED_TOP1 = 0.91


def test_the_artifact_is_whole_and_small() -> None:
    manifest = read_artifact(STARTER)
    size = sum(path.stat().st_size for path in STARTER.rglob("*") if path.is_file())
    assert size < 9_000_000
    assert manifest.name == "starter"
    assert all(check.passed for check in manifest.gate)


def test_the_report_and_the_manifest_agree() -> None:
    manifest = read_artifact(STARTER)
    report = Report.parse((STARTER / "report.json").read_bytes())
    assert report.served == manifest.precision
    assert report.test.top1 == manifest.metrics["test_top1"] >= REQUIRED_TOP1
    assert report.config == manifest.config


def test_its_report_holds_no_images_of_the_data_set() -> None:
    text = (STARTER / "report.json").read_text() + (STARTER / "report.html").read_text()
    assert "data:image/jpeg" not in text


def test_drift_is_measured_against_its_own_embeddings() -> None:
    manifest = read_artifact(STARTER)
    reference = Reference.parse((STARTER / REFERENCE_FILE).read_bytes())
    images = np.stack([load(data, manifest.input) for data in crops(manifest.input.size, 2)])
    outputs = session_outputs(Classifier(STARTER / manifest.served_file.path, manifest), images)
    assert reference.embedding.features == outputs.embedding.shape[1]


def test_int8_answers_as_fp32_does_on_cut_outs_of_photographs() -> None:
    manifest = read_artifact(STARTER)
    images = np.stack([load(data, manifest.input) for data in crops(manifest.input.size, 100)])
    fp32, int8 = (
        session_outputs(Classifier(STARTER / manifest.files[precision].path, manifest), images)
        for precision in ("fp32", "int8")
    )
    # These are far from what it was trained on, so it is often in doubt; what fp32 is sure of
    # has to stay.
    best_two = np.sort(fp32.logits, axis=1)[:, -2:]
    sure = best_two[:, 1] - best_two[:, 0] > 1
    assert sure.sum() >= 30
    assert (fp32.logits.argmax(axis=1) == int8.logits.argmax(axis=1))[sure].mean() >= 0.97


def test_accuracy_on_the_cifar10_test_images_through_the_serving_path(tmp_path: Path) -> None:
    folder = os.environ.get("VISIONFLOW_DATA")
    if folder is None:
        pytest.skip(f"VISIONFLOW_DATA does not name a folder that holds {ARCHIVE}")
    with tarfile.open(Path(folder) / ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    evaluation = measure_folder(STARTER, tmp_path / "cifar10" / "test")
    claimed = read_artifact(STARTER).metrics["test_top1"]
    print(f"top-1 {evaluation.top1:.4f} on {evaluation.images:,} images")
    assert evaluation.top1 >= REQUIRED_TOP1
    assert evaluation.top1 == pytest.approx(claimed, abs=0.002)
