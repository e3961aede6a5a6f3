"""Finished runs, read by the commands that take more than one."""

from collections.abc import Sequence
from pathlib import Path

from training.errors import TrainingError
from training.export.artifact import REPORT_FILE
from training.results.report import Report
from visionflow.errors import ConfigError


def read_reports(runs: Sequence[Path]) -> list[Report]:
    """The report of each run.

    Raises `TrainingError` for fewer than two runs and for one that is named twice or not finished,
    `ConfigError` for a report of another version of VisionFlow.
    """
    if len(runs) < 2:
        raise TrainingError("At least two runs are needed.")
    if len({run.resolve() for run in runs}) < len(runs):
        raise TrainingError("A run is named twice.")
    return [_read_report(run) for run in runs]


def require_apart(out: Path, runs: Sequence[Path]) -> None:
    """Raise `TrainingError` where ``out`` is one of the ``runs``."""
    if out.resolve() in {run.resolve() for run in runs}:
        raise TrainingError(
            f"{out} is one of the runs and would be overwritten; choose another --out."
        )


def run_labels(runs: Sequence[Path]) -> list[str]:
    """The folders' names, or all their paths where two names are the same."""
    names = [run.resolve().name for run in runs]
    return names if len(set(names)) == len(names) else [str(run) for run in runs]


def _read_report(run: Path) -> Report:
    file = run / REPORT_FILE
    try:
        return Report.parse(file.read_bytes())
    except FileNotFoundError as error:
        raise TrainingError(f"{run}: no {REPORT_FILE}; the run is not finished.") from error
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from error
