"""What a version knows about its own answers, and int8 that would decide otherwise."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.unit.training.export.conftest import FASTER, FEATURES, colour_network
from training.config import TrainConfig
from training.data.training_data import TrainingData
from training.evaluation.parents.naming import Naming
from training.evaluation.unknown.familiar import FAMILIAR_FILE
from training.export.artifact import INT8_FILE, write_manifest
from training.export.calibrate import calibrate
from training.export.export import Export
from training.export.gate_checks import Outputs, check_unknown
from training.export.network_export import export_model
from visionflow.answers.classifier import Classifier, softmax
from visionflow.answers.familiarity import FamiliarImages
from visionflow.models.gate import held_back_by
from visionflow.models.label_tree import Label, LabelTree
from visionflow.models.manifest import FileEntry, read_artifact


@pytest.fixture(scope="module")
def original(
    strict_config: TrainConfig, data: TrainingData, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Export]:
    folder = tmp_path_factory.mktemp("exported")
    return folder, export_model(colour_network(data), strict_config, data, folder, FASTER)


@pytest.fixture
def exported(original: tuple[Path, Export], tmp_path: Path) -> Export:
    """Its files are in ``tmp_path``, to be changed freely."""
    folder, export = original
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    return export


def test_the_served_form_gets_all_that_unknown_takes(
    exported: Export, strict_config: TrainConfig, data: TrainingData, tmp_path: Path
) -> None:
    calibrated = calibrate(exported, strict_config, data, tmp_path)
    manifest = calibrated.export.manifest
    write_manifest(manifest, tmp_path, ())
    assert read_artifact(tmp_path).familiarity == manifest.familiarity
    rule = manifest.familiarity
    assert rule is not None
    assert rule.file == FileEntry.of(tmp_path, FAMILIAR_FILE)
    stored = FamiliarImages.open(tmp_path / FAMILIAR_FILE)
    assert len(stored.directions) == len(data.splits.train)
    assert stored.fits(FEATURES, len(data.labels))
    assert len(manifest.conformity) == len(data.validation)

    classifier = Classifier.of_artifact(tmp_path, manifest)
    served = classifier.classify(data.validation.images)
    known = np.mean([one.known for one in served])
    assert calibrated.validation.known == known
    # (29 or so + 1) * 0.05 - 1 leaves none out.
    assert known == 1 and rule.kept == 1
    confidence = {one.label: one.confidence for one in served[0].scores}
    truth = data.labels[data.validation.targets[0]]
    assert any(abs(confidence[truth] - value) < 2e-6 for value in manifest.conformity)


def test_int8_that_decides_as_fp32_does_has_the_check(
    exported: Export, strict_config: TrainConfig, data: TrainingData, tmp_path: Path
) -> None:
    manifest = calibrate(exported, strict_config, data, tmp_path).export.manifest
    assert manifest.precision == "int8"
    assert manifest.gate[-1].name == "int8_unknown_changes" and manifest.gate[-1].passed
    assert held_back_by(manifest) == ()
    without = replace(manifest, gate=manifest.gate[:-1])
    assert held_back_by(without) == ("int8_unknown_changes was not measured",)
    # A version from before there was familiarity is not held back.
    assert held_back_by(replace(without, familiarity=None)) == ()


def test_int8_that_decides_otherwise_makes_room_for_fp32(
    exported: Export, strict_config: TrainConfig, data: TrainingData, tmp_path: Path
) -> None:
    fp32 = exported.outputs["fp32"]
    # As if fp32 saw each second image elsewhere.
    turned = fp32.embedding.copy()
    turned[::2] *= -1
    other = Outputs(fp32.logits, turned, fp32.cam)
    disagreeing = replace(exported, outputs={**exported.outputs, "fp32": other})
    found = calibrate(disagreeing, strict_config, data, tmp_path).export
    manifest = found.manifest
    assert manifest.precision == "fp32" and set(manifest.files) == {"fp32"}
    assert "whether they are unknown" in (manifest.quantization.fallback_reason or "")
    assert not (tmp_path / INT8_FILE).exists()
    assert held_back_by(manifest) == ()
    assert not any(check.name.startswith("int8") for check in manifest.gate)
    assert [model.form for model in found.models] == ["torch", "fp32"]
    assert [parity.form for parity in found.parity] == ["fp32"]
    assert not found.ladder[-1].passed and found.ladder[-1].reason
    assert found.served is other
    # Its own embeddings are stored, not those of int8.
    stored = FamiliarImages.open(tmp_path / FAMILIAR_FILE)
    classifier = Classifier(tmp_path / manifest.served_file.path, manifest)
    train = data.train_images
    embeddings = classifier.run(train.images)[1]
    expected = FamiliarImages.of(embeddings, train.targets, len(data.labels))
    np.testing.assert_allclose(
        stored.familiarity(embeddings, train.targets),
        expected.familiarity(embeddings, train.targets),
        atol=2e-3,
    )


def _logits(outputs: Outputs) -> Outputs:
    return Outputs(np.full_like(outputs.logits, 1), outputs.embedding, outputs.cam)


def _embeddings(outputs: Outputs) -> Outputs:
    return Outputs(outputs.logits, np.ones_like(outputs.embedding), outputs.cam)


@pytest.mark.parametrize("spoil", [_logits, _embeddings])
def test_outputs_that_are_all_the_same_lose_no_image(
    spoil: Callable[[Outputs], Outputs],
    exported: Export,
    strict_config: TrainConfig,
    data: TrainingData,
    tmp_path: Path,
) -> None:
    spoilt = {form: spoil(outputs) for form, outputs in exported.outputs.items()}
    found = calibrate(replace(exported, outputs=spoilt), strict_config, data, tmp_path)
    assert found.validation.known == 1


def test_with_parents_the_answers_are_right_as_often_as_is_asked(
    exported: Export, strict_config: TrainConfig, data: TrainingData, tmp_path: Path
) -> None:
    """Whether an image is red or green is a guess; that it is one of both is nearly sure."""
    tree = LabelTree(
        (Label("blue", None), Label("green", "warm"), Label("red", "warm")), (Label("warm", None),)
    )
    data = replace(data, tree=tree)
    draw = np.random.default_rng(0)
    targets = data.validation.targets
    guessed = np.where(targets == 0, 0, draw.integers(1, 3, len(targets)))
    logits = draw.normal(0, 0.3, (len(targets), 3)).astype(np.float32)
    logits[guessed > 0, 1:] += 4
    logits[np.arange(len(targets)), guessed] += 2
    manifest = replace(exported.manifest, labels=tree.labels, parents=tree.parents)
    outputs = {
        form: Outputs(logits, one.embedding, one.cam) for form, one in exported.outputs.items()
    }
    nested = replace(exported, manifest=manifest, outputs=outputs)
    found = calibrate(nested, strict_config, data, tmp_path).export.manifest
    probabilities = softmax(logits / np.float32(found.temperature))
    point = Naming.of(tree, probabilities, targets).at(found.unknown_threshold)
    assert point.right >= 0.95
    assert point.parent > 0.3
    alone = (probabilities.argmax(axis=1) == targets).mean()
    assert alone < 0.9

    careless = replace(strict_config, export=replace(strict_config.export, right_answers=0.0))
    before = calibrate(nested, careless, data, tmp_path).export.manifest
    assert before.unknown_threshold < found.unknown_threshold


def test_one_image_may_always_differ() -> None:
    assert check_unknown("int8", 1 / 30, 30).passed
    assert not check_unknown("int8", 2 / 30, 30).passed
    assert check_unknown("int8", 0.03, 1000).passed
    assert not check_unknown("int8", 0.031, 1000).passed
