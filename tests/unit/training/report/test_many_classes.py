"""Page and plots of a thousand classes, with parents and without."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.training.report.many_classes import CLASSES, of_many_classes
from training.report.class_groups import class_groups, most_confused_classes
from training.report.page import draw, page
from training.report.plot_style import plot_style
from training.report.plots_images import embedding_map
from training.report.plots_scores import class_scores, confusion_matrix, score_curves
from training.results.report import Report
from visionflow.models.label_tree import Label
from visionflow.models.publication import MAX_REPORT_BYTES

PAGE_BYTES = 3_000_000


@pytest.fixture(scope="module")
def large(report: Report) -> Report:
    return of_many_classes(report)


@pytest.fixture(scope="module")
def flat(large: Report) -> Report:
    return replace(large, tree=(), levels=None)


@pytest.fixture(scope="module")
def html(large: Report, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = tmp_path_factory.mktemp("large")
    draw(large, folder)
    return (folder / "report.html").read_text(encoding="utf-8")


def test_the_page_stays_small(html: str) -> None:
    assert len(html.encode()) < PAGE_BYTES


def test_the_report_fits_into_an_answer_of_the_api(large: Report) -> None:
    both = replace(large, validation=large.test)
    assert len(both.to_json().encode()) < MAX_REPORT_BYTES
    assert Report.parse(both.to_json()) == both


def test_the_table_of_classes_is_folded_and_the_worst_come_first(html: str, large: Report) -> None:
    (table,) = re.findall(r"<details>.*?</details>", html, re.DOTALL)
    rows = re.findall(r"<tr><th>(label \d+)</th>", table)
    f1 = {scores.label: scores.f1 for scores in large.test.classes}
    assert len(rows) == CLASSES
    assert [f1[label] for label in rows] == sorted(f1.values(), key=lambda value: value or 0)


def test_few_classes_are_neither_folded_nor_sorted(report: Report) -> None:
    html = page(report, {})
    assert "<details>" not in html
    assert html.index("<tr><th>red</th>") < html.index("<tr><th>green</th>")


def test_a_sentence_names_twenty_classes(html: str) -> None:
    assert "label 019" in html and "and 980 more" in html and "외 980개" in html
    assert "label 019, label 020" not in html


def test_the_matrix_is_of_the_lowest_parents_that_fit(large: Report) -> None:
    groups = class_groups(large, 60)
    assert groups is not None
    assert groups.names == tuple(f"group {i}" for i in range(10))
    assert groups.of[[0, 99, 100, 999]].tolist() == [0, 0, 1, 9]
    families = class_groups(large, 100)
    assert families is not None and len(families.names) == 100
    with plot_style():
        figure = confusion_matrix(large)
    percent = figure.axes[0].images[0].get_array()
    assert percent is not None and percent.shape == (10, 10)
    assert [float(row.sum()) for row in percent] == pytest.approx([100] * 10)


def test_the_largest_parents_are_taken_apart_while_there_is_room(large: Report) -> None:
    labels = large.data.labels
    # The larger half below one parent of ten others, the smaller half below one without any.
    upper = [Label(name, f"part {i // 60}") for i, name in enumerate(labels[:600])]
    lower = [Label(name, "rest") for name in labels[600:]]
    tens = [Label(f"part {i}", "first") for i in range(10)]
    uneven = (*upper, *lower, *tens, Label("first", None), Label("rest", None))
    groups = class_groups(replace(large, tree=uneven), 60)
    assert groups is not None
    assert groups.names == (*(f"part {i}" for i in range(10)), "rest")
    assert groups.of[[0, 60, 599, 600, 999]].tolist() == [0, 1, 9, 10, 10]


def test_without_parents_the_matrix_is_of_the_worst_confusions(flat: Report) -> None:
    assert class_groups(flat, 60) is None
    worst = most_confused_classes(flat, 24)
    assert 2 <= len(worst.names) <= 24
    first = max(
        (
            (images, truth, answer)
            for truth, answer, images in zip(
                flat.test.confusion.truth,
                flat.test.confusion.answer,
                flat.test.confusion.images,
                strict=True,
            )
            if truth != answer
        ),
        key=lambda cell: cell[0],
    )
    assert {flat.data.labels[place] for place in first[1:]} <= set(worst.names)
    with plot_style():
        figure = confusion_matrix(flat)
    assert len(figure.axes[0].get_xticks()) == len(worst.names)


def test_curves_and_scores_are_of_the_weakest_classes(flat: Report) -> None:
    with plot_style():
        scores, curves = class_scores(flat), score_curves(flat)
    assert len(scores.axes[0].get_yticks()) == 40
    assert "of 1,000" in scores.axes[0].get_xlabel()
    assert curves is not None and len(curves.axes[0].lines) < 70


def test_the_map_names_the_parents(large: Report, flat: Report) -> None:
    with plot_style():
        named, unnamed = embedding_map(large), embedding_map(flat)
    assert named is not None and unnamed is not None
    assert {text.get_text() for text in named.axes[0].texts} == {f"group {i}" for i in range(10)}
    assert not unnamed.axes[0].texts
