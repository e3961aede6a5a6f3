"""A model gets further classes: the old ones keep their places, their rows and their accuracy."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.unit.training.conftest import COLOURS, draw_set, shrunken_config
from training.ancestor import WEIGHTS_FILE, read_ancestor
from training.data.training_data import load_training_data
from training.errors import DatasetError, TrainingError
from training.growth import OLD_CLASSES_CHECK, growth_check
from training.networks.build import build_model
from training.networks.kept_weights import read_weights
from training.results.report import Growth, Report
from training.train import train
from visionflow.models.drift import REFERENCE_FILE, Reference
from visionflow.models.gate import held_back_by
from visionflow.models.manifest import read_artifact

OLD = ("green", "red")


@pytest.fixture(scope="module")
def ancestor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on two of the three colours, without `blue`, which comes first by name."""
    folder = tmp_path_factory.mktemp("ancestor")
    draw_set(folder / "images", per_class=30, seed=1)
    shutil.rmtree(folder / "images" / "blue")
    (folder / "images" / "parents.csv").write_text("label,parent\nred,warm\nwarm,colour\n")
    config = shrunken_config(name="two", version="7", data__parents="csv:parents.csv")
    train(config, folder / "images", folder / "run")
    return folder / "run"


@pytest.fixture(scope="module")
def grown(ancestor: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    folder = tmp_path_factory.mktemp("grown")
    draw_set(folder / "images", per_class=30, seed=2)
    config = shrunken_config(model__grow_from=str(ancestor))
    return folder / "run", train(config, folder / "images", folder / "run")


def test_the_old_labels_keep_their_order_and_the_new_one_follows(
    grown: tuple[Path, Report],
) -> None:
    folder, report = grown
    assert read_artifact(folder).label_names == report.data.labels == ("green", "red", "blue")


def test_the_parents_of_the_old_labels_stay(grown: tuple[Path, Report]) -> None:
    """Its own dataset says nothing of parents."""
    folder, report = grown
    manifest = read_artifact(folder)
    tree = manifest.label_tree()
    assert tree.ancestors("red") == ("colour", "warm")
    assert (tree.ancestors("green"), tree.ancestors("blue")) == ((), ())
    assert report.tree == (*manifest.labels, *manifest.parents)
    assert report.levels is not None
    assert [one.names for one in report.levels.levels] == [3, 3, 3]
    reference = Reference.parse((folder / REFERENCE_FILE).read_bytes())
    assert set(reference.labels) == {"red", "green", "blue", "warm", "colour"}


@pytest.mark.parametrize(
    ("rule", "rows", "parents"),
    [
        ("none", (), {"red": (), "blue": ()}),
        ("csv:p.csv", ("blue,cold", "cold,colour"), {"blue": ("colour", "cold")}),
        ("csv:p.csv", ("red,hot",), {"red": ("hot",), "blue": ()}),
    ],
    ids=["none", "more", "other"],
)
def test_a_dataset_adds_to_the_parents_or_replaces_them(
    ancestor: Path,
    tmp_path: Path,
    rule: str,
    rows: tuple[str, ...],
    parents: dict[str, tuple[str, ...]],
) -> None:
    draw_set(tmp_path, per_class=5, seed=1)
    (tmp_path / "p.csv").write_text("\n".join(("label,parent", *rows)))
    config = shrunken_config(model__grow_from=str(ancestor), data__parents=rule)
    tree = load_training_data(tmp_path, config, None).tree
    assert {label: tree.ancestors(label) for label in parents} == parents


def test_the_report_and_the_gate_say_what_the_old_classes_lost(
    grown: tuple[Path, Report],
) -> None:
    folder, report = grown
    growth = report.growth
    assert growth is not None
    assert (growth.name, growth.version) == ("two", "7")
    assert (growth.old_labels, growth.new_labels) == (OLD, ("blue",))
    assert growth.validation_before >= 0.9
    assert growth.test_after >= 0.9
    manifest = read_artifact(folder)
    (check,) = (check for check in manifest.gate if check.name == OLD_CLASSES_CHECK)
    assert check.value == growth.validation_before - growth.validation_after
    assert check.limit == 0.02
    assert manifest.metrics["old_classes_test_top1_before"] == growth.test_before
    assert "two 7" in (folder / "report.html").read_text()


def test_a_loss_above_the_limit_holds_the_version_back(grown: tuple[Path, Report]) -> None:
    folder, _ = grown
    lost = Growth("two", "7", OLD, ("blue",), 0.95, 0.9, 0.95, 0.9)
    check = growth_check(lost, limit=0.02)
    assert not check.passed
    manifest = read_artifact(folder)
    others = tuple(check for check in manifest.gate if check.name != OLD_CLASSES_CHECK)
    held = held_back_by(replace(manifest, gate=(*others, check)))
    assert any(phrase.startswith(f"{OLD_CLASSES_CHECK} is 0.05") for phrase in held)
    assert growth_check(lost, limit=0.06).passed


def test_a_grown_network_answers_as_before_for_the_old_classes(ancestor: Path) -> None:
    config = shrunken_config().model
    old = build_model(config, 2)
    old.load_state_dict(dict(read_weights(read_ancestor(str(ancestor)))))
    new = build_model(replace(config, grow_from=str(ancestor)), 5)
    images = torch.from_numpy(
        np.random.default_rng(1).integers(0, 256, (4, 16, 16, 3), dtype=np.uint8)
    )
    with torch.no_grad():
        before, after = old.eval()(images), new.eval()(images)
    assert after.logits.shape == (4, 5)
    torch.testing.assert_close(after.logits[:, :2], before.logits, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(after.embedding, before.embedding)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"model__widths": [8, 8, 8, 16]}, "not this network with fewer classes"),
        ({"model__head": "mlp"}, "not this network with fewer classes"),
    ],
)
def test_another_network_cannot_be_grown_from(
    ancestor: Path, change: dict[str, object], sentence: str
) -> None:
    config = shrunken_config(model__grow_from=str(ancestor), **change).model
    with pytest.raises(TrainingError, match=sentence):
        build_model(config, 3)


