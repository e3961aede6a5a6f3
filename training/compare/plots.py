"""Plots that set several runs side by side."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from training.compare.comparison import ComparedRun, Comparison
from training.report.plot_style import BLUE, FAINT, GREEN, Plots, class_colours, shortened
from training.report.plots_training import draw_course
from training.results.report import Form

_CURVES_IN_A_ROW = 4


def accuracy(comparison: Comparison) -> Figure:
    """Top-1 on test with its 95 % interval, top-1 on validation, macro F1."""
    runs = comparison.runs
    figure = Figure(figsize=(9, 1.6 + 0.5 * len(runs)), layout="constrained")
    axes = figure.subplots()
    rows = np.arange(len(runs))
    for run, row in zip(runs, rows, strict=True):
        interval = run.top1_interval
        axes.hlines(row, interval.low, interval.high, color=BLUE, alpha=0.35, linewidth=7)
    axes.scatter([r.top1 for r in runs], rows, color=BLUE, s=40, label="test top-1 (95 %)")
    axes.scatter([r.validation_top1 for r in runs], rows, color=FAINT, s=28, label="validation")
    axes.scatter([r.macro_f1 for r in runs], rows, color=GREEN, s=28, marker="D", label="macro F1")
    axes.set_yticks(rows, [_label(run, comparison) for run in runs])
    axes.set_ylim(len(runs) - 0.5, -0.5)
    axes.set_title("Accuracy")
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.08), ncols=3)
    return figure


def accuracy_latency(comparison: Comparison) -> Figure:
    """Test top-1 over the latency of what serves; the area of a point grows with its file."""
    figure = Figure(figsize=(9, 4.4), layout="constrained")
    axes = figure.subplots()
    colours = class_colours(len(comparison.runs))
    for run, colour in zip(comparison.runs, colours, strict=True):
        served = run.served_measure
        axes.scatter(
            served.latency_p50_ms,
            run.top1,
            s=min(30 + 12 * served.bytes / 1e6, 1500),
            color=colour,
            alpha=0.7,
            label=f"{_label(run, comparison)} ({run.served}, {served.bytes / 1e6:.1f} MB)",
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(0.1, 0.2)
    axes.set(
        xlabel="latency of one image on one thread, p50 (ms)",
        ylabel="test top-1",
        title="Accuracy against latency: up and left is better",
    )
    axes.yaxis.set_major_formatter("{x:.1%}")
    # Circles of one size: a file of 500 MB would fill the legend.
    legend = figure.legend(loc="outside right upper")
    for handle in legend.legend_handles:
        if isinstance(handle, PathCollection):
            handle.set_sizes([40])
    return figure


def learning_curves(comparison: Comparison) -> Figure:
    """A column for each run, on shared scales: loss above, top-1 below; the kept epoch marked."""
    runs = comparison.runs
    columns = min(len(runs), _CURVES_IN_A_ROW)
    bands = -(-len(runs) // columns)
    figure = Figure(figsize=(max(2.6 * columns, 5), 4.4 * bands), layout="constrained")
    grid = figure.subplots(2 * bands, columns, squeeze=False)
    for place in range(columns * bands):
        band, column = divmod(place, columns)
        loss, top1 = grid[2 * band : 2 * band + 2, column]
        if place < len(runs):
            _draw_course(runs[place], loss, top1)
        else:
            loss.set_visible(False)
            top1.set_visible(False)
    longest = max(len(run.history) for run in runs)
    losses = [max(r.train_loss, r.validation_loss) for run in runs for r in run.history]
    for axes in grid.flat:
        axes.set_xlim(0, longest + 1)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=4))
    for axes in grid[::2].flat:
        axes.set_ylim(0, 1.05 * max(losses, default=1))
    for axes in grid[1::2].flat:
        axes.set_ylim(0, 1.02)
        axes.yaxis.set_major_formatter("{x:.0%}")
        axes.set_xlabel("epoch")
    for axes, text in zip(grid[:, 0], ("loss (nats)", "top-1") * bands, strict=True):
        axes.set_ylabel(text)
    grid[0, 0].legend(loc="upper right", fontsize=8)
    return figure


def _draw_course(run: ComparedRun, loss: Axes, top1: Axes) -> None:
    draw_course(run.history, loss, top1)
    for axes in (loss, top1):
        axes.axvline(run.best_epoch, color=GREEN, linewidth=1, linestyle="--")
    loss.set_title(f"{shortened(run.run, 22)}\n{run.verdict.judgement}", fontsize=9)


def lightening(comparison: Comparison) -> Figure:
    """File size and latency of each run, fp32 beside int8."""
    runs = comparison.runs
    figure = Figure(figsize=(9, 1.6 + 0.6 * len(runs)), layout="constrained")
    size, latency = figure.subplots(1, 2, sharey=True)
    rows = np.arange(len(runs))
    forms: tuple[tuple[Form, str, float], ...] = (("fp32", FAINT, -0.2), ("int8", BLUE, 0.2))
    for form, colour, shift in forms:
        found = [(row, run.measure(form)) for row, run in zip(rows, runs, strict=True)]
        shown = [(row + shift, measure) for row, measure in found if measure is not None]
        places = [place for place, _ in shown]
        for axes, values in (
            (size, [measure.bytes / 1e6 for _, measure in shown]),
            (latency, [measure.latency_p50_ms for _, measure in shown]),
        ):
            drawn = axes.barh(places, values, height=0.38, color=colour, label=form)
            axes.bar_label(drawn, fmt="{:.3g}", padding=3, fontsize=8)
    size.set_yticks(rows, [_label(run, comparison) for run in runs])
    size.invert_yaxis()
    size.set_title("File (MB)")
    latency.set_title("Latency of one image, p50 (ms)")
    for axes in (size, latency):
        axes.margins(x=0.15)
    latency.legend(loc="lower right")
    return figure


COMPARE_PLOTS: Plots[Comparison] = {
    "accuracy": accuracy,
    "accuracy_latency": accuracy_latency,
    "learning_curves": learning_curves,
    "lightening": lightening,
}


def _label(run: ComparedRun, comparison: Comparison) -> str:
    """The run, with the letter of its test images where they differ."""
    name = shortened(run.run, 28)
    return name if comparison.same_test else f"{name} (test set {run.test_set})"
