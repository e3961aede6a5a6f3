"""How every plot looks, and how it becomes a small PNG or an SVG. No display and no pyplot is
needed."""

import io
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from PIL import Image

Results = TypeVar("Results")
Plots = Mapping[str, Callable[[Results], Figure | None]]
"""What draws each plot of some results; None where they have no data for it."""

BLUE, ORANGE, GREEN, RED = "#2563eb", "#e8770a", "#15803d", "#c81e1e"
INK, FAINT = "#1f2937", "#9ca3af"
DPI = 100

# Class names may be Korean, Chinese or Japanese, which matplotlib's own font cannot write.
_CJK_FONTS = (
    "Noto Sans CJK KR",
    "Noto Sans KR",
    "NanumGothic",
    "Apple SD Gothic Neo",
    "AppleGothic",
    "Malgun Gothic",
    "Noto Sans CJK JP",
)
_STYLE: dict[Any, Any] = {
    "font.size": 10,
    "text.color": INK,
    # A dollar sign in a class name does not start a formula.
    "text.parse_math": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e5e7eb",
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
    # Ids in an SVG depend on its content, not on chance.
    "svg.hashsalt": "visionflow",
}


@contextmanager
def plot_style() -> Iterator[None]:
    """Within this, figures are made and rendered in VisionFlow's style."""
    with mpl.rc_context({**_STYLE, "font.family": list(_fonts())}), warnings.catch_warnings():
        # Where no font has a character, a box is drawn: better than no plot.
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from", UserWarning)
        yield


@cache
def _fonts() -> tuple[str, ...]:
    installed = {font.name for font in fontManager.ttflist}
    return "DejaVu Sans", *[name for name in _CJK_FONTS if name in installed][:1]


def write_plots(plots: Plots[Results], results: Results, folder: Path) -> dict[str, bytes]:
    """Draw ``plots`` of ``results`` as PNG files into ``folder``; what was drawn, by name.

    An older file of a plot that ``results`` have no data for is removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {}
    with plot_style():
        for name, draw in plots.items():
            file = folder / f"{name}.png"
            if (figure := draw(results)) is None:
                file.unlink(missing_ok=True)
            else:
                drawn[name] = to_png(figure)
                file.write_bytes(drawn[name])
    return drawn


def to_png(figure: Figure) -> bytes:
    """The figure with a palette of 256 colours: a third of the size, and the same to the eye."""
    # Not by `savefig`, which draws twice where a layout is computed.
    figure.set_dpi(DPI)
    canvas: Any = FigureCanvasAgg(figure)  # whose methods have no types
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())
    palette = Image.fromarray(pixels).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small = io.BytesIO()
    palette.save(small, "PNG", optimize=True)
    return small.getvalue()


def to_svg(figure: Figure) -> bytes:
    """The figure with its text as outlines, which look the same where the font is missing."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()


def class_colours(count: int) -> list[tuple[float, ...]]:
    """``count`` colours that differ as much as possible."""
    if count <= 20:
        return list(mpl.colormaps["tab10" if count <= 10 else "tab20"].colors)[:count]  # type: ignore[attr-defined]
    return [tuple(mpl.colormaps["turbo"](place)) for place in np.linspace(0.03, 0.97, count)]


def shortened(label: str, length: int = 18) -> str:
    """``label`` with its end cut off where it would not fit."""
    return label if len(label) <= length else label[: length - 1] + "…"