def test_a_network_with_more_classes_cannot_be_grown_from(ancestor: Path) -> None:
    with pytest.raises(TrainingError, match="must fit"):
        build_model(shrunken_config(model__grow_from=str(ancestor)).model, 1)


def test_an_old_class_without_images_is_refused(ancestor: Path, tmp_path: Path) -> None:
    draw_set(tmp_path / "images", per_class=5, seed=1)
    shutil.rmtree(tmp_path / "images" / "red")
    config = shrunken_config(model__grow_from=str(ancestor))
    with pytest.raises(DatasetError, match="no images of red"):
        load_training_data(tmp_path / "images", config, None)
    assert set(COLOURS) == {"red", "green", "blue"}


def test_a_test_part_without_old_classes_is_refused(ancestor: Path, tmp_path: Path) -> None:
    for part in ("train", "test"):
        draw_set(tmp_path / part, per_class=5, seed=1)
    shutil.rmtree(tmp_path / "test" / "red")
    config = shrunken_config(model__grow_from=str(ancestor))
    load_training_data(tmp_path, config, None)
    shutil.rmtree(tmp_path / "test" / "green")
    with pytest.raises(DatasetError, match=r"no images of green, red, .*be measured"):
        load_training_data(tmp_path, config, None)


def test_images_of_another_size_are_refused(ancestor: Path) -> None:
    config = shrunken_config(input__size=24, input__resize=24)
    with pytest.raises(TrainingError, match="was trained on images of 16 px"):
        read_ancestor(str(ancestor), config.input)


def test_a_run_without_weights_or_not_whole_is_refused(ancestor: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="not a finished run to grow from"):
        read_ancestor(str(tmp_path))
    copy = tmp_path / "copy"
    shutil.copytree(ancestor, copy)
    found = read_ancestor(str(copy))
    (copy / WEIGHTS_FILE).unlink()
    with pytest.raises(TrainingError, match="only a run that kept its weights can grow"):
        read_weights(found)
