"""A whole run on images that are learnt in seconds."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.unit.training.folders import snapshot
from training.config import TrainConfig, load_config
from training.data.training_data import load_training_data
from training.errors import TrainingError
from training.instant import export
from training.instant.export import Trunk, export_head, reference_outputs
from training.instant.graph import Float32Array, Head, read_head
from training.instant.instant import instant, train_embedded
from training.reading import Observer
from training.results.report import Report
from visionflow.answers.classifier import Classifier
from visionflow.answers.embedder import Embedder
from visionflow.images.pipeline import load
from visionflow.models.gate import REQUIRED_CHECKS, UNKNOWN_CHECKS, GateLimits, check_gate
from visionflow.models.manifest import read_artifact
from visionflow_starter import STARTER


@pytest.fixture(scope="module")
def config() -> TrainConfig:
    return load_config("instant", {"name": "colours", "data.group_by": "content"})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def steps() -> list[str]:
    return []


@pytest.fixture(scope="module")
def found(config: TrainConfig, images: Path, run: Path, cache: Path, steps: list[str]) -> Report:
    observer = Observer(steps.append, lambda history: steps.append(f"{len(history)} epoch"))
    return instant(config, images, run, cache, observer)


def test_what_is_finished_stays_as_it_is(
    config: TrainConfig, found: Report, run: Path, images: Path, cache: Path
) -> None:
    before = snapshot(run)
    assert instant(config, images, run, cache) == found
    with pytest.raises(TrainingError, match="seed was 1 and is 2"):
        instant(replace(config, seed=2), images, run, cache)
    assert snapshot(run) == before


def test_the_artifact_serves_as_any_other(found: Report, run: Path, images: Path) -> None:
    manifest = read_artifact(run)
    assert (manifest.precision, manifest.input) == ("int8", Embedder(STARTER).spec)
    classifier = Classifier.of_artifact(run, manifest)
    content = (images / "test" / "red" / "000.png").read_bytes()
    (answer,) = classifier.classify(load(content, manifest.input)[None])
    assert answer.scores[0].label == "red"
    assert answer.cam.shape == (3, 7, 7)


def test_the_gate_has_what_a_new_head_owes(found: Report, run: Path) -> None:
    manifest = read_artifact(run)
    owed = [*REQUIRED_CHECKS["instant"]]
    if manifest.familiarity:
        owed += UNKNOWN_CHECKS["instant"]
    assert [check.name for check in manifest.gate] == owed
    ratio = next(check for check in manifest.gate if check.name == "trunk_latency_ratio")
    # The machine may be busy: the time alone is not this test's.
    quiet = [c if c is not ratio else replace(c, value=1.0, passed=True) for c in manifest.gate]
    check_gate(replace(manifest, gate=tuple(quiet)), GateLimits())


def test_the_version_names_the_trunk_that_it_is_on(found: Report, run: Path) -> None:
    trunk = read_artifact(STARTER)
    assert read_artifact(run).config["instant"] == {
        "trunk": {
            "name": trunk.name,
            "version": trunk.version,
            "sha256": trunk.served_file.sha256,
        }
    }
    assert found.config["model"]["name"] == "efficientnet_lite0"


def test_the_report_has_the_parts_of_any_run(found: Report, run: Path, steps: list[str]) -> None:
    assert steps == ["read", "train", "1 epoch", "export"]
    assert found.recipe == "instant"
    assert found.test.top1 > 0.9
    assert found.probe is not None
    assert found.probe.tried
    assert found.curve[-1].images == sum(found.data.train.per_class)
    assert [model.form for model in found.models] == ["reference", "int8"]
    assert (found.served, found.ladder) == ("int8", ())
    assert found.findings.right[0].maps
    assert Report.parse((run / "report.json").read_bytes()).gate == found.gate
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "trunk_changes" in page
    assert "reference" in page


def test_embeddings_that_are_stored_in_half_train_without_training_images(
    found: Report, config: TrainConfig, images: Path, cache: Path, tmp_path: Path
) -> None:
    """As a function has them: what it keeps of an image is 5,120 bytes."""
    data = load_training_data(images, config, cache)
    half: Mapping[str, Float32Array] = {
        name: part.astype(np.float16) for name, part in data.embeddings.items()
    }
    train = data.splits.train
    gone = replace(data.splits, train=replace(train, root=tmp_path / "gone"))
    data = replace(data, splits=gone)
    report = train_embedded(config, data, half, tmp_path / "run")
    assert report.test.top1 == pytest.approx(found.test.top1, abs=0.05)
    assert all(check.passed for check in report.gate if check.name != "trunk_latency_ratio")


def test_embeddings_of_other_images_are_refused(
    found: Report, config: TrainConfig, images: Path, cache: Path, tmp_path: Path
) -> None:
    data = load_training_data(images, config, cache)
    short = {**data.embeddings, "test": data.embeddings["test"][1:]}
    with pytest.raises(TrainingError, match="embeddings of test"):
        train_embedded(config, data, short, tmp_path)


def test_a_killed_run_goes_on_with_its_embeddings(
    found: Report,
    run: Path,
    config: TrainConfig,
    images: Path,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def end(step: str) -> None:
        if step == "train":
            raise InterruptedError

    with pytest.raises(InterruptedError):
        instant(config, images, tmp_path, cache, Observer(end, lambda _history: None))
    assert not (tmp_path / "manifest.json").exists()

    def embedded_again(_self: Embedder, _images: object) -> None:
        raise AssertionError

    monkeypatch.setattr(Embedder, "embed", embedded_again)
    assert instant(config, images, tmp_path, cache).test.top1 == found.test.top1
    # Trained again, the same images give the same head.
    (again, first) = (
        read_head((folder / read_artifact(folder).served_file.path).read_bytes())
        for folder in (tmp_path, run)
    )
    np.testing.assert_array_equal(again.weights, first.weights)
    np.testing.assert_array_equal(again.bias, first.bias)


def test_new_classes_are_fitted_with_all_images(
    found: Report, run: Path, config: TrainConfig, images: Path, cache: Path, tmp_path: Path
) -> None:
    grown = replace(config, model=replace(config.model, grow_from=str(run)), version="2.0.0")
    report = instant(grown, images, tmp_path, cache)
    assert report.growth is not None
    assert report.growth.old_labels == report.data.labels
    assert report.gate[-1].name == "old_classes_top1_drop"


def test_a_class_is_added_to_classes_whose_training_images_are_gone(
    found: Report, config: TrainConfig, images: Path, cache: Path, tmp_path: Path
) -> None:
    """Of all training images only stored embeddings are left."""
    old = tmp_path / "old"
    shutil.copytree(images, old, ignore=shutil.ignore_patterns("red"))
    before = instant(config, old, tmp_path / "before", cache)
    grown = replace(config, model=replace(config.model, grow_from=str(tmp_path / "before")))
    data = load_training_data(images, grown, cache)
    assert data.labels == (*before.data.labels, "red")
    train = data.splits.train
    half = {name: part.astype(np.float16) for name, part in data.embeddings.items()}
    gone = replace(data.splits, train=replace(train, root=tmp_path / "gone"))
    report = train_embedded(grown, replace(data, splits=gone), half, tmp_path / "after")
    assert report.growth is not None
    assert report.growth.new_labels == ("red",)
    assert report.growth.test_after > 0.9
    assert report.test.top1 > 0.9


def test_a_head_that_was_written_wrong_is_held_back(
    found: Report,
    config: TrainConfig,
    images: Path,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = load_training_data(images, config, cache)
    trunk = Trunk.read(STARTER)
    head = Head(
        np.outer(np.arange(1, 4), np.ones(1280)).astype(np.float32), np.zeros(3, np.float32)
    )
    wrong = Head(head.weights[::-1], head.bias)
    monkeypatch.setattr(
        export,
        "reference_outputs",
        lambda trunk, _head, shown: reference_outputs(trunk, wrong, shown),
    )
    exported = export_head(head, trunk, config, data, tmp_path)
    failed = {check.name for check in exported.manifest.gate if not check.passed}
    assert {"head_logit_difference", "head_cam_difference", "head_top1_changes"} <= failed
