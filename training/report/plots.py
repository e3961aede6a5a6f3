"""All plots of a report, as files."""

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from training.report import plots_confidence, plots_images, plots_scores, plots_training
from training.report.plot_style import plot_style, to_png
from training.report.report import Report

PLOTS_FOLDER = "plots"

PLOTS: dict[str, Callable[[Report], Figure | None]] = {
    "learning_curves": plots_training.learning_curves,
    "confusion": plots_scores.confusion_matrix,
    "class_scores": plots_scores.class_scores,
    "score_curves": plots_scores.score_curves,
    "reliability": plots_confidence.reliability_diagram,
    "coverage": plots_confidence.coverage_accuracy,
    "embedding_map": plots_images.embedding_map,
    "right_answers": plots_images.right_answers,
    "wrong_answers": plots_images.wrong_answers,
    "mistakes": plots_images.mistakes,
    "stage_activations": plots_images.stage_activations,
}
"""What draws each plot; it returns None where the report has nothing to draw."""


def draw_plots(report: Report, folder: Path) -> dict[str, str]:
    """Write every plot as PNG below ``folder``.

    Returns name and path relative to ``folder`` of those that the report has data for; an older
    file of another is removed.
    """
    (folder / PLOTS_FOLDER).mkdir(parents=True, exist_ok=True)
    drawn = {}
    with plot_style():
        for name, draw in PLOTS.items():
            path = f"{PLOTS_FOLDER}/{name}.png"
            figure = draw(report)
            if figure is None:
                (folder / path).unlink(missing_ok=True)
            else:
                (folder / path).write_bytes(to_png(figure))
                drawn[name] = path
    return drawn
