"""Plots of calibration, and of the cost and gain of `unknown`."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.report.plot_style import BLUE, FAINT, ORANGE, RED
from training.results.findings import Reliability, ReliabilityBin, merged_bins
from training.results.report import Report


def reliability_diagram(report: Report) -> Figure:
    """Accuracy over confidence, before and after temperature scaling, with the answers' number."""
    calibration = report.findings.calibration
    figure = Figure(figsize=(9, 4.4), layout="constrained")
    (left, right), (left_counts, right_counts) = figure.subplots(
        2, 2, sharex=True, height_ratios=[4, 1]
    )
    for upper, lower, reliability, name in (
        (left, left_counts, calibration.before, "as trained"),
        (right, right_counts, calibration.after, f"at temperature {calibration.temperature:.2f}"),
    ):
        _draw_reliability(upper, reliability)
        upper.set_title(f"{name}: ECE {reliability.ece:.3f}")
        bins = merged_bins(reliability.bins)
        _draw_bins(lower, bins, [one.images for one in bins], color=FAINT)
        for one in bins:
            middle = (one.low + one.high) / 2, one.images
            lower.annotate(str(one.images), middle, ha="center", va="bottom", fontsize=7)
        lower.margins(y=0.35)
        lower.set(xlabel="confidence", ylabel="images")
    left.set_ylabel("accuracy")
    left.legend(loc="upper left")
    return figure


def _draw_reliability(axes: Axes, reliability: Reliability) -> None:
    bins = merged_bins(reliability.bins)
    accuracy = [one.accuracy for one in bins]
    _draw_bins(axes, bins, accuracy, color=BLUE, alpha=0.75, label="right")
    axes.plot(
        [one.confidence for one in bins],
        accuracy,
        color=ORANGE,
        marker="o",
        markersize=4,
        linewidth=1.2,
        label="at the mean confidence",
    )
    axes.plot([0, 1], [0, 1], color=FAINT, linestyle="--", linewidth=1, label="ideal")
    axes.set(xlim=(0, 1), ylim=(0, 1.02))


def _draw_bins(
    axes: Axes, bins: Sequence[ReliabilityBin], heights: Sequence[float], **style: Any
) -> None:
    left, width = [one.low for one in bins], [one.high - one.low for one in bins]
    axes.bar(left, heights, width, align="edge", edgecolor="white", **style)


def coverage_accuracy(report: Report) -> Figure:
    """What is right among the answers that are kept as the threshold for `unknown` rises."""
    calibration, test = report.findings.calibration, report.test
    curve = calibration.coverage
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    axes = figure.subplots()
    axes.plot(curve.coverage, curve.accuracy, color=BLUE)
    if test.known:
        axes.scatter([test.known], [test.known_top1], color=RED, zorder=3)
        # English, like the axes; the page says the rest in both languages.
        chosen = f"confidence from {calibration.unknown_threshold:.2f} on, and familiar: "
        axes.annotate(
            f"{'' if report.never_unsure else chosen}"
            f"{test.known:.1%} answered, "
            f"{test.known_top1:.1%} of them right",
            (test.known, test.known_top1),
            xytext=(-6, -8),
            textcoords="offset points",
            ha="right",
            va="top",
            color=RED,
            fontsize=9,
        )
    axes.set(xlabel="share answered (the rest is “unknown”)", ylabel="accuracy of these")
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.yaxis.set_major_formatter("{x:.1%}")
    axes.margins(y=0.2)
    axes.set_ylim(top=1.005)
    return figure
