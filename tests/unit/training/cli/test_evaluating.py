"""`visionflow evaluate` of a finished run."""

import json
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from infra.cli.main import main
from tests.unit.training.folders import snapshot
from training.data.split import SPLIT_FILE
from training.results.report import Report


def test_evaluate_prints_for_machines_what_the_report_says(
    run: tuple[Path, Report], images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, report = run
    assert main(["evaluate", str(folder), str(images / "test"), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["top1"] == report.test.top1
    assert printed["known"] == report.test.known
    assert report.unfamiliar is not None
    assert printed["unfamiliar"] == report.unfamiliar.unfamiliar_test
    measured = {one.coverage: one.measured for one in report.prediction_sets}
    assert {one["coverage"]: one["measured"] for one in printed["prediction_sets"]} == measured


def test_evaluate_prints_a_line_for_each_class(
    run: tuple[Path, Report], images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, report = run
    assert report.unfamiliar is not None
    assert main(["evaluate", str(folder), str(images / "test")]) == 0
    out = capsys.readouterr().out
    assert "30 images: top-1" in out
    assert f"unsure {report.unfamiliar.unsure_test:.2%}, unfamiliar" in out
    assert "95% prediction set: holds the truth in" in out
    assert all(label in out for label in ("blue", "green", "red"))


def test_strangers_are_counted_for_people_and_machines(
    run: tuple[Path, Report], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = run
    for i in range(4):
        Image.new("RGB", (30, 20), (60 * i, 60 * i, 60 * i)).save(tmp_path / f"{i}.png")
    command = ["evaluate", str(folder), str(tmp_path), "--strangers"]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert re.match(r"4 images, mean confidence [01]\.\d\d$", out.splitlines()[0])
    assert [line.split()[0] for line in out.splitlines()[1:]] == [
        "answered",
        "unsure",
        "unfamiliar",
    ]
    assert main([*command, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["images"] == 4
    assert printed["answered"] + printed["unsure"] + printed["unfamiliar"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("part", "of_report"), [("test", "test"), ("val", "validation"), ("train", None)]
)
def test_a_part_of_the_run_is_measured_as_in_its_report(
    run: tuple[Path, Report],
    capsys: pytest.CaptureFixture[str],
    part: str,
    of_report: str | None,
) -> None:
    folder, report = run
    before = snapshot(folder)
    # Where the images were, the run says.
    assert main(["evaluate", str(folder), "--part", part, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    if of_report is not None:
        expected = getattr(report, of_report)
        assert (printed["images"], printed["top1"]) == (expected.images, expected.top1)
        assert printed["groups"] == expected.groups
    counts = {"train": 90, "validation": 30, "test": 30}
    own = of_report or part
    assert printed["known_to_run"] == {name: counts[name] * (name == own) for name in counts}
    assert main(["evaluate", str(folder), "--part", part]) == 0
    assert ("flatter" in capsys.readouterr().out) == (part != "test")
    assert snapshot(folder) == before


def test_images_that_the_model_was_made_of_are_counted(
    run: tuple[Path, Report], images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = run
    assert main(["evaluate", str(folder), str(images / "train")]) == 0
    printed = capsys.readouterr().out
    assert "Warning: 90 of 120 are train images of the run: the model was trained on" in printed
    assert "Warning: 30 of 120 are validation images of the run: epoch, threshold" in printed
    # Of a downloaded artifact nothing is known.
    artifact = shutil.copytree(folder, tmp_path / "artifact")
    (artifact / SPLIT_FILE).unlink()
    assert main(["evaluate", str(artifact), str(images / "train")]) == 0
    assert "images of the run" not in capsys.readouterr().out


def test_a_part_without_its_images_is_not_measured(
    run: tuple[Path, Report], images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = run
    data = shutil.copytree(images, tmp_path / "data")
    (data / "test" / "red" / "000.png").unlink()
    for more, said in (
        ([str(data), "--part", "test"], "1 of 30 images of the part test are missing or changed"),
        (["--part", "exam"], "--part exam: one of test, val and train is expected"),
        ([], "DATA is missing"),
    ):
        assert main(["evaluate", str(folder), *more]) == 1
        assert said in capsys.readouterr().err
    moved = shutil.copytree(folder, tmp_path / "run")
    split = json.loads((moved / SPLIT_FILE).read_text())
    (moved / SPLIT_FILE).write_text(json.dumps(split | {"dataset": str(tmp_path / "gone")}))
    assert main(["evaluate", str(moved), "--part", "test"]) == 1
    assert "are there no more; name them with DATA" in capsys.readouterr().err
    assert main(["evaluate", str(moved), str(images), "--part", "test"]) == 0
