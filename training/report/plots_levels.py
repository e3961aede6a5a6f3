"""Plots of labels with parents: what backing off to a parent gains."""

from matplotlib.figure import Figure

from training.report.plot_style import BLUE, GREEN, INK, ORANGE
from training.results.report import Report


def back_off(report: Report) -> Figure | None:
    """Shares of a label, of a parent and of right answers, as the threshold rises."""
    if report.levels is None:
        return None
    curve, served = report.levels.curve, report.levels.served
    thresholds = [point.threshold for point in curve]
    leaf = [point.leaf for point in curve]
    both = [point.leaf + point.parent for point in curve]
    answered = [(p.threshold, p.right) for p in curve if p.leaf + p.parent > 0]
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    axes = figure.subplots()
    axes.fill_between(thresholds, leaf, color=BLUE, alpha=0.3, label="a label")
    axes.fill_between(thresholds, leaf, both, color=ORANGE, alpha=0.3, label="a parent")
    axes.plot(*zip(*answered, strict=True), color=GREEN, label="right, of the answers")
    axes.axvline(served.threshold, color=INK, linewidth=1, linestyle="--", label="served")
    axes.set(xlabel="threshold of confidence", ylabel="share of the images", xlim=(0, 1))
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.legend(loc="lower left")
    return figure
