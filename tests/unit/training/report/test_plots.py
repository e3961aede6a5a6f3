from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.evaluation.metrics import evaluate
from training.evaluation.parents.levels import measure_levels
from training.report import plot_style, plots_scores
from training.report.plot_style import plot_style as style
from training.report.plot_style import to_png, write_plots
from training.report.plots import PLOTS
from training.report.plots_training import learning_curves
from training.results.findings import EmbeddingMap
from training.results.report import DataSummary, Report
from visionflow.models.label_tree import Label, LabelTree


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


def test_the_matrix_of_very_many_classes_is_that_of_their_parents(report: Report) -> None:
    """Nothing of it could be read, and naming them all takes half a minute."""
    names = tuple(f"c{i}" for i in range(120))
    many = labelled(report, names)
    labels = tuple(Label(name, f"p{i // 40}") for i, name in enumerate(names))
    tree = LabelTree(labels, tuple(Label(f"p{i}", None) for i in range(3)))
    targets = np.arange(120)
    probabilities = np.full((120, 120), 1 / 120, np.float32)
    levels = measure_levels(tree, probabilities, targets, 0.5, np.ones(120, bool))
    nested = replace(many, tree=(*tree.labels, *tree.parents), levels=levels)
    with style():
        matrix = plots_scores.confusion_matrix(nested)
        flat = plots_scores.confusion_matrix(replace(many, levels=None, tree=()))
        scores = plots_scores.class_scores(many)
    axes = matrix.axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["p0", "p1", "p2"]
    percent = axes.images[0].get_array()
    assert percent is not None
    np.testing.assert_allclose(percent.sum(axis=1), 100)
    whole = flat.axes[0].images[0].get_array()
    assert whole is not None and whole.shape == (120, 120)
    assert "c0" not in [tick.get_text() for tick in flat.axes[0].get_xticklabels()]
    assert len(scores.axes[0].get_yticks()) == plots_scores.MOST_NAMED
