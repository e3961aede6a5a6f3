"""`compare.html`: runs side by side as one page that needs nothing beside it."""

from pathlib import Path

from training.compare.comparison import Comparison
from training.compare.plots import COMPARE_PLOTS
from training.report.page import environment
from training.report.plot_style import write_plots
from training.results.data_url import file_url

PAGE_FILE = "compare.html"


def draw_comparison(comparison: Comparison, folder: Path) -> None:
    """Write the plots, below ``plots``, and `PAGE_FILE` into ``folder``."""
    plots = write_plots(COMPARE_PLOTS, comparison, folder / "plots")
    page = (
        environment(Path(__file__).parent)
        .get_template("compare.html.j2")
        .render(
            comparison=comparison,
            plots={name: file_url(content, "PNG") for name, content in plots.items()},
        )
    )
    (folder / PAGE_FILE).write_text(page, encoding="utf-8")
