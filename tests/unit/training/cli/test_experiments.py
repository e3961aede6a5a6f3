"""The command line: what it prints, and its exit code when something is wrong with the input."""

import json
import re
import shutil
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from infra.cli.main import main
from tests.unit.training.conftest import SHRUNKEN, draw_set
from training.config import DEFAULTS
from training.errors import TrainingError
from training.fit.checkpoint import CHECKPOINT_FILE, Checkpoint
from visionflow.models.manifest import MANIFEST_NAME


def train_command(data: Path, out: Path, *more: str) -> list[str]:
    fields = [f"--set={name}={json.dumps(value)}" for name, value in SHRUNKEN.items()]
    command = ["train", "--config", str(DEFAULTS), "--data", str(data), "--out", str(out)]
    return [*command, *fields, *more]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    draw_set(folder, per_class=12, seed=1)
    return folder


def test_train_prints_the_report_for_machines(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(train_command(data, tmp_path / "run", "--version", "9", "--json")) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "run" / "report.json").read_text())
    assert printed["version"] == "9"
    assert {"top1", "top5", "macro_f1"} <= set(printed["test"])


def test_train_prints_the_lightening_table(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(train_command(data, tmp_path / "run")) == 0
    out = capsys.readouterr().out
    assert "test images: top-1" in out
    assert "report.html" in out
    # Of three classes.
    assert "top-5" not in out
    said = " ".join(out.split())
    assert re.search(r"answered: \d+ of \d+, \S+ \(95% interval \S+ to \S+\)", said)
    assert "The gate proves the export" in said


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_train_where_it_can_go_on(
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    heeded_ctrl_c: None,
    number: signal.Signals,
    code: int,
) -> None:
    written = tmp_path / "run" / f"{CHECKPOINT_FILE}.written"
    write = Checkpoint.write

    def signalled(self: Checkpoint, state: Mapping[str, Any]) -> None:
        signal.raise_signal(number)
        write(self, state)
        written.touch()

    monkeypatch.setattr(Checkpoint, "write", signalled)
    assert main(train_command(data, tmp_path / "run")) == code
    assert capsys.readouterr().err.endswith("visionflow: interrupted.\n")
    assert written.exists()
    state = torch.load(tmp_path / "run" / CHECKPOINT_FILE, weights_only=True)
    assert len(state["history"]) == 1


def _one_image_of_each_class(data: Path, _tmp: Path) -> list[str]:
    for folder in data.iterdir():
        for file in sorted(folder.iterdir())[1:]:
            file.unlink()
    return []


def _wrong_expression(_data: Path, _tmp: Path) -> list[str]:
    return ["--set", "data.group_by=prefix:(unclosed"]


def _empty_class(data: Path, _tmp: Path) -> list[str]:
    shutil.rmtree(data / "red")
    (data / "red").mkdir()
    return []


def _corrupt_file(data: Path, _tmp: Path) -> list[str]:
    (data / "red" / "003.png").write_bytes(b"not an image")
    return []


def _no_images(data: Path, _tmp: Path) -> list[str]:
    for file in data.rglob("*.png"):
        file.rename(file.with_suffix(".txt")).write_text("no image")
    return []


def _no_folder(data: Path, _tmp: Path) -> list[str]:
    shutil.rmtree(data)
    return []


def _strange_label(data: Path, _tmp: Path) -> list[str]:
    whole = shutil.copytree(data, data / "train")
    shutil.copytree(whole, data / "test")
    for label in ("blue", "green", "red"):
        shutil.rmtree(data / label)
    (data / "test" / "red").rename(data / "test" / "yellow")
    return []


def _weights_of_another_network(_data: Path, tmp: Path) -> list[str]:
    torch.save({"conv9.weight": torch.zeros(3, 3)}, tmp / "weights.pth")
    return ["--weights", str(tmp / "weights.pth")]


def _loss_not_finite(_data: Path, _tmp: Path) -> list[str]:
    return [
        "--set=scratch.optimizer.name=sgd",
        "--set=scratch.optimizer.learning_rate=1e30",
    ]


def _unknown_field(_data: Path, _tmp: Path) -> list[str]:
    return ["--set=scratch.epoch=3"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_one_image_of_each_class, "--group-by"),
        (_wrong_expression, "missing ), unterminated subpattern"),
        (_empty_class, "red"),
        (_corrupt_file, "003.png"),
        (_no_images, "data"),
        (_no_folder, "data"),
        (_strange_label, "yellow"),
        (_weights_of_another_network, "conv9.weight"),
        (_loss_not_finite, "epoch 1"),
        (_unknown_field, "--set: unknown field scratch.epoch; did you mean scratch.epochs?"),
    ],
)
def test_bad_input_is_one_sentence_and_code_1(
    spoil: Callable[[Path, Path], list[str]],
    said: str,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    more = spoil(data, tmp_path)
    assert main(train_command(data, tmp_path / "run", *more)) == 1
    complaint = capsys.readouterr().err.splitlines()[-1]
    assert complaint.startswith("visionflow: ")
    assert said in complaint
    assert not (tmp_path / "run" / MANIFEST_NAME).exists()


def test_a_folder_that_cannot_be_made_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    search = ["tune", "--config", "cifar10", "--data", str(tmp_path), "--out", str(taken)]
    assert main(search) == 1
    assert capsys.readouterr().err == (
        f"visionflow: {taken}: nothing can be written into this folder (File exists); choose "
        "another one with --out.\n"
    )


def test_broken_and_other_files_are_left_out_and_said(
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("blue/003.png", "red/007.png"):
        (data / name).write_bytes(b"broken")
    (data / "red" / "notes.txt").write_text("no image")
    (data / "@eaDir").mkdir()
    command = train_command(data, tmp_path / "run")
    assert main(command) == 1
    refused = capsys.readouterr().err.splitlines()[-1]
    assert "2 images cannot be read: " in refused
    assert "blue/003.png" in refused
    assert "red/007.png" in refused
    assert "--skip-unreadable" in refused

    def ended(*_: object) -> None:
        raise TrainingError("far enough for this test")

    monkeypatch.setattr("training.train.fit", ended)
    assert main([*command, "--skip-unreadable"]) == 1
    said = capsys.readouterr().err
    assert "1 files in class folders are not images and were left out: red/notes.txt." in said
    assert "2 images cannot be read and were left out: blue/003.png, red/007.png." in said
    assert "Passed over, since systems leave these in folders: @eaDir (1)." in said
    assert "far enough" in said
