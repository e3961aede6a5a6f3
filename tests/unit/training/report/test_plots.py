import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from PIL import Image

from training.evaluation.metrics import evaluate
from training.report import plot_style, plots_scores
from training.report.plot_style import plot_style as style
from training.report.plot_style import to_png, write_plots
from training.report.plots import PLOTS
from training.report.plots_training import learning_curves
from training.results.findings import EmbeddingMap
from training.results.report import DataSummary, Report


def labelled(report: Report, labels: tuple[str, ...]) -> Report:
    """``report`` with random scores of the classes ``labels``; the last has no image."""
    count = len(labels)
    generator = np.random.default_rng(0)
    probabilities = generator.dirichlet(np.ones(count), 400).astype(np.float32)
    answered = probabilities.max(axis=1) >= 0.1
    scores = evaluate(probabilities, generator.integers(0, count - 1, 400), labels, answered)
    summary: DataSummary = replace(report.data, labels=labels)
    return replace(report, data=summary, test=scores)


def test_every_plot_is_a_small_image_with_a_palette(
    drawn: tuple[Path, tuple[str, ...]],
) -> None:
    folder, files = drawn
    assert files == (*(f"plots/{name}.png" for name in PLOTS), "report.html")
    assert sorted(f"plots/{path.name}" for path in (folder / "plots").iterdir()) == sorted(
        files[:-1]
    )
    for file in files[:-1]:
        with Image.open(folder / file) as image:
            assert image.mode == "P"
            assert 300 < image.width <= 1100
            # More than a blank page.
            assert len(image.getcolors() or ()) > 8
    assert sum((folder / file).stat().st_size for file in files) < 1_000_000


def test_a_plot_is_drawn_once_and_looks_as_savefig_draws_it(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws = []
    draw = Figure.draw

    def counted(figure: Figure, renderer: RendererBase) -> None:
        draws.append(figure)
        draw(figure, renderer)

    monkeypatch.setattr(Figure, "draw", counted)
    saved = io.BytesIO()
    with style():
        figure, other = learning_curves(report), learning_curves(report)
        assert figure and other
        drawn = to_png(figure)
        assert draws == [figure]
        other.savefig(saved, format="png", dpi=plot_style.DPI)
    with Image.open(io.BytesIO(drawn)) as image, Image.open(saved) as expected:
        # The palette is that of the very pixels.
        assert image.convert("RGB").tobytes() == (
            expected.convert("RGB").quantize(256, dither=Image.Dither.NONE).convert("RGB").tobytes()
        )


def test_names_of_classes_are_no_formulas(report: Report) -> None:
    named = labelled(report, ("$a_$", r"$\\no$", "c", "d"))
    with style():
        assert to_png(plots_scores.confusion_matrix(named))
        assert to_png(plots_scores.class_scores(named))


def test_what_there_is_no_data_for_is_not_drawn_and_an_older_file_of_it_goes(
    report: Report, tmp_path: Path
) -> None:
    older = tmp_path / "plots" / "embedding_map.png"
    older.parent.mkdir()
    older.write_bytes(b"of an older run")
    skipped = EmbeddingMap("too few", (), (), (), ())
    findings = replace(report.findings, embedding_map=skipped, mistakes=(), activations=None)
    without = replace(report, findings=findings, unfamiliar=None)
    drawn = write_plots(PLOTS, without, older.parent)
    assert set(PLOTS) - set(drawn) == {
        "embedding_map",
        "familiarity",
        "mistakes",
        "stage_activations",
    }
    assert not older.exists()


def test_a_single_epoch_is_visible_and_no_epoch_is_no_plot(report: Report) -> None:
    with style():
        figure = learning_curves(replace(report, history=report.history[:1]))
        assert figure and {line.get_marker() for line in figure.axes[0].lines[:2]} == {"o"}
        assert learning_curves(replace(report, history=())) is None


def test_the_phases_of_the_training_are_told_apart(report: Report) -> None:
    with style():
        figure = learning_curves(report)
    assert figure
    assert [text.get_text() for text in figure.axes[0].texts] == ["body →"]


@pytest.mark.parametrize("fonts", ["as installed", "matplotlib's own"])
def test_korean_class_names_are_drawn_without_a_warning(
    report: Report, fonts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fonts != "as installed":
        monkeypatch.setattr(plot_style, "_fonts", lambda: ("DejaVu Sans",))
    with style():
        figure = plots_scores.confusion_matrix(labelled(report, ("강아지", "고양이", "너구리")))
        assert to_png(figure).startswith(b"\x89PNG")


def test_numbers_stand_in_the_cells_of_small_matrices_alone(report: Report) -> None:
    with style():
        small = plots_scores.confusion_matrix(labelled(report, tuple("abc")))
        large = plots_scores.confusion_matrix(labelled(report, tuple(map(str, range(60)))))
    assert small.axes[0].texts
    assert not large.axes[0].texts
    assert max(large.get_size_inches()) <= 11


def test_a_class_without_images_has_no_row_of_zeros(report: Report) -> None:
    with style():
        figure = plots_scores.confusion_matrix(labelled(report, tuple("abc")))
        scores = plots_scores.class_scores(labelled(report, tuple("abc")))
    percent = figure.axes[0].images[0].get_array()
    assert percent is not None
    assert np.ma.getmaskarray(percent)[2].all() and not np.ma.getmaskarray(percent)[:2].any()
    assert len(scores.axes[0].get_yticks()) == 2
