"""A search on small images: budgets, pruning, resuming, and what it may not do."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest

from infra.cli.main import main
from tests.unit.training.conftest import draw_set, shrunken_config
from tests.unit.training.folders import held_by_another, snapshot
from training.cli import runs
from training.config import Choices, FloatRange, TrainConfig, load_config
from training.data.grouping.saved_groups import GROUPS_FILE
from training.errors import TrainingError
from training.fit.fit import Fitted, fit
from training.run_folder import LOCK_FILE
from training.texts.progress import every_end_kept
from training.tune import search as tune_module
from training.tune.config_file import to_toml
from training.tune.outcome import RESULT_FILE, TrialRecord, TuneReport
from training.tune.search import BEST_FILE, STUDY_FILE, tune
from visionflow.errors import ConfigError

RATE = "scratch.optimizer.learning_rate"
SMOOTHING = "scratch.label_smoothing"
SPACE = {RATE: FloatRange(0.001, 0.3, log=True), SMOOTHING: Choices((0.0, 0.2))}


def searching(trials: int, space: dict[str, Any] = SPACE, seconds: float = 0) -> TrainConfig:
    config = shrunken_config()
    return replace(config, tune=replace(config.tune, trials=trials, seconds=seconds, space=space))


@pytest.fixture(scope="module", autouse=True)
def guided_early() -> Iterator[None]:
    """From the third trial on Optuna looks at the others' results."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tune_module, "_RANDOM_TRIALS", 2)
        yield


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Training images, and test images that nothing can decode."""
    folder = tmp_path_factory.mktemp("small")
    draw_set(folder / "train", per_class=12, seed=1)
    for label in (folder / "train").iterdir():
        damaged = folder / "test" / label.name / "000.png"
        damaged.parent.mkdir(parents=True)
        damaged.write_bytes(b"not an image " + label.name.encode())
    return folder


@pytest.fixture(scope="module")
def finished(small: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TuneReport]:
    """A search of four trials. Not to be changed."""
    out = tmp_path_factory.mktemp("finished")
    return out, tune(searching(4), small, out)


def results(report: TuneReport) -> list[tuple[float | None, dict[str, Any]]]:
    return [(trial.top1, trial.values) for trial in report.trials if trial.state != "interrupted"]


def test_the_best_trial_is_the_one_with_the_best_validation(
    finished: tuple[Path, TuneReport],
) -> None:
    out, report = finished
    assert len(report.trials) == 4
    best = report.trials[report.best]
    assert best.top1 == report.best_top1 == max(trial.top1 or 0 for trial in report.trials)
    assert best.values == report.best_values
    assert all(0.001 <= trial.values[RATE] <= 0.3 for trial in report.trials)
    assert TuneReport.parse((out / RESULT_FILE).read_bytes()) == report


def test_what_it_writes(finished: tuple[Path, TuneReport]) -> None:
    out, report = finished
    for plot in ("history", "importance"):
        assert (out / "plots" / f"{plot}.png").read_bytes().startswith(b"\x89PNG")
    # Neither checkpoints nor decoded images are left behind.
    left = {file.name for file in out.glob("[!.]*")}
    assert left == {STUDY_FILE, RESULT_FILE, BEST_FILE, GROUPS_FILE, "plots"}
    best = load_config(str(out / BEST_FILE))
    assert best.scratch.optimizer.learning_rate == report.best_values[RATE]
    assert best.scratch.label_smoothing == report.best_values[SMOOTHING]
    assert replace(best, scratch=searching(4).scratch) == searching(4)


def test_a_finished_search_stays_as_it_is(
    finished: tuple[Path, TuneReport], small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, report = finished
    before = snapshot(out)
    assert tune(searching(4), small, out) == report
    assert f"{out}: already finished; nothing was written." in capsys.readouterr().err
    assert snapshot(out).keys() == before.keys()
    changed = [name for name, content in snapshot(out).items() if content != before[name]]
    # It says who looked.
    assert changed in ([], [LOCK_FILE])


def test_a_killed_search_ends_with_the_trials_of_an_uninterrupted_one(
    finished: tuple[Path, TuneReport], small: Path, tmp_path: Path
) -> None:
    tune(searching(2), small, tmp_path)
    storage = optuna.storages.RDBStorage(f"sqlite:///{tmp_path / STUDY_FILE}")
    study = optuna.load_study(study_name="tune", storage=storage)
    study.ask()  # as a kill leaves a trial: begun and never told
    storage.remove_session()
    storage.engine.dispose()
    (tmp_path / "trials" / "2").mkdir(parents=True)
    report = tune(searching(4), small, tmp_path)
    assert [trial.state for trial in report.trials].count("interrupted") == 1
    assert results(report) == results(finished[1])


def test_a_search_that_is_done_finds_nothing_more_to_do(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = tune(searching(1), small, tmp_path)
    monkeypatch.setattr(tune_module, "fit", None)
    assert tune(searching(1), small, tmp_path) == report
    # The seconds of finished trials count too.
    assert tune(searching(9, seconds=0.001), small, tmp_path) == report


def test_ctrl_c_leaves_a_trial_that_does_not_count(
    small: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupted(*_: Any) -> Fitted:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tune_module, "fit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            tune(searching(1), small, tmp_path)
    with every_end_kept():
        report = tune(searching(1), small, tmp_path)
    assert [trial.state for trial in report.trials] == ["interrupted", "complete"]
    # By its number, as in the table of all trials.
    assert "trial 1 (1 of 1): validation top-1 " in capsys.readouterr().err


def test_a_hopeless_trial_is_pruned(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside one that has learned something in its first epoch, which takes some images."""
    monkeypatch.setattr(tune_module, "_RANDOM_TRIALS", 1)
    calls = 0

    def every_second_is_hopeless(config: TrainConfig, *others: Any) -> Fitted:
        nonlocal calls
        calls += 1
        if calls == 2:
            low = replace(config.scratch.optimizer, learning_rate=1e-9, muon_learning_rate=1e-9)
            config = replace(config, scratch=replace(config.scratch, optimizer=low))
        return fit(config, *others)

    monkeypatch.setattr(tune_module, "fit", every_second_is_hopeless)
    report = tune(searching(2, {RATE: FloatRange(0.05, 0.1, log=True)}), images, tmp_path)
    assert [trial.state for trial in report.trials] == ["complete", "pruned"]
    assert report.trials[1].epochs < report.trials[0].epochs
    assert report.best == 0


