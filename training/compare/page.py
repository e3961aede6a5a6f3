"""`compare.html`: runs side by side as one page that needs nothing beside it."""

from pathlib import Path

from markupsafe import Markup

from training.compare.comparison import Comparison
from training.compare.plots import COMPARE_PLOTS
from training.report.data_url import file_url
from training.report.page import environment
from training.report.plot_style import plot_style, to_png

PAGE_FILE = "compare.html"
_CSS = Path(__file__).parents[1] / "report" / "page.css"


def draw_comparison(comparison: Comparison, folder: Path) -> None:
    """Write the plots, below ``plots``, and `PAGE_FILE` into ``folder``."""
    (folder / "plots").mkdir(exist_ok=True)
    plots = {}
    with plot_style():
        for name, draw in COMPARE_PLOTS.items():
            plots[name] = to_png(draw(comparison))
            (folder / "plots" / f"{name}.png").write_bytes(plots[name])
    page = (
        environment()
        .get_template("compare.html.j2")
        .render(
            comparison=comparison,
            css=Markup(_CSS.read_text(encoding="utf-8")),  # noqa: S704
            plots={name: file_url(content, "PNG") for name, content in plots.items()},
        )
    )
    (folder / PAGE_FILE).write_text(page, encoding="utf-8")
