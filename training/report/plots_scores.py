"""Scores of the test images: confusion matrix, scores per class, ROC and precision-recall."""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.report.plot_style import BLUE, FAINT, GREEN, INK, ORANGE, class_colours, shortened
from training.results.findings import CurveSet
from training.results.report import Report
from visionflow.models.label_tree import LabelTree

Float64Array = npt.NDArray[np.float64]

# With more classes numbers in the cells cannot be read, and drawing them takes seconds.
NUMBERED_CLASSES = 25
# The names of more cannot be read.
MOST_NAMED = 80
LEGEND_CLASSES = 10


def confusion_matrix(report: Report) -> Figure:
    """Rows: true class, shares of its images in percent; columns: the answer.

    Of more than `MOST_NAMED` classes, the deepest level of their parents that has no more; without
    parents, a matrix without names.
    """
    labels = [scores.label for scores in report.test.classes]
    counts = np.array(report.test.confusion, np.float64)
    labels, counts = _at_a_readable_level(report, labels, counts)
    images = counts.sum(axis=1, keepdims=True)
    percent = np.full_like(counts, np.nan)
    np.divide(100 * counts, images, out=percent, where=images > 0)
    side = min(3 + 0.42 * len(labels), 11)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    axes.set_facecolor("#e5e7eb")
    axes.imshow(percent, cmap="Blues", vmin=0, vmax=100)
    size = min(9, max(3.5, 250 / len(labels)))
    if len(labels) <= MOST_NAMED:
        names = list(map(shortened, labels))
        axes.set_xticks(range(len(names)), names, rotation=90, fontsize=size)
        axes.set_yticks(range(len(names)), names, fontsize=size)
    axes.set(xlabel="answer", ylabel="truth", title="% of each true class")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    if len(labels) <= NUMBERED_CLASSES:
        _write_cells(axes, percent)
    return figure


def _at_a_readable_level(
    report: Report, labels: list[str], counts: Float64Array
) -> tuple[list[str], Float64Array]:
    if len(labels) <= MOST_NAMED or report.levels is None:
        return labels, counts
    few = [one.level for one in report.levels.levels if one.names <= MOST_NAMED]
    if not few:
        return labels, counts
    tree = LabelTree(report.tree[: len(labels)], report.tree[len(labels) :])
    above = [tree.at_level(label, few[-1]) for label in labels]
    names = list(dict.fromkeys(above))
    belongs = np.eye(len(names))[[names.index(name) for name in above]]
    return names, belongs.T @ counts @ belongs


def _write_cells(axes: Axes, percent: Float64Array) -> None:
    size = 9 if len(percent) <= 12 else 7
    for row, column in np.argwhere(percent > 0):
        value = percent[row, column]
        colour = "white" if value > 50 else INK
        text = f"{value:.1f}" if value < 10 else f"{value:.0f}"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=size)


def class_scores(report: Report) -> Figure:
    """Precision, recall and F1 of each class that has images, the best F1 at the top; of more than
    `MOST_NAMED` classes those with the lowest."""
    measured = [scores for scores in report.test.classes if scores.f1 is not None]
    measured.sort(key=lambda scores: scores.f1 or 0)
    everyone = len(measured)
    measured = measured[:MOST_NAMED]
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
    if everyone > len(names):
        axes.set_xlabel(f"the {len(names)} lowest F1 of {everyone:,} classes")
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
    """Every class; of more than `LEGEND_CLASSES` only the weakest are named."""
    colours = class_colours(len(curves.classes))
    weakest = sorted(curves.classes, key=lambda one: one.curve.area)[:LEGEND_CLASSES]
    for one, colour in zip(curves.classes, colours, strict=True):
        named = one in weakest
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
