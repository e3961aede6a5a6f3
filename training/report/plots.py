"""Pictures of a report. Drawn on bare figures: no display, no global state."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from training.evaluation.metrics import Evaluation
from training.fit.history import EpochRecord

LEARNING_CURVES = "plots/learning_curves.png"
CONFUSION = "plots/confusion.png"


def draw_plots(history: tuple[EpochRecord, ...], test: Evaluation, folder: Path) -> tuple[str, ...]:
    """Write every plot below ``folder``; returns their paths relative to it."""
    (folder / "plots").mkdir(exist_ok=True)
    for path, figure in (
        (LEARNING_CURVES, learning_curves(history)),
        (CONFUSION, confusion_matrix(test)),
    ):
        # Without the library's version in it the same figure is the same file.
        figure.savefig(folder / path, dpi=100, metadata={"Software": None})
    return LEARNING_CURVES, CONFUSION


def learning_curves(history: tuple[EpochRecord, ...]) -> Figure:
    """Loss and top-1 over epochs, training (augmented pictures) beside validation."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    loss, top1 = figure.subplots(1, 2)
    epochs = [record.epoch for record in history]
    loss.plot(epochs, [r.train_loss for r in history], label="train, smoothed labels")
    loss.plot(epochs, [r.validation_loss for r in history], label="validation")
    loss.set(xlabel="epoch", ylabel="cross-entropy (nats)")
    top1.plot(epochs, [r.train_top1 for r in history], label="train, augmented")
    top1.plot(epochs, [r.validation_top1 for r in history], label="validation")
    top1.set(xlabel="epoch", ylabel="top-1")
    for axes in (loss, top1):
        axes.grid(alpha=0.3)
        axes.legend()
    return figure


def confusion_matrix(evaluation: Evaluation) -> Figure:
    """Rows: true class, shares of its pictures in percent; columns: the answer."""
    labels = [scores.label for scores in evaluation.classes]
    counts = np.array(evaluation.confusion)
    percent = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 2.5 + 0.5 * len(labels)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(percent, cmap="Blues", vmin=0, vmax=100)
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    axes.set(
        xlabel="answer",
        ylabel="truth",
        title=f"{evaluation.pictures:,} test pictures, {evaluation.top1:.2%} right (rows in %)",
    )
    for (row, column), value in np.ndenumerate(percent):
        colour = "white" if value > 50 else "black"
        axes.text(column, row, f"{value:.1f}", ha="center", va="center", color=colour, fontsize=8)
    return figure
