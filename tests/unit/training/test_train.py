"""The whole run on small images: training, export, proof, artifact."""

import json
import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image

from tests.unit.training.conftest import SIDE, draw_set, shrunken_config
from tests.unit.training.data.grouping.shots import draw_coin_tosses, draw_scene, shots
from tests.unit.training.folders import held_by_another, snapshot
from training.config import TrainConfig
from training.data.grouping import saved_groups
from training.data.grouping.saved_groups import GROUPS_FILE
from training.data.listing import Listing
from training.data.split import SPLIT_FILE
from training.data.training_data import load_training_data
from training.errors import DatasetError, TrainingError
from training.evaluation.labels.label_check import check_run
from training.evaluation.sprite_sheet import MAP_IMAGES_FILE
from training.export.artifact import FP32_FILE, INT8_FILE
from training.fit.checkpoint import CHECKPOINT_FILE
from training.instant.instant import instant
from training.proving import CACHE_FOLDER
from training.results.report import Report
from training.run_folder import LOCK_FILE
from training.stop import Interrupted, Stop
from training.train import assist, export, train
from training.tune.search import tune
from visionflow.answers.familiarity import FamiliarImages
from visionflow.models.manifest import MANIFEST_NAME, read_artifact


def test_what_is_finished_stays_as_it_is(
    run: tuple[Path, Report], images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, report = run
    before = snapshot(out)
    # Workers shape no weight.
    assert train(shrunken_config(data__workers=1), images, out) == report
    assert f"{out}: already finished; nothing was written." in capsys.readouterr().err
    assist(shrunken_config(), images, out)
    assert export(shrunken_config(), images, out) == report
    for again in (train, export):
        with pytest.raises(TrainingError, match=r"version was '1\.0\.0' and is '2'"):
            again(shrunken_config(version="2"), images, out)
    with pytest.raises(TrainingError, match="150 images are missing: train/"):
        train(shrunken_config(), images / "test", out)
    assert snapshot(out) == before


@pytest.mark.parametrize("again", [train, export, instant])
def test_two_at_once_in_one_folder_are_refused(
    again: Callable[[TrainConfig, Path, Path], Report], images: Path, tmp_path: Path
) -> None:
    with (
        held_by_another(tmp_path),
        pytest.raises(TrainingError, match="another command is writing into this folder"),
    ):
        again(shrunken_config(), images, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [LOCK_FILE]


def test_the_network_learns_the_colours(run: tuple[Path, Report]) -> None:
    _, report = run
    assert report.test.top1 >= 0.9
    assert report.data.test.images == report.test.images == 30
    assert (report.data.train.images, report.data.validation.images) == (90, 30)
    assert (report.data.validation.carved, report.data.test.carved) == (True, False)


def test_the_artifact_verifies_and_names_everything(run: tuple[Path, Report]) -> None:
    folder, report = run
    manifest = read_artifact(folder)
    assert manifest.label_names == ("blue", "green", "red")
    named = {entry.path for entry in manifest.extra_files}
    assert {"report.json", "report.html", "reference.json"} <= named
    assert {str(path.relative_to(folder)) for path in (folder / "plots").iterdir()} <= named
    assert manifest.metrics["test_top1"] == report.test.top1
    assert all(check.passed for check in manifest.gate)
    assert manifest.dataset_sha256 == report.data.sha256


def test_the_artifact_knows_what_is_unfamiliar(run: tuple[Path, Report]) -> None:
    folder, report = run
    manifest = read_artifact(folder)
    assert manifest.familiarity is not None and report.unfamiliar is not None
    assert manifest.familiarity.threshold == report.unfamiliar.threshold
    assert manifest.familiarity.file in manifest.all_files()
    stored = FamiliarImages.open(folder / manifest.familiarity.file.path)
    assert stored.directions.shape[0] == 90 and stored.fits(16, 3)
    assert report.unfamiliar.kept_validation == report.validation.known
    assert report.unfamiliar.kept_test == report.test.known == manifest.metrics["test_known"]
    aurocs = [one.auroc for one in report.unfamiliar.strangers]
    assert len(aurocs) == 4 and manifest.metrics["strangers_auroc_min"] == min(aurocs)
    assert len(manifest.conformity) == 30
    assert [one.coverage for one in report.prediction_sets] == [0.8, 0.9, 0.95]
    # Thirty images, and none of them the shot of another's scene.
    assert (report.test.groups, report.test.few_groups) == (30, False)


def test_too_few_groups_are_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw_set(tmp_path / "data", per_class=12, seed=5)
    report = train(shrunken_config(), tmp_path / "data", tmp_path / "run")
    assert report.test.few_groups
    sentence = f"rest on {report.test.groups} independent groups"
    assert sentence in capsys.readouterr().err
    assert sentence in report.verdict.text
    assert sentence in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def test_the_map_has_the_image_behind_each_point(run: tuple[Path, Report]) -> None:
    folder, report = run
    points = len(report.findings.embedding_map.x)
    assert points == 30
    with Image.open(folder / MAP_IMAGES_FILE) as sheet:
        columns = math.ceil(math.sqrt(points))
        assert sheet.width / columns == sheet.height / math.ceil(points / columns) == 16


def test_the_report_is_read_back_as_it_was_written(run: tuple[Path, Report]) -> None:
    folder, report = run
    assert Report.parse((folder / "report.json").read_bytes()) == report


def test_the_report_names_a_wrong_label(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.proving.check_run", check_run)
    folder = tmp_path / "images"
    shutil.copytree(images, folder)
    (folder / "train" / "red" / "000.png").rename(folder / "train" / "blue" / "wrong.png")
    report = train(shrunken_config(scratch__epochs=1), folder, tmp_path / "run")
    assert report.labels.scores is not None
    assert report.labels.scores.images == 150
    first = report.labels.suspects[0]
    assert (first.file, first.suggested) == ("train/blue/wrong.png", "red")
    assert first.image is not None
    html = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert first.image in html
    assert first.file in html


def test_of_a_large_set_a_part_of_each_class_is_checked(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.evaluation.labels.label_check.MOST_IMAGES", 60)
    compared: list[Listing] = []

    def features(listing: Listing, _cache: Path | None) -> np.ndarray:
        compared.append(listing)
        return np.eye(3, 8, dtype=np.float32)[listing.targets]

    monkeypatch.setattr("training.evaluation.labels.label_check.scene_features", features)
    check = check_run(load_training_data(images, shrunken_config(), tmp_path / "cache"))
    assert check.scores is not None
    assert check.scores.images == 60
    assert [listing.counts.tolist() for listing in compared] == [[20, 20, 20]]


def test_the_split_is_kept_with_the_run(run: tuple[Path, Report]) -> None:
    folder, _ = run
    split = json.loads((folder / SPLIT_FILE).read_text())
    assert len(re.findall(r"\.png", json.dumps(split))) == 150


def test_decoded_images_are_cleared_away(run: tuple[Path, Report]) -> None:
    folder, _ = run
    assert not (folder / CACHE_FOLDER).exists()


def test_the_graph_keeps_the_contract(run: tuple[Path, Report]) -> None:
    folder, _ = run
    manifest = read_artifact(folder)
    for entry in manifest.files.values():
        graph = onnx.load(folder / entry.path)
        assert graph.opset_import[0].version == 20
        session = onnxruntime.InferenceSession(folder / entry.path)
        (image,) = session.get_inputs()
        assert (image.name, image.type) == ("image", "tensor(uint8)")
        assert image.shape[1:] == [SIDE, SIDE, 3]
        assert [output.name for output in session.get_outputs()] == ["logits", "embedding", "cam"]
        for n in (1, 2, 7):
            batch = np.zeros((n, SIDE, SIDE, 3), np.uint8)
            shapes = [output.shape for output in session.run(None, {"image": batch})]
            assert shapes == [(n, 3), (n, 16), (n, 3, SIDE // 4, SIDE // 4)]


def test_the_graph_holds_nothing_of_the_machine_that_made_it(run: tuple[Path, Report]) -> None:
    folder, _ = run
    here = str(Path(__file__).parents[3]).encode()
    for entry in read_artifact(folder).files.values():
        content = (folder / entry.path).read_bytes()
        assert here not in content
        assert b"site-packages" not in content


@pytest.mark.parametrize("recipe", ["probe", "finetune"])
def test_every_recipe_ends_in_an_artifact(recipe: str, tmp_path: Path) -> None:
    draw_set(tmp_path / "data", per_class=30, seed=5)
    config = shrunken_config(
        recipe=recipe,
        finetune__head__epochs=4,
        finetune__body__epochs=2,
        finetune__body__batch_size=16,
    )
    report = train(config, tmp_path / "data", tmp_path / "run")
    assert report.recipe == recipe
    assert report.data.test.carved
    assert read_artifact(tmp_path / "run").label_names == ("blue", "green", "red")


def test_scenes_are_found_and_stay_whole_from_images_to_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    draw_coin_tosses(tmp_path / "data", scenes=16, per_scene=3, seed=2)
    # Of this class there is one scene only.
    generator = np.random.default_rng(9)
    (tmp_path / "data" / "edge").mkdir()
    for number, shot in enumerate(shots(draw_scene(generator), 3, generator)):
        shot.save(tmp_path / "data" / "edge" / f"{'kqz'[number]}.jpg")
    config = shrunken_config(data__group_by="auto", scratch__epochs=1)
    report = train(config, tmp_path / "data", tmp_path / "run")
    groups = report.data.groups
    assert (groups.by, groups.images, groups.largest) == ("auto", 51, 3)
    assert groups.groups == 17
    assert groups.would_leak > groups.would_leak_of / 2
    assert groups.single_group_labels == report.test.unmeasured == ("edge",)
    assert "all show one thing: edge." in capsys.readouterr().err

    parts = json.loads((tmp_path / "run" / SPLIT_FILE).read_text())["parts"]
    numbers = [set(part["groups"]) for part in parts.values()]
    assert sum(map(len, numbers)) == len(set.union(*numbers)) == 17
    assert [len(part) for part in numbers] == [
        report.data.train.groups,
        report.data.validation.groups,
        report.data.test.groups,
    ]

    # On another machine features may differ: the run goes on with the groups that it began with.
    monkeypatch.setattr(saved_groups, "group_images", lambda *_: np.arange(51))
    assert export(config, tmp_path / "data", tmp_path / "run").data == report.data


def test_a_damaged_test_image_shows_before_training(images: Path, tmp_path: Path) -> None:
    data = shutil.copytree(images, tmp_path / "data")
    (data / "test" / "red" / "000.png").write_bytes(b"damaged")
    with pytest.raises(DatasetError, match=r"red.000\.png"):
        train(shrunken_config(), data, tmp_path / "run")
    assert not (tmp_path / "run" / CHECKPOINT_FILE).exists()


def _of_another_network(file: Path) -> None:
    torch.save({"conv9.weight": torch.zeros(3, 3)}, file)


def _damaged(file: Path) -> None:
    file.write_bytes(b"PK damaged")


def _missing(_file: Path) -> None:
    pass


@pytest.mark.parametrize("write", [_of_another_network, _damaged, _missing])
def test_weights_that_do_not_fit_are_refused_before_any_image_is_read(
    write: Callable[[Path], None], tmp_path: Path
) -> None:
    weights = tmp_path / "weights.pt"
    write(weights)
    config = shrunken_config(model__weights=str(weights))
    commands: tuple[Callable[[TrainConfig, Path, Path], object], ...] = (train, assist, tune)
    # No image is there: to look for one would be another error.
    for run in commands:
        with pytest.raises(TrainingError, match=f"^{re.escape(str(weights))}: "):
            run(config, tmp_path / "no images", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_failed_export_leaves_no_model_version(
    run: tuple[Path, Report], images: Path, tmp_path: Path
) -> None:
    finished, _ = run
    for name in (CHECKPOINT_FILE, MANIFEST_NAME):
        shutil.copy(finished / name, tmp_path)
    data = shutil.copytree(images, tmp_path / "data")
    (data / "test" / "red" / "000.png").write_bytes(b"damaged")
    with pytest.raises(DatasetError, match=r"red.000\.png"):
        export(shrunken_config(), data, tmp_path)
    assert not (tmp_path / MANIFEST_NAME).exists()


@pytest.mark.parametrize("last", [FP32_FILE, INT8_FILE])
def test_an_export_that_is_stopped_leaves_no_model_version(
    run: tuple[Path, Report],
    images: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    last: str,
) -> None:
    # On a busy machine int8 may be as slow as fp32, and is then not written.
    monkeypatch.setattr("training.export.ladder.Judge._latency_ratio", lambda *_: 0.5)
    finished, _ = run
    for name in (CHECKPOINT_FILE, MANIFEST_NAME):
        shutil.copy(finished / name, tmp_path)

    class StopAfterLast(Stop):
        def check(self) -> None:
            if (tmp_path / last).exists():
                self.request("told to end")
            super().check()

    with pytest.raises(Interrupted), StopAfterLast().heeded():
        export(shrunken_config(), images, tmp_path)
    files = {path.name for path in tmp_path.glob("[!.]*") if path.is_file()}
    assert last in files
    assert files <= {CHECKPOINT_FILE, SPLIT_FILE, GROUPS_FILE, FP32_FILE, INT8_FILE}


def test_an_export_without_training_says_what_to_do(
    config: TrainConfig, images: Path, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="train first"):
        export(config, images, tmp_path)
