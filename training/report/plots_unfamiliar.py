"""Plots of familiarity: a model's own images against strangers."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.report.plot_style import BLUE, FAINT, INK, class_colours
from training.results.report import Report
from training.results.unknown import Unfamiliar


def familiarity(report: Report) -> Figure | None:
    """How familiar own and strange images are, with the threshold; ROC of each set of strangers."""
    unfamiliar = report.unfamiliar
    if unfamiliar is None:
        return None
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.35, 1])
    _draw_histogram(left, unfamiliar)
    _draw_roc(right, unfamiliar)
    return figure


def _draw_histogram(axes: Axes, unfamiliar: Unfamiliar) -> None:
    histogram = unfamiliar.histogram
    axes.stairs(histogram.own, histogram.edges, color=BLUE, alpha=0.35, fill=True, label="own")
    colours = class_colours(len(histogram.strangers) + 1)[1:]
    for one, colour in zip(histogram.strangers, colours, strict=True):
        axes.stairs(one.shares, histogram.edges, color=colour, linewidth=1.4, label=one.name)
    axes.axvline(unfamiliar.threshold, color=INK, linewidth=1, linestyle="--", label="threshold")
    axes.set(xlabel="familiarity", ylabel="share of the set", title="Own test images and strangers")
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.legend(loc="upper right")


def _draw_roc(axes: Axes, unfamiliar: Unfamiliar) -> None:
    colours = class_colours(len(unfamiliar.strangers) + 1)[1:]
    for one, colour in zip(unfamiliar.strangers, colours, strict=True):
        axes.plot(one.curve.x, one.curve.y, color=colour, label=f"{one.name}: {one.auroc:.3f}")
    axes.plot([0, 1], [0, 1], color=FAINT, linestyle="--", linewidth=1)
    axes.set(
        xlabel="share of strangers that pass",
        ylabel="share of own images that pass",
        title="ROC with its area",
        xlim=(-0.02, 1.02),
        ylim=(-0.02, 1.02),
    )
    if unfamiliar.strangers:
        axes.legend(loc="lower right")
