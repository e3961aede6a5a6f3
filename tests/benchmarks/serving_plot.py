"""Draws the comparison of `serving`."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure

Found = Mapping[str, Mapping[str, Mapping[int, Mapping[str, float]]]]


def draw(found: Found, target: Path) -> None:
    """One panel for each size of image; a group of bars for each network, on one thread.

    ``found``: milliseconds by network, size, threads and contender.
    """
    sizes = list(next(iter(found.values())))
    contenders = list(next(iter(found.values()))[sizes[0]][1])
    figure = Figure(figsize=(15, 4.6), layout="constrained")
    panels = figure.subplots(1, len(sizes), squeeze=False)[0]
    width = 0.8 / len(contenders)
    for panel, size in zip(panels, sizes, strict=True):
        for i, contender in enumerate(contenders):
            places = [k + (i - (len(contenders) - 1) / 2) * width for k in range(len(found))]
            values = [network[size][1][contender] for network in found.values()]
            panel.bar(places, values, width, label=contender)
        panel.set_yscale("log")
        panel.set_xticks(range(len(found)), found, rotation=20)
        panel.set_title(f"{size} JPEG")
        panel.set_ylabel("ms, bytes to answer")
        panel.grid(axis="y", alpha=0.3)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    figure.savefig(target, dpi=110)
