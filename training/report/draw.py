"""The files that a person reads: plots and page, both made from the report alone."""

from pathlib import Path

from training.report.page import page
from training.report.plots import draw_plots
from training.results.report import Report

PAGE_FILE = "report.html"


def draw(report: Report, folder: Path) -> tuple[str, ...]:
    """Write the plots and `PAGE_FILE` into ``folder``; returns their paths relative to it."""
    plots = draw_plots(report, folder)
    contents = {name: (folder / path).read_bytes() for name, path in plots.items()}
    (folder / PAGE_FILE).write_text(page(report, contents), encoding="utf-8")
    return (*plots.values(), PAGE_FILE)