def test_a_trial_that_diverges_counts_and_the_search_goes_on(small: Path, tmp_path: Path) -> None:
    space = {RATE: Choices((0.05, 1e30))}
    report = tune(searching(6, space), small, tmp_path)
    states = {trial.state for trial in report.trials if trial.values[RATE] == 1e30}
    assert states == {"diverged"}
    assert len(report.trials) == 6
    assert report.best_values == {RATE: 0.05}


def test_a_search_without_a_trial_that_ends_says_why(small: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"None of 1 trials .*The loss is nan.*tune\.space"):
        tune(searching(1, {RATE: Choices((1e30,))}), small, tmp_path)
    assert not (tmp_path / BEST_FILE).exists()


def test_another_search_has_no_place_in_the_same_folder(
    finished: tuple[Path, TuneReport], small: Path
) -> None:
    other = searching(4, {RATE: FloatRange(0.01, 0.3, log=True)})
    with pytest.raises(
        TrainingError,
        match=rf"belongs to a search with another config.*tune\.{RATE}\.low was 0\.001",
    ):
        tune(other, small, finished[0])


def test_two_searches_at_once_in_one_folder_are_refused(small: Path, tmp_path: Path) -> None:
    with (
        held_by_another(tmp_path),
        pytest.raises(TrainingError, match="another command is writing into this folder"),
    ):
        tune(searching(1), small, tmp_path)


def test_a_space_that_is_wrong_is_refused_before_anything_begins(
    small: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"no field scratch\.rate"):
        tune(searching(1, {"scratch.rate": Choices((1.0,))}), small, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_first_trial_that_was_killed_hides_no_field() -> None:
    killed = TrialRecord(0, "failed", None, 0, None, {})
    done = TrialRecord(1, "complete", 0.5, 3, 1.0, {RATE: 0.1})
    found = TuneReport("colours", 1, 0.5, done.values, {}, (killed, done))
    header, _, row = runs._trial_rows(found)
    assert (header[-1], row[-1]) == (RATE, "0.1")


def test_the_command_goes_on_with_a_search_and_prints_its_trials(
    finished: tuple[Path, TuneReport],
    small: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, report = finished
    (tmp_path / "search.toml").write_text(to_toml(searching(9)), encoding="utf-8")
    arguments = ["tune", "--config", tmp_path / "search.toml", "--data", small, "--out", out]
    arguments += ["--trials", 4]
    assert main([str(argument) for argument in arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["TRIAL", "STATE", "VALIDATION", "EPOCHS", RATE, SMOOTHING]
    assert f"{report.best_top1:.2%}" in lines[1 + report.best]
    assert f"--config {out / BEST_FILE}" in lines[-1]
    assert main([str(argument) for argument in [*arguments, "--json"]]) == 0
    assert json.loads(capsys.readouterr().out)["best"] == report.best
