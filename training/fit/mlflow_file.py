"""The part of MLflow's SQLite file that a training run needs.

Importing this module needs MLflow; `training.fit.tracking` does it only for a run that is tracked.
"""

import time
from collections.abc import Mapping
from pathlib import Path

from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from sqlalchemy.exc import SQLAlchemyError

FILE_ERRORS = (MlflowException, SQLAlchemyError, OSError)
"""What the methods of `MlflowFile` raise."""

_BATCH = 100
"""Parameters that MLflow takes at once."""


class MlflowFile:
    """The tracking file at ``path``, made where there is none."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._artifacts = path.parent / "mlartifacts"
        self._client = MlflowClient(f"sqlite:///{path}")

    def create(self, experiment: str, name: str, parameters: Mapping[str, str]) -> str:
        """Begin a run; its id."""
        known = self._client.get_experiment_by_name(experiment)
        if known is None:
            number = self._client.create_experiment(experiment, self._artifacts.as_uri())
        else:
            number = known.experiment_id
        run_id: str = self._client.create_run(number, run_name=name).info.run_id
        entries = [Param(key, value) for key, value in parameters.items()]
        for start in range(0, len(entries), _BATCH):
            self._client.log_batch(run_id, params=entries[start : start + _BATCH])
        return run_id

    def has(self, run_id: str) -> bool:
        """Whether a run of this id is here."""
        experiments = [experiment.experiment_id for experiment in self._client.search_experiments()]
        return bool(self._client.search_runs(experiments, f"attributes.run_id = '{run_id}'"))

    def set_status(self, run_id: str, status: str) -> None:
        """``status``: RUNNING, FINISHED, FAILED or KILLED."""
        if status == "RUNNING":
            self._client.update_run(run_id, status)
        else:
            self._client.set_terminated(run_id, status)

    def steps(self, run_id: str, metric: str) -> set[int]:
        """At which steps the run has this metric."""
        return {entry.step for entry in self._client.get_metric_history(run_id, metric)}

    def log(self, run_id: str, values: Mapping[str, float], step: int) -> None:
        """Add metrics."""
        now = time.time_ns() // 1_000_000
        metrics = [Metric(name, value, now, step) for name, value in values.items()]
        self._client.log_batch(run_id, metrics=metrics)
