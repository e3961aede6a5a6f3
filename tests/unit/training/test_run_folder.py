"""Who may write into the folder of a run, and what is never written over."""

import fcntl
import multiprocessing
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import pytest

from tests.unit.training.conftest import shrunken_config
from tests.unit.training.folders import held_by_another
from training.data.training_data import TrainingData
from training.errors import TrainingError
from training.results.report import Report
from training.run_folder import LOCK_FILE, finished_run, only_writer
from visionflow.strict import to_dict

REFUSED = r"another command is writing into this folder \(process \w+\)"


def no_images(_: Path) -> TrainingData:
    raise AssertionError("not to be read")


def test_another_command_is_refused_with_its_number(tmp_path: Path) -> None:
    with only_writer(tmp_path / "run"):
        (tmp_path / "run" / "file").touch()
        number = (tmp_path / "run" / LOCK_FILE).read_text().strip()
    assert number == str(os.getpid())
    with (
        held_by_another(tmp_path / "run"),
        pytest.raises(TrainingError, match=rf"process {number}\); wait for it, or choose another"),
        only_writer(tmp_path / "run"),
    ):
        raise AssertionError("not reached")
    with only_writer(tmp_path / "run"), only_writer(tmp_path / "run" / ".." / "run"):
        pass


@pytest.mark.parametrize("there", [False, True])
def test_a_refused_command_leaves_the_place_as_it_was(there: bool, tmp_path: Path) -> None:
    out = tmp_path / "runs" / "first"
    if there:
        out.mkdir(parents=True)
    with pytest.raises(TrainingError, match="no images"), only_writer(out):
        raise TrainingError("no images")
    assert out.exists() == there
    assert not there or list(out.iterdir()) == []


def test_a_folder_with_a_file_is_kept_whatever_ends_the_command(tmp_path: Path) -> None:
    with pytest.raises(TrainingError), only_writer(tmp_path):
        (tmp_path / "checkpoint").touch()
        raise TrainingError
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint", LOCK_FILE}


def test_who_finds_a_lock_that_was_removed_takes_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opened just before the command before removed it, and locked just after."""
    lock, out = fcntl.flock, tmp_path / "run"

    def remove_and_lock(file: TextIO, how: int) -> None:
        monkeypatch.undo()
        (out / LOCK_FILE).unlink()
        out.rmdir()
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", remove_and_lock)
    with only_writer(out):
        assert (out / LOCK_FILE).read_text().strip() == str(os.getpid())


def test_another_thread_is_another_command(tmp_path: Path) -> None:
    said: list[str] = []

    def work() -> None:
        try:
            with only_writer(tmp_path):
                pass
        except TrainingError as error:
            said.append(str(error))

    with only_writer(tmp_path):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert len(said) == 1


def test_a_worker_that_outlives_its_killed_parent_holds_no_folder(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    begun, over = fork.Event(), fork.Event()

    def parent() -> None:
        with only_writer(tmp_path):
            if os.fork() == 0:
                begun.set()
                over.wait(60)
                os._exit(0)
            signal.pause()

    killed = fork.Process(target=parent)
    killed.start()
    assert begun.wait(60)
    killed.kill()
    killed.join()
    try:
        with only_writer(tmp_path):
            pass
    finally:
        over.set()


def test_a_folder_that_takes_no_file_is_said(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).mkdir()
    with (
        pytest.raises(TrainingError, match="nothing can be written into this folder"),
        only_writer(tmp_path),
    ):
        raise AssertionError("not reached")


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"version": "2"}, "version was '1' and is '2'"),
        ({"scratch__epochs": 7}, "scratch.epochs was 3 and is 7"),
        ({"export__opset": 18}, "export.opset was 20 and is 18"),
    ],
)
def test_what_is_finished_is_not_written_over_by_another_config(
    report: Report,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    now: dict[str, object],
    said: str,
) -> None:
    kept = replace(report, config=to_dict(shrunken_config(version="1")))
    monkeypatch.setattr("training.run_folder.read_finished", lambda _out: kept)
    with pytest.raises(TrainingError, match=rf"holds the finished .* stays as it is.*{said}\."):
        finished_run(tmp_path, to_dict(shrunken_config(**{"version": "1", **now})), no_images)


def test_a_folder_without_a_whole_artifact_is_not_finished(tmp_path: Path) -> None:
    assert finished_run(tmp_path, {}, no_images) is None
    (tmp_path / "manifest.json").write_text("{}")
    assert finished_run(tmp_path, {}, no_images) is None
