"""The images that a run was made from."""

from matplotlib.figure import Figure

from training.report.plot_style import BLUE
from training.results.groups import size_range
from training.results.report import Report


def group_sizes(report: Report) -> Figure:
    """How many images lie in groups of each size, and how many groups these are."""
    sizes = report.data.groups.sizes
    figure = Figure(figsize=(min(2.5 + 0.8 * len(sizes), 9), 2.8), layout="constrained")
    axes = figure.subplots()
    bars = axes.bar(
        [size_range(size) for size in sizes], [size.images for size in sizes], color=BLUE
    )
    axes.bar_label(bars, [f"{size.groups:,}" for size in sizes], fontsize=8)
    axes.set(xlabel="images in the group", ylabel="images", title="Groups by size")
    axes.grid(visible=False, axis="x")
    axes.margins(y=0.12)
    return figure
