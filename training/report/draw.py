"""The files that a person reads: plots and page, both made from the report alone."""

from pathlib import Path

from training.report.page import page
from training.report.plot_style import write_plots
from training.report.plots import PLOTS
from training.results.report import Report

PAGE_FILE = "report.html"


def draw(report: Report, folder: Path) -> tuple[str, ...]:
    """Write the plots and `PAGE_FILE` into ``folder``; returns their paths relative to it."""
    plots = write_plots(PLOTS, report, folder / "plots")
    (folder / PAGE_FILE).write_text(page(report, plots), encoding="utf-8")
    return (*(f"plots/{name}.png" for name in plots), PAGE_FILE)
