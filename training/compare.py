"""Runs side by side: accuracy, size, latency, training time, over- or underfitting."""

from collections.abc import Sequence
from pathlib import Path

from training.errors import TrainingError
from training.export.artifact import REPORT_FILE
from training.report.compare_page import draw_comparison
from training.report.comparison import Comparison, comparison_of
from training.report.report import Report
from visionflow.errors import ConfigError

RESULT_FILE = "compare.json"


def compare(
    runs: Sequence[Path], out: Path | None = None, *, allow_different_data: bool = False
) -> Comparison:
    """Compare finished runs by their reports; write `RESULT_FILE`, page and plots into ``out``.

    Raises `TrainingError` for fewer than two runs, for one that is not finished or named twice,
    and, unless ``allow_different_data``, for runs that were measured on different test pictures:
    their accuracies are answers to different questions. `ConfigError` for a report of another age.
    """
    if len(runs) < 2:
        raise TrainingError("A comparison needs at least two runs.")
    comparison = comparison_of(list(zip(_labels(runs), map(_report, runs), strict=True)))
    if not comparison.same_test and not allow_different_data:
        sets = ", ".join(f"{run.run}: {run.test_set}" for run in comparison.runs)
        raise TrainingError(
            f"The runs were measured on different test pictures ({sets}), so their accuracies "
            "cannot be compared; evaluate them on the same, or compare all the same with "
            "--allow-different-data."
        )
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        draw_comparison(comparison, out)
        (out / RESULT_FILE).write_text(comparison.to_json(), encoding="utf-8")
    return comparison


def _report(run: Path) -> Report:
    try:
        return Report.parse((run / REPORT_FILE).read_bytes())
    except FileNotFoundError as error:
        raise TrainingError(
            f"{run}: no {REPORT_FILE}; only a finished run can be compared."
        ) from error
    except ConfigError as error:
        raise ConfigError(f"{run / REPORT_FILE}: {error}") from error


def _labels(runs: Sequence[Path]) -> list[str]:
    """The folders' names, or where two are the same their paths."""
    if len({run.resolve() for run in runs}) < len(runs):
        raise TrainingError("A run is named twice; it would be compared with itself.")
    names = [run.resolve().name for run in runs]
    return names if len(set(names)) == len(names) else [str(run) for run in runs]
