"""The course of the training."""

from collections.abc import Sequence
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.report.plot_style import BLUE, FAINT, GREEN, ORANGE
from training.results.history import EpochRecord
from training.results.report import Report


def learning_curves(report: Report) -> Figure | None:
    """Loss and top-1 over epochs, training beside validation; phases apart, the best one marked."""
    if not report.history:
        return None
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    loss, top1 = figure.subplots(1, 2)
    draw_course(report.history, loss, top1)
    for axes, title in ((loss, "Loss (cross-entropy, nats)"), (top1, "Top-1")):
        axes.axvline(report.best_epoch, color=GREEN, linewidth=1, linestyle="--", label="kept")
        axes.set(xlabel="epoch", title=title)
        axes.xaxis.get_major_locator().set_params(integer=True)
        _mark_phases(axes, report)
    top1.yaxis.set_major_formatter("{x:.0%}")
    loss.legend(loc="upper right")
    return figure


def draw_course(history: Sequence[EpochRecord], loss: Axes, top1: Axes) -> None:
    """The figures of every epoch, training beside validation."""
    epochs = [record.epoch for record in history]
    # A single epoch would be a line without length.
    marker = "o" if len(history) == 1 else ""
    for axes, train, validation in (
        (loss, [r.train_loss for r in history], [r.validation_loss for r in history]),
        (top1, [r.train_top1 for r in history], [r.validation_top1 for r in history]),
    ):
        axes.plot(epochs, train, label="training", color=ORANGE, marker=marker)
        axes.plot(epochs, validation, label="validation", color=BLUE, marker=marker)


def _mark_phases(axes: Axes, report: Report) -> None:
    for before, after in pairwise(report.history):
        if before.phase != after.phase:
            axes.axvline(after.epoch - 0.5, color=FAINT, linewidth=1)
            axes.annotate(
                f"{after.phase} →",
                (after.epoch - 0.5, 0.02),
                xycoords=("data", "axes fraction"),
                xytext=(3, 0),
                textcoords="offset points",
                fontsize=8,
                color=FAINT,
            )
