"""Runs side by side: accuracy, size, latency, training time, over- or underfitting."""

from collections.abc import Sequence
from pathlib import Path

from training.errors import TrainingError
from training.report.compare_page import draw_comparison
from training.report.comparison import Comparison, comparison_of
from training.runs import read_reports, run_labels

RESULT_FILE = "compare.json"


def compare(
    runs: Sequence[Path], out: Path | None = None, *, allow_different_data: bool = False
) -> Comparison:
    """Compare finished runs by their reports; write `RESULT_FILE`, page and plots into ``out``.

    Raises what `read_reports` does and, unless ``allow_different_data``, `TrainingError` for runs
    that were measured on different test pictures: their accuracies answer different questions.
    """
    comparison = comparison_of(list(zip(run_labels(runs), read_reports(runs), strict=True)))
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
