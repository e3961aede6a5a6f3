"""Plots made of images: the map of embeddings, mistakes, activation maps, stages."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.report.class_groups import class_groups
from training.report.overlay import heat_overlay, resized
from training.report.plot_style import DPI, GREEN, INK, RED, class_colours, shortened
from training.results.data_url import pixels_of
from training.results.findings import COLUMNS, ROWS, ExplainedImage, ImageAnswer
from training.results.report import Report
from visionflow.images.pipeline import UInt8Array

TILE = 96
_GAP, _CAPTION = 8, 34
_NAMED_CLASSES = 25


def embedding_map(report: Report) -> Figure | None:
    """t-SNE: a point for each image, coloured by its class, of many by its parent; wrong answers
    wear a ring."""
    points = report.findings.embedding_map
    if points.skipped is not None:
        return None
    figure = Figure(figsize=(9, 6.4), layout="constrained")
    axes = figure.subplots()
    x, y = np.array(points.x), np.array(points.y)
    truth, answer = np.array(points.truth), np.array(points.answer)
    groups = class_groups(report, _NAMED_CLASSES)
    place = np.arange(len(report.data.labels)) if groups is None else groups.of
    colours = np.array([colour[:3] for colour in class_colours(int(place.max()) + 1)])
    axes.scatter(x, y, c=colours[place[truth]], s=16, linewidths=0)
    wrong = truth != answer
    axes.scatter(
        x[wrong], y[wrong], s=46, facecolors="none", edgecolors=RED, linewidths=1.1, label="wrong"
    )
    if groups is not None:
        for group in np.unique(place[truth]):
            members = place[truth] == group
            axes.text(
                np.median(x[members]),
                np.median(y[members]),
                shortened(groups.names[group]),
                ha="center",
                fontsize=9,
                fontweight="bold",
                bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 1.5},
            )
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    if wrong.any():
        axes.legend(loc="upper right")
    return figure


def mistakes(report: Report) -> Figure | None:
    """The gallery of the most confident wrong answers."""
    return _sheet([[_answered(one)] for one in report.findings.mistakes], columns=6)


def right_answers(report: Report) -> Figure | None:
    """The image, and where the evidence for the answer lies."""
    return _sheet([_explained(one) for one in report.findings.right], columns=3)


def wrong_answers(report: Report) -> Figure | None:
    """The image, where the evidence for the answer lies, and where that for the true class."""
    return _sheet([_explained(one) for one in report.findings.wrong], columns=2)


def stage_activations(report: Report) -> Figure | None:
    """One image, and the liveliest channels of each stage of the network on it."""
    activations = report.findings.activations
    if activations is None:
        return None
    left = TILE + 2 * _GAP
    grid_width, grid_height = 5 * TILE, 5 * TILE * ROWS // COLUMNS
    step = grid_height + 26
    figure, axes = _canvas(left + grid_width + _GAP, len(activations.stages) * step + _GAP)
    _place(axes, _square(activations.image), _GAP, _GAP)
    _caption(axes, _answered(activations.image), _GAP, _GAP + TILE)
    for row, stage in enumerate(activations.stages):
        top = row * step + 20
        grid = pixels_of(stage.grid)
        # Fewer channels fill only a part of the width, or of the height.
        scale = min(grid_width / grid.shape[1], grid_height / grid.shape[0])
        _place(axes, grid, left, top, scale)
        title = f"{stage.stage}: {stage.channels} maps of {stage.height} x {stage.width}"
        axes.text(left, top - 4, title, fontsize=8, va="bottom")
    return figure


@dataclass(frozen=True, eq=False)
class _Tile:
    pixels: UInt8Array
    caption: str
    colour: str


def _answered(answer: ImageAnswer) -> _Tile:
    right = answer.truth == answer.answer
    caption = f"{shortened(answer.answer, 14)} {answer.confidence:.0%}"
    if not right:
        caption += f"\nis {shortened(answer.truth, 16)}"
    return _Tile(_square(answer), caption, GREEN if right else RED)


def _explained(explained: ExplainedImage) -> list[_Tile]:
    pixels = pixels_of(explained.image.image)
    maps = [
        _Tile(heat_overlay(pixels, one.values, TILE), f"for {shortened(one.label, 14)}", INK)
        for one in explained.maps
    ]
    return [_answered(explained.image), *maps]


def _sheet(rows: Sequence[Sequence[_Tile]], columns: int) -> Figure | None:
    """Groups of tiles that belong together, ``columns`` groups side by side."""
    if not rows:
        return None
    group_width = max(len(tiles) for tiles in rows) * (TILE + _GAP) + _GAP
    columns = min(columns, len(rows))
    step = TILE + _CAPTION
    figure, axes = _canvas(columns * group_width + _GAP, -(-len(rows) // columns) * step + _GAP)
    for place, tiles in enumerate(rows):
        top = _GAP + step * (place // columns)
        for i, tile in enumerate(tiles):
            left = _GAP + group_width * (place % columns) + i * (TILE + _GAP)
            _place(axes, tile.pixels, left, top)
            _caption(axes, tile, left, top + TILE)
    return figure


def _canvas(width: int, height: int) -> tuple[Figure, Axes]:
    """A figure whose coordinates are its pixels, from the top left."""
    figure = Figure(figsize=(width / DPI, height / DPI))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    return figure, axes


def _place(axes: Axes, pixels: UInt8Array, left: int, top: int, scale: float = 1) -> None:
    height, width = scale * pixels.shape[0], scale * pixels.shape[1]
    axes.imshow(
        pixels,
        extent=(left, left + width, top + height, top),
        interpolation="nearest",
        cmap="gray",
        vmin=0,
        vmax=255,
    )
    axes.set_aspect("auto")


def _caption(axes: Axes, tile: _Tile, left: int, top: int) -> None:
    axes.text(left, top + 4, tile.caption, fontsize=7.5, va="top", color=tile.colour)


def _square(answer: ImageAnswer) -> UInt8Array:
    return resized(pixels_of(answer.image), TILE)
