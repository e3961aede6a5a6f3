"""Log a run's parameters and curves to MLflow, in a SQLite file beside the run's folder.

Look at it with ``mlflow ui --backend-store-uri sqlite:///PATH/mlflow.db`` of the package mlflow. To
write, mlflow-skinny with sqlalchemy and alembic is enough.
"""

import logging
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from training.config import TrainConfig, dotted
from training.errors import TrainingError
from training.results.history import EpochRecord
from visionflow.strict import to_dict

if TYPE_CHECKING:
    from training.fit.mlflow_file import MlflowFile

DATABASE = "mlflow.db"
RUN_ID_FILE = "mlflow.run"
"""In the folder of a run: the id of its MLflow run."""

CURVES = ("learning_rate", "train_loss", "train_top1", "validation_loss", "validation_top1")

LogHistory = Callable[[Sequence[EpochRecord]], None]


@contextmanager
def tracking(config: TrainConfig, run: Path) -> Iterator[LogHistory]:
    """A function that logs what MLflow does not have yet of a history; a run that is resumed goes
    on in the same MLflow run. Leaving the block marks that as finished, failed or killed.

    Raises `TrainingError` when MLflow is not installed or its file cannot be used.
    """
    with _mlflow(run) as file:
        run_id = _run_id(file, run)
        if run_id is None:
            fields = {name: str(value) for name, value in dotted(to_dict(config))}
            kept = {name: value for name, value in fields.items() if not name.startswith("tune.")}
            run_id = file.create(config.name, run.name, kept)
            run.mkdir(parents=True, exist_ok=True)
            (run / RUN_ID_FILE).write_text(run_id, encoding="utf-8")
        file.set_status(run_id, "RUNNING")
        logged = file.steps(run_id, CURVES[0])

    def log(history: Sequence[EpochRecord]) -> None:
        with _mlflow(run) as file:
            for record in history:
                if record.epoch not in logged:
                    values = asdict(record)
                    file.log(run_id, {name: values[name] for name in CURVES}, record.epoch)
                    logged.add(record.epoch)

    status = "KILLED"
    try:
        yield log
        status = "FINISHED"
    except Exception:
        status = "FAILED"
        raise
    finally:
        with _mlflow(run) as file:
            file.set_status(run_id, status)


def log_results(run: Path, metrics: Mapping[str, float]) -> None:
    """Add the figures that are known after training, say of the test images.

    Raises `TrainingError` when the run in this folder was not tracked.
    """
    with _mlflow(run) as file:
        run_id = _run_id(file, run)
        if run_id is None:
            raise TrainingError(f"{run}: {DATABASE} beside it has no entry for this run.")
        file.log(run_id, metrics, step=0)


@contextmanager
def _mlflow(run: Path) -> "Iterator[MlflowFile]":
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    path = run.resolve().parent / DATABASE
    with warnings.catch_warnings():
        # Of MLflow's own tables, under sqlalchemy 2.1.
        warnings.filterwarnings("ignore", "The ``noload`` loader", DeprecationWarning)
        try:
            from training.fit.mlflow_file import FILE_ERRORS, MlflowFile  # noqa: PLC0415
        except ImportError as error:
            raise TrainingError(
                f"mlflow = true needs packages that are not installed ({error}); `make training` "
                "installs them. Or set mlflow = false."
            ) from error
        # It logs each table that it creates.
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        try:
            yield MlflowFile(path)
        except FILE_ERRORS as error:
            reason = str(error).partition("\n")[0]
            raise TrainingError(f"{path}: MLflow cannot use this file ({reason}).") from error


def _run_id(file: "MlflowFile", run: Path) -> str | None:
    """The MLflow run of this folder, if its file still has it."""
    try:
        run_id = (run / RUN_ID_FILE).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    return run_id if file.has(run_id) else None
