"""All plots of a report."""

from training.report import (
    plots_confidence,
    plots_data,
    plots_images,
    plots_levels,
    plots_scores,
    plots_training,
    plots_unfamiliar,
)
from training.report.plot_style import Plots
from training.results.report import Report

PLOTS: Plots[Report] = {
    "learning_curves": plots_training.learning_curves,
    "confusion": plots_scores.confusion_matrix,
    "class_scores": plots_scores.class_scores,
    "score_curves": plots_scores.score_curves,
    "reliability": plots_confidence.reliability_diagram,
    "coverage": plots_confidence.coverage_accuracy,
    "back_off": plots_levels.back_off,
    "familiarity": plots_unfamiliar.familiarity,
    "embedding_map": plots_images.embedding_map,
    "right_answers": plots_images.right_answers,
    "wrong_answers": plots_images.wrong_answers,
    "mistakes": plots_images.mistakes,
    "stage_activations": plots_images.stage_activations,
    "group_sizes": plots_data.group_sizes,
}
