"""Scores of the test images: confusion matrix, scores per class, ROC and precision-recall."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.report.class_groups import class_groups, most_confused_classes
from training.report.plot_style import BLUE, FAINT, GREEN, INK, ORANGE, class_colours, shortened
from training.results.findings import CurveSet
from training.results.report import Report

# With more classes numbers in the cells cannot be read, and drawing them takes seconds.
NUMBERED_CLASSES = 25
LEGEND_CLASSES = 10
# More rows cannot be read, and more curves look alike.
MATRIX_CLASSES, WORST_CLASSES = 60, 24
SCORED_CLASSES = 40


def confusion_matrix(report: Report) -> Figure:
    """Rows: true class, shares of its images in percent; columns: the answer.

    Of very many classes, their parents or those that are confused most.
    """
    groups = class_groups(report, MATRIX_CLASSES)
    groups = groups or most_confused_classes(report, WORST_CLASSES)
    labels = [shortened(name) for name in groups.names]
    cells = report.test.confusion
    # The last column takes the answers that are left out, the last row their images.
    counts = np.zeros((len(labels) + 1, len(labels) + 1))
    np.add.at(counts, (groups.of[list(cells.truth)], groups.of[list(cells.answer)]), cells.images)
    images = counts.sum(axis=1, keepdims=True)[:-1]
    counts = counts[:-1, :-1]
    percent = np.full_like(counts, np.nan)
    np.divide(100 * counts, images, out=percent, where=images > 0)
    side = min(3 + 0.42 * len(labels), 11)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    axes.set_facecolor("#e5e7eb")
    axes.imshow(percent, cmap="Blues", vmin=0, vmax=100)
    size = min(9, max(3.5, 250 / len(labels)))
    axes.set_xticks(range(len(labels)), labels, rotation=90, fontsize=size)
    axes.set_yticks(range(len(labels)), labels, fontsize=size)
    axes.set(xlabel="answer", ylabel="truth", title=f"% of each true {groups.title}")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    if len(labels) <= NUMBERED_CLASSES:
        _write_cells(axes, percent)
    return figure


def _write_cells(axes: Axes, percent: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> None:
    size = 9 if len(percent) <= 12 else 7
    for row, column in np.argwhere(percent > 0):
        value = percent[row, column]
        colour = "white" if value > 50 else INK
        text = f"{value:.1f}" if value < 10 else f"{value:.0f}"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=size)


def class_scores(report: Report) -> Figure:
    """Precision, recall and F1 of each class that has images, the best F1 at the top; of very many
    those with the lowest F1."""
    every = [scores for scores in report.test.classes if scores.f1 is not None]
    every.sort(key=lambda scores: scores.f1 or 0)
    measured = every[:SCORED_CLASSES]
    rows = np.arange(len(measured))
    figure = Figure(figsize=(9, min(1.2 + 0.24 * len(measured), 16)), layout="constrained")
    axes = figure.subplots()
    precision = [scores.precision or 0 for scores in measured]
    recall = [scores.recall or 0 for scores in measured]
    axes.hlines(rows, np.minimum(precision, recall), np.maximum(precision, recall), color=FAINT)
    axes.scatter(precision, rows, color=ORANGE, label="precision", s=28, zorder=3)
    axes.scatter(recall, rows, color=GREEN, label="recall", s=28, zorder=3)
    axes.scatter([s.f1 or 0 for s in measured], rows, color=BLUE, label="F1", s=28, zorder=4)
    names = [f"{shortened(scores.label)} ({scores.images:,})" for scores in measured]
    axes.set_yticks(rows, names, fontsize=9 if len(names) <= 40 else 6)
    axes.set_ylim(-0.7, len(measured) - 0.3)
    axes.set_xlim(right=1.01)
    if len(measured) < len(every):
        axes.set_xlabel(f"the {len(measured)} classes with the lowest F1, of {len(every):,}")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)
    return figure


def score_curves(report: Report) -> Figure | None:
    """ROC and precision-recall, one class against the rest."""
    curves = report.findings.curves
    if curves.roc is None or curves.precision_recall is None:
        return None
    figure = Figure(figsize=(9.6, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_curves(left, curves.roc)
    left.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=":")
    left.set(xlabel="false positive rate", ylabel="true positive rate", title="ROC")
    left.legend(loc="lower right", fontsize=7.5, title="area", title_fontsize=8)
    _draw_curves(right, curves.precision_recall)
    right.set(xlabel="recall", ylabel="precision", title="Precision-recall")
    right.legend(loc="lower left", fontsize=7.5, title="average precision", title_fontsize=8)
    return figure


def _draw_curves(axes: Axes, curves: CurveSet) -> None:
    """The weakest classes, `SCORED_CLASSES` at most; `LEGEND_CLASSES` of them are named."""
    weakest = sorted(curves.classes, key=lambda one: one.curve.area)[:SCORED_CLASSES]
    drawn = [one for one in curves.classes if one in weakest]
    for one, colour in zip(drawn, class_colours(len(drawn)), strict=True):
        named = one in weakest[:LEGEND_CLASSES]
        axes.plot(
            one.curve.x,
            one.curve.y,
            color=colour,
            linewidth=1.1,
            alpha=0.9 if named else 0.35,
            label=f"{shortened(one.label)} {one.curve.area:.3f}" if named else None,
        )
    for name, curve, style in (("micro", curves.micro, "-"), ("macro", curves.macro, "--")):
        label = f"{name} average {curve.area:.3f}"
        axes.plot(curve.x, curve.y, color=INK, linestyle=style, label=label)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
