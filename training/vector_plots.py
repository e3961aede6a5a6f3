"""The plots of a finished run, a comparison or a search again, as SVG: for papers and slides.

All that they need lies in the JSON beside the PNG files.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from matplotlib.figure import Figure

from training.compare import compare
from training.compare.comparison import Comparison
from training.compare.plots import COMPARE_PLOTS
from training.errors import TrainingError
from training.export.artifact import REPORT_FILE
from training.report.plot_style import Plots, Results, plot_style, to_svg
from training.report.plots import PLOTS
from training.results.report import Report
from training.tune.outcome import RESULT_FILE, TuneReport
from training.tune.plots import SEARCH_PLOTS
from visionflow.errors import ConfigError

Figures = Callable[[bytes], Iterator[tuple[str, Figure]]]


def draw_vector_plots(folder: Path, out: Path) -> list[Path]:
    """Write every plot that ``folder`` has data for into ``out``; the files. Images in them stay
    pixels.

    Raises `TrainingError` where ``folder`` has no results, `ConfigError` for those of another
    version of VisionFlow.
    """
    name = next((name for name in _RESULTS if (folder / name).is_file()), None)
    if name is None:
        raise TrainingError(
            f"{folder}: none of {', '.join(_RESULTS)} is here; name the folder of a finished run, "
            "of a comparison or of a search."
        )
    out.mkdir(parents=True, exist_ok=True)
    files = []
    try:
        with plot_style():
            for plot, figure in _RESULTS[name]((folder / name).read_bytes()):
                files.append(out / f"{plot}.svg")
                files[-1].write_bytes(to_svg(figure))
    except ConfigError as error:
        raise ConfigError(f"{folder / name}: {error}") from error
    return files


def _figures(parse: Callable[[bytes], Results], plots: Plots[Results]) -> Figures:
    """From the content of a file to its plots."""

    def figures(content: bytes) -> Iterator[tuple[str, Figure]]:
        results = parse(content)
        for name, draw in plots.items():
            if (figure := draw(results)) is not None:
                yield name, figure

    return figures


_RESULTS: dict[str, Figures] = {
    REPORT_FILE: _figures(Report.parse, PLOTS),
    compare.RESULT_FILE: _figures(Comparison.parse, COMPARE_PLOTS),
    RESULT_FILE: _figures(TuneReport.parse, SEARCH_PLOTS),
}
