import shutil
import sqlite3
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.training.fit.conftest import make_config
from training.config import TrainConfig
from training.data.training_data import TrainingData
from training.errors import TrainingError
from training.fit.fit import fit
from training.fit.tracking import DATABASE, log_results, tracking
from training.results.history import EpochRecord


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow takes seconds to make its tables."""
    pytest.importorskip("mlflow", reason="the tracking of runs needs MLflow")
    run = tmp_path_factory.mktemp("tables") / "run"
    with tracking(replace(make_config("scratch"), mlflow=True), run):
        pass
    connection = sqlite3.connect(run.parent / DATABASE)
    connection.executescript("DELETE FROM params; DELETE FROM runs;")
    connection.close()
    return run.parent / DATABASE


@pytest.fixture
def database(empty_database: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(empty_database, tmp_path))


@pytest.fixture
def config() -> TrainConfig:
    return replace(make_config("scratch"), mlflow=True)


def query(database: Path, statement: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(database)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def test_a_run_is_tracked_through_interruptions(
    data: TrainingData, config: TrainConfig, database: Path, tmp_path: Path
) -> None:
    run = tmp_path / "first"

    def interrupt(history: Sequence[EpochRecord]) -> None:
        if len(history) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(config, data, run, interrupt)
    assert query(database, "SELECT name, status FROM runs") == [("first", "KILLED")]
    fitted = fit(config, data, run)
    log_results(run, {"test_top1": 0.75})

    assert query(database, "SELECT name, status FROM runs") == [("first", "FINISHED")]
    assert (config.name,) in query(database, "SELECT name FROM experiments")
    parameters = dict(query(database, "SELECT key, value FROM params"))
    assert parameters["seed"] == "3"
    assert parameters["scratch.optimizer.name"] == "muon"
    logged = query(database, "SELECT key, step, value FROM metrics WHERE key LIKE 'val%loss'")
    expected = [("validation_loss", r.epoch, r.validation_loss) for r in fitted.history]
    assert sorted(logged) == expected
    curves = {key for (key,) in query(database, "SELECT DISTINCT key FROM metrics")}
    assert curves == {
        "learning_rate",
        "train_loss",
        "train_top1",
        "validation_loss",
        "validation_top1",
        "test_top1",
    }
    assert not (tmp_path / "mlruns").exists() and not Path("mlruns").exists()

    with pytest.raises(TrainingError, match="has no entry for this run"):
        log_results(tmp_path / "other", {"test_top1": 1.0})

    # A second run in the same file, which ends with an error.
    optimizer = replace(config.scratch.optimizer, name="sgd", learning_rate=1e38)
    wild = replace(config, scratch=replace(config.scratch, optimizer=optimizer))
    with pytest.raises(TrainingError, match="loss is"):
        fit(wild, data, tmp_path / "second")
    assert query(database, "SELECT name, status FROM runs ORDER BY name") == [
        ("first", "FINISHED"),
        ("second", "FAILED"),
    ]


def test_an_epoch_that_a_kill_kept_from_mlflow_is_made_up_for(
    data: TrainingData, config: TrainConfig, database: Path, tmp_path: Path
) -> None:
    def interrupt(_history: Sequence[EpochRecord]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(config, data, tmp_path / "run", interrupt)
    connection = sqlite3.connect(database)
    connection.execute("DELETE FROM metrics")
    connection.commit()
    connection.close()
    fit(config, data, tmp_path / "run")
    steps = query(database, "SELECT step FROM metrics WHERE key = 'train_loss'")
    assert sorted(steps) == [(1,), (2,), (3,)]


def test_nothing_is_tracked_unless_asked_for(
    data: TrainingData, config: TrainConfig, tmp_path: Path
) -> None:
    fit(replace(config, mlflow=False), data, tmp_path / "run")
    assert not (tmp_path / DATABASE).exists()


def test_a_file_that_mlflow_cannot_use_is_named(
    data: TrainingData, config: TrainConfig, database: Path, tmp_path: Path
) -> None:
    database.write_text("no database")
    with pytest.raises(TrainingError, match=r"mlflow.db: MLflow cannot use this file"):
        fit(config, data, tmp_path / "run")


def test_without_mlflow_the_error_says_what_to_install(
    data: TrainingData, config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "training.fit.mlflow_file", None)
    with pytest.raises(TrainingError, match=r"not installed .*; `make training` installs"):
        fit(config, data, tmp_path / "run")
