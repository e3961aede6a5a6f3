"""Two small runs as one artifact, and runs that cannot be one."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infra.cli.main import main
from tests.unit.training.conftest import SIDE, draw_set, shrunken_config
from tests.unit.training.folders import snapshot
from training.compare.compare import compare
from training.ensembling import ensemble
from training.errors import TrainingError
from training.fit.checkpoint import CHECKPOINT_FILE
from training.results.report import Report
from training.train import train
from visionflow.answers.classifier import Classifier
from visionflow.answers.familiarity import FamiliarImages
from visionflow.models.gate import held_back_by
from visionflow.models.manifest import read_artifact


@dataclass(frozen=True)
class Runs:
    """Two finished runs and the ensemble of them. Not to be changed."""

    one: Path
    other: Path
    joined: Path
    report: Report


@pytest.fixture(scope="module")
def runs(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("runs")
    one, other, joined = (folder / name for name in ("one", "other", "joined"))
    table = folder / "parents.csv"
    table.write_text("label,parent\nred,warm\ngreen,warm\n")
    nested = {"data__parents": f"csv:{table}"}
    train(shrunken_config(**nested), images, one)
    # Another map size, another embedding, another head.
    wider = shrunken_config(model__widths=[8, 8, 12], model__head="mlp", **nested)
    train(wider, images, other)
    report = ensemble([one, other], images, joined, name="both", version="2")
    return Runs(one, other, joined, report)


def test_what_is_finished_stays_as_it_is(runs: Runs, images: Path) -> None:
    before = snapshot(runs.joined)
    again = ensemble([runs.one, runs.other], images, runs.joined, name="both", version="2")
    assert again == runs.report
    with pytest.raises(TrainingError, match="version was '2' and is '3'"):
        ensemble([runs.one, runs.other], images, runs.joined, name="both", version="3")
    assert snapshot(runs.joined) == before


def test_no_history_of_a_member_is_told_as_its_own(runs: Runs) -> None:
    assert (runs.report.history, runs.report.best_epoch, runs.report.probe) == ((), 0, None)
    assert runs.report.verdict.judgement == "ensemble"
    page = (runs.joined / "report.html").read_text(encoding="utf-8")
    assert "was not trained itself" in page and "Learning curves" not in page


def test_the_graph_answers_with_the_average_of_the_members(runs: Runs) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, SIDE, SIDE, 3), np.uint8)
    outputs = []
    for folder in (runs.one, runs.other, runs.joined):
        manifest = read_artifact(folder)
        outputs.append(Classifier(folder / manifest.files["fp32"].path, manifest).run(images))
    (one, one_embedding, _), (other, other_embedding, cam), (found, embedding, found_cam) = outputs
    np.testing.assert_allclose(found, (one + other) / 2, atol=1e-4)
    np.testing.assert_allclose(embedding, np.hstack([one_embedding, other_embedding]), atol=1e-4)
    assert found_cam.shape == cam.shape == (5, 3, SIDE // 2, SIDE // 2)


def test_the_parents_are_those_of_the_members(runs: Runs) -> None:
    tree = read_artifact(runs.joined).label_tree()
    assert tree.ancestors("green") == tree.ancestors("red") == ("warm",)
    assert tree.ancestors("blue") == ()
    assert runs.report.levels is not None
    assert [one.names for one in runs.report.levels.levels] == [2, 3]


def test_a_member_is_not_overwritten(runs: Runs, images: Path) -> None:
    with pytest.raises(TrainingError, match="is one of the runs and would be overwritten"):
        ensemble([runs.one, runs.other], images, runs.other, name="both", version="2")
    assert read_artifact(runs.other).config["model"]["head"] == "mlp"


def test_it_is_gated_and_described_like_any_run(runs: Runs) -> None:
    manifest = read_artifact(runs.joined)
    assert (manifest.name, manifest.version) == ("both", "2")
    assert held_back_by(manifest) == ()
    assert manifest.config["model"]["name"] == "ensemble of residual_cnn + residual_cnn"
    assert set(manifest.config["members"]) == {"one", "other"}
    assert manifest.config["members"]["other"]["model"]["widths"] == [8, 8, 12]
    assert Report.parse((runs.joined / "report.json").read_bytes()) == runs.report
    assert runs.report.config == manifest.config
    members = [Report.parse((run / "report.json").read_bytes()) for run in (runs.one, runs.other)]
    assert runs.report.train_seconds == pytest.approx(sum(m.train_seconds for m in members))
    assert runs.report.parameters == sum(member.parameters for member in members)
    assert runs.report.test.top1 >= 0.9
    assert not (runs.joined / "cache").exists()
    assert manifest.familiarity is not None and runs.report.unfamiliar is not None
    stored = FamiliarImages.open(runs.joined / manifest.familiarity.file.path)
    # The embeddings of both members, side by side.
    assert stored.fits(16 + 12, 3)


def test_it_is_compared_with_its_members(runs: Runs) -> None:
    comparison = compare([runs.one, runs.joined])
    assert comparison.same_test
    assert comparison.same_training
    assert not comparison.timed_together


def test_models_are_timed_side_by_side_for_a_comparison(runs: Runs) -> None:
    told = compare([runs.one, runs.joined])
    timed = compare([runs.one, runs.joined], time_again=True)
    assert timed.timed_together
    for before, after in zip(told.runs, timed.runs, strict=True):
        assert [measure.form for measure in after.measures] == [m.form for m in before.measures]
        for old, new in zip(before.measures, after.measures, strict=True):
            assert new.latency_p50_ms != old.latency_p50_ms
    one, joined = (run.served_measure.latency_p50_ms for run in timed.runs)
    assert 0 < one < joined


Change = Callable[[dict[str, Any]], None]


def other_labels(report: dict[str, Any]) -> None:
    report["data"]["labels"][0] = "cyan"


def other_split(report: dict[str, Any]) -> None:
    report["data"]["validation"]["sha256"] = "0" * 64


def other_input(report: dict[str, Any]) -> None:
    report["config"]["input"]["resize"] = SIDE + 4


def other_parents(report: dict[str, Any]) -> None:
    report["tree"] = []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (other_parents, "one and changed have different parents above their labels"),
        (other_labels, r"different labels \(blue, cyan\)"),
        (other_split, r"different validation images.*same data, same seed"),
        (other_input, "one input for all"),
    ],
)
def test_runs_that_differ_are_refused(
    runs: Runs, images: Path, tmp_path: Path, change: Change, message: str
) -> None:
    report = json.loads((runs.other / "report.json").read_text(encoding="utf-8"))
    change(report)
    changed = tmp_path / "changed"
    changed.mkdir()
    (changed / "report.json").write_text(json.dumps(report), encoding="utf-8")
    with pytest.raises(TrainingError, match=message):
        ensemble([runs.one, changed], images, tmp_path / "out", name="x", version="1")
    assert not (tmp_path / "out").exists()


def test_other_images_are_refused(runs: Runs, tmp_path: Path) -> None:
    draw_set(tmp_path / "data" / "train", per_class=8, seed=9)
    with pytest.raises(TrainingError, match="its train images are not those that one"):
        ensemble([runs.one, runs.other], tmp_path / "data", tmp_path, name="x", version="1")


def test_a_run_without_its_checkpoint_is_refused(runs: Runs, images: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(runs.other, tmp_path / "copy")
    (copy / CHECKPOINT_FILE).unlink()
    with pytest.raises(TrainingError, match=rf"copy.{CHECKPOINT_FILE} does not exist"):
        ensemble([runs.one, copy], images, tmp_path / "out", name="x", version="1")


def test_an_ensemble_of_ensembles_is_refused_on_the_command_line(
    runs: Runs, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["ensemble", runs.one, runs.joined, "--data", images, "--out", tmp_path / "out"]
    assert main([str(argument) for argument in arguments]) == 1
    assert "is an ensemble itself; name its members" in capsys.readouterr().err
