"""Plots of labels with parents: what is called by a label, what by a parent, and what is right."""

import numpy as np
from matplotlib.figure import Figure

from training.report.plot_style import BLUE, GREEN, INK, ORANGE
from training.results.report import Report


def back_off(report: Report) -> Figure | None:
    """Shares over the threshold, with that of the served model."""
    levels = report.levels
    if levels is None:
        return None
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.subplots()
    thresholds = [point.threshold for point in levels.curve]
    named = [point.leaf + point.parent for point in levels.curve]
    # Nothing is right or wrong where nothing is named.
    right = [
        point.right if share else None for point, share in zip(levels.curve, named, strict=True)
    ]
    for colour, name, shares in (
        (ORANGE, "called a label", [point.leaf for point in levels.curve]),
        (BLUE, "called a label or a parent", named),
        (GREEN, "right, of these", right),
    ):
        axes.plot(thresholds, np.array(shares, np.float64), color=colour, label=name)
    axes.axvline(levels.served.threshold, color=INK, linewidth=1, linestyle="--", label="served")
    axes.set(xlabel="least confidence", ylabel="share of the test images", ylim=(-0.02, 1.02))
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.legend(loc="lower left")
    return figure
