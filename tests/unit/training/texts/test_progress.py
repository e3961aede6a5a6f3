"""Progress where nobody watches: a line every ten seconds at most."""

import io
import re
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from infra.packaging.workspace import PROJECT
from training.texts import progress
from training.texts.progress import EVERY_SECONDS, Bar, Lines


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "_lines", Lines(clock=clock))
    return clock


def test_a_log_gets_a_line_every_ten_seconds_at_most(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in Bar(range(1_000), what="classify", unit="images"):
        clock.now += 0.1
        progress.tell("something ended")
    lines = capsys.readouterr().err.splitlines()
    times = [float(line[1:6]) for line in lines]
    assert 8 <= len(lines) <= 10
    assert all(b - a >= EVERY_SECONDS - 0.1 for a, b in pairwise(times))


def test_what_is_quick_says_nothing(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in Bar(range(1_000), what="classify", unit="images"):
        clock.now += 0.001
    with progress.step("built"):
        pass
    assert capsys.readouterr().err == ""


def test_what_has_ended_waits_and_is_not_replaced_by_how_far_the_next_is(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    progress.tell("epoch 1")
    progress.tell("epoch 2")
    clock.now = EVERY_SECONDS
    Bar[None](what="epoch 3", total=10, unit="steps").add()
    assert capsys.readouterr().err == "[ 10.0 s] epoch 2\n"


def test_the_log_of_a_job_has_all_that_has_ended(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress.every_end_kept():
        progress.tell("epoch 1")
        progress.tell("epoch 2")
        Bar[None](what="epoch 3", total=10, unit="steps").add()
    progress.tell("epoch 3")
    assert [line[10:] for line in capsys.readouterr().err.splitlines()] == ["epoch 1", "epoch 2"]


def test_the_first_of_several_processes_speaks_for_all(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock.now = EVERY_SECONDS
    monkeypatch.setenv("RANK", "1")
    progress.tell("epoch 1")
    Bar[None](what="epoch 2", total=10, unit="steps").add()
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("RANK", "0")
    progress.tell("epoch 1")
    assert "epoch 1" in capsys.readouterr().err


def test_bytes_are_counted_in_megabytes(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    clock.now = EVERY_SECONDS
    bar = Bar[None](what="upload", total=3_000_000, unit="B")
    bar.add(2_000_000)
    clock.now = 2 * EVERY_SECONDS
    bar.add(2_000_000)
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith("upload: 2.0 of 3.0 MB")
    assert second.endswith("upload: 3.0 of 3.0 MB"), "more than announced is still all of it"


def test_a_terminal_sees_a_bar_with_its_note(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Bar[None](what="upload", total=10, unit="images") as bar:
        bar.note("loss 0.100")
    assert "upload" in terminal.getvalue()


def test_a_bar_that_is_not_to_be_shown_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert list(Bar(range(3), what="train", shown=False)) == [0, 1, 2]
    assert terminal.getvalue() == ""


def test_every_command_says_how_far_it_is_in_this_one_way() -> None:
    own = Path(str(progress.__file__))
    users = [
        file
        for folder in ("infra/cli", "infra/local_cloud", "training", "lambdas")
        for file in (PROJECT / folder).rglob("*.py")
        if file != own and re.search(r"^\s*(from|import) tqdm\b", file.read_text(), re.MULTILINE)
    ]
    assert users == [], "use training.texts.progress"
