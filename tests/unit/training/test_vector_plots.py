"""Finished results drawn again as SVG."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from infra.cli.main import main
from training.compare.comparison import comparison_of
from training.compare.plots import COMPARE_PLOTS
from training.report.plots import PLOTS
from training.results.report import Report
from training.tune.outcome import TrialRecord, TuneReport
from training.tune.plots import SEARCH_PLOTS
from training.vector_plots import draw_vector_plots
from visionflow.errors import ConfigError


def search() -> TuneReport:
    trials = tuple(
        TrialRecord(number, "complete", 0.5 + number / 10, 3, 1.0, {"seed": number})
        for number in range(3)
    )
    return TuneReport("colours", 2, 0.7, {"seed": 2}, {"seed": 1.0}, trials)


@pytest.mark.parametrize(
    ("file", "plots"),
    [("report.json", PLOTS), ("compare.json", COMPARE_PLOTS), ("tune.json", SEARCH_PLOTS)],
)
def test_every_plot_becomes_an_svg_that_is_whole_in_itself(
    report: Report,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    file: str,
    plots: Iterable[str],
) -> None:
    texts = {
        "report.json": report.to_json,
        "compare.json": comparison_of([("a", report), ("b", report)]).to_json,
        "tune.json": search().to_json,
    }
    (tmp_path / file).write_text(texts[file](), encoding="utf-8")
    out = tmp_path / "out"
    assert main(["plots", str(tmp_path), "--out", str(out)]) == 0
    drawn = [out / f"{name}.svg" for name in plots]
    assert capsys.readouterr().out.split() == list(map(str, drawn))
    for path in drawn:
        text = path.read_text(encoding="utf-8")
        assert text.startswith("<?xml")
        assert text.endswith("</svg>\n")
        links = re.findall(r'href="([^"]{,22})', text)
        assert links
        assert all(link.startswith("#") or link == "data:image/png;base64," for link in links)


def test_the_same_results_give_the_same_files(tmp_path: Path) -> None:
    (tmp_path / "tune.json").write_text(search().to_json(), encoding="utf-8")
    first, second = (
        [file.read_bytes() for file in draw_vector_plots(tmp_path, tmp_path / out)]
        for out in ("first", "second")
    )
    assert first == second


def test_a_folder_without_results_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plots", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert "none of report.json, compare.json, tune.json" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    (tmp_path / "tune.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"tune\.json: "):
        draw_vector_plots(tmp_path, tmp_path / "out")
