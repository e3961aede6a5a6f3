"""How a search went: its results in order, and which fields they depend on."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from training.report.plot_style import BLUE, FAINT, GREEN, ORANGE, RED, Plots
from training.tune.outcome import TrialState, TuneReport

_COLOURS: dict[TrialState, str] = {
    "complete": BLUE,
    "pruned": ORANGE,
    "diverged": RED,
    "interrupted": FAINT,
    "failed": FAINT,
}


def search_history(report: TuneReport) -> Figure:
    """Validation top-1 of each trial, by how it ended, and the best so far."""
    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axes = figure.subplots()
    for state, colour in _COLOURS.items():
        numbers, top1 = _results(report, state)
        if numbers:
            axes.scatter(numbers, top1, color=colour, s=24, label=state)
    numbers, top1 = _results(report, "complete")
    best = np.maximum.accumulate(top1)
    axes.step(numbers, best, where="post", color=GREEN, label="best so far")
    axes.set(xlabel="trial", title=f"{report.name}: validation top-1 of each trial")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter("{x:.1%}")
    axes.legend(loc="lower right")
    return figure


def _results(report: TuneReport, state: TrialState) -> tuple[list[int], list[float]]:
    """Numbers and top-1 of the trials that ended in ``state`` with at least one epoch."""
    found = [(t.number, t.top1) for t in report.trials if t.state == state and t.top1 is not None]
    return [number for number, _ in found], [top1 for _, top1 in found]


def importance(report: TuneReport) -> Figure:
    """A bar for each field, the most important on top."""
    bars = sorted(report.importance.items(), key=lambda item: item[1])
    figure = Figure(figsize=(7, 1.4 + 0.4 * len(bars)), layout="constrained")
    axes = figure.subplots()
    axes.set_title("Importance of the fields")
    if not bars:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "not known from these trials", ha="center", va="center")
        return figure
    drawn = axes.barh([field for field, _ in bars], [share for _, share in bars], color=BLUE)
    axes.bar_label(drawn, fmt="{:.0%}", padding=3)
    axes.set_xlim(0, 1.1)
    axes.xaxis.set_major_formatter("{x:.0%}")
    return figure


SEARCH_PLOTS: Plots[TuneReport] = {
    "history": search_history,
    "importance": importance,
}
