"""Runs side by side: what may be compared, and what is said about it."""

import argparse
import json
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.cli.main import main
from training.cli import runs
from training.compare.compare import RESULT_FILE, compare
from training.compare.comparison import Comparison, comparison_of
from training.compare.page import PAGE_FILE
from training.compare.plots import COMPARE_PLOTS
from training.errors import TrainingError
from training.results.report import Report
from training.results.scores import Interval
from visionflow.errors import ConfigError

Writer = Callable[..., Path]


@pytest.fixture
def write_run(report: Report, tmp_path: Path) -> Writer:
    """Write the report of a run, changed, into a folder of its own; returns the folder."""

    def write(name: str, **changes: Any) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        text = replace(report, **changes).to_json()
        (folder / "report.json").write_text(text, encoding="utf-8")
        return folder

    return write


def other_images(report: Report, part: str) -> Any:
    """The report's data with other images in one part."""
    changed = replace(getattr(report.data, part), sha256="ef" * 32)
    sha256 = report.data.sha256 if part == "test" else "ef" * 32
    return replace(report.data, sha256=sha256, **{part: changed})


def test_top_5_is_a_column_only_where_a_run_has_more_than_five_classes(
    report: Report, write_run: Writer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = write_run("few")
    comparison = compare([few, write_run("few2")])
    assert not comparison.tells_top5
    assert not any("TOP-5" in row for row in list(runs._run_rows(comparison))[:1])
    more = replace(report.test, classes=report.test.classes * 2)
    both = compare([few, write_run("more", test=more)])
    assert [run.top5 for run in both.runs] == [None, report.test.top5]
    head, *rows = runs._run_rows(both)
    place = list(head).index("TOP-5")
    assert [row[place] for row in rows] == ["", f"{report.test.top5:.2%}"]


def test_what_is_compared(report: Report, write_run: Writer) -> None:
    fallback = replace(report.quantization, fallback_reason="int8 lost 2 points")
    config = {"model": {"name": "resnet18"}}
    first = write_run("first")
    second = write_run("second", config=config, served="fp32", quantization=fallback)
    comparison = compare([first, second])
    one, other = comparison.runs
    assert (one.run, one.model, other.run, other.model) == (
        *("first", "residual_cnn"),
        *("second", "resnet18"),
    )
    assert one.top1 == report.test.top1
    assert one.verdict == report.verdict
    assert one.served_measure.bytes == 1_000_000
    # int8 that may not serve is no property of the run.
    assert other.measure("int8") is None
    assert other.served_measure.latency_p50_ms == 2.0
    assert other.fallback_reason == "int8 lost 2 points"
    assert comparison.same_test
    assert comparison.same_training
    assert comparison.same_hardware


@pytest.mark.parametrize(
    ("second", "third", "leaders", "said"),
    [
        ((0.78, 0.72, 0.84), (0.2, 0.1, 0.3), ("one", "two"), "is one of one, two"),
        ((0.78, 0.72, 0.84), (0.7, 0.6, 0.8), ("one", "two", "three"), "no run is better"),
        ((0.2, 0.1, 0.3), (0.2, 0.1, 0.3), ("one",), "one is the best"),
    ],
)
def test_what_overlaps_is_not_ranked(
    report: Report,
    write_run: Writer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    second: tuple[float, float, float],
    third: tuple[float, float, float],
    leaders: tuple[str, ...],
    said: str,
) -> None:
    folders = []
    for name, (top1, *bounds) in (("one", (0.8, 0.75, 0.85)), ("two", second), ("three", third)):
        test = replace(report.test, top1=top1, top1_interval=Interval(*bounds))
        folders.append(write_run(name, test=test))
    assert compare(folders).leaders == leaders
    assert main(["compare", *map(str, folders), "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert said in printed and "75.00% to 85.00%" in printed
    assert printed.splitlines()[-1] == f"Look at {tmp_path / 'out' / PAGE_FILE}."
    assert said in (tmp_path / "out" / PAGE_FILE).read_text(encoding="utf-8")


def test_files_of_a_comparison(write_run: Writer, tmp_path: Path) -> None:
    out = tmp_path / "out"
    comparison = compare([write_run("<first>"), write_run("둘째")], out)
    assert Comparison.parse((out / RESULT_FILE).read_bytes()) == comparison
    for name in COMPARE_PLOTS:
        assert (out / "plots" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    page = (out / PAGE_FILE).read_text(encoding="utf-8")
    assert page.count('<img src="data:image/png;base64,') == len(COMPARE_PLOTS)
    assert "&lt;first&gt;" in page
    assert "<first>" not in page
    assert "둘째" in page
    assert "cannot be compared" not in page


@pytest.mark.parametrize("count", [3, 5])
def test_any_number_of_runs_can_be_drawn(
    report: Report, write_run: Writer, tmp_path: Path, count: int
) -> None:
    one_epoch = report.history[:1]
    runs = [write_run(f"run-{i}") for i in range(count - 1)]
    runs.append(write_run("short", history=one_epoch, best_epoch=1))
    compare(runs, tmp_path / "out")
    assert (tmp_path / "out" / PAGE_FILE).exists()


def test_different_test_images_are_refused_unless_allowed(
    report: Report, write_run: Writer, tmp_path: Path
) -> None:
    runs = [write_run("first"), write_run("second", data=other_images(report, "test"))]
    out = tmp_path / "out"
    with pytest.raises(TrainingError, match=r"different test images \(first: A, second: B\)"):
        compare(runs, out)
    assert not out.exists()
    comparison = compare(runs, out, allow_different_data=True)
    assert not comparison.same_test
    assert [run.test_set for run in comparison.runs] == ["A", "B"]
    assert "Accuracies on different test sets cannot be compared" in (out / PAGE_FILE).read_text(
        encoding="utf-8"
    )


def test_no_plot_of_a_run_is_overwritten(write_run: Writer) -> None:
    runs = [write_run("first"), write_run("second")]
    with pytest.raises(TrainingError, match="is one of the runs and would be overwritten"):
        compare(runs, runs[1])
    assert [file.name for file in runs[1].iterdir()] == ["report.json"]


def test_more_sets_than_letters_are_told_apart(report: Report) -> None:
    reports = [
        replace(report, data=replace(report.data, test=replace(report.data.test, sha256=str(n))))
        for n in (*range(54), 0)
    ]
    sets = [
        run.test_set for run in comparison_of([(str(n), r) for n, r in enumerate(reports)]).runs
    ]
    assert sets[:2] + sets[25:28] + sets[51:] == ["A", "B", "Z", "AA", "AB", "AZ", "BA", "BB", "A"]


def test_other_labels_are_other_images(report: Report, write_run: Writer) -> None:
    data = replace(report.data, labels=("red", "green", "violet"))
    with pytest.raises(TrainingError, match="different test images"):
        compare([write_run("first"), write_run("second", data=data)])


def test_other_training_images_and_machines_are_marked(
    report: Report, write_run: Writer, tmp_path: Path
) -> None:
    data = other_images(report, "train")
    second = write_run("second", data=data, hardware="a faster one")
    comparison = compare([write_run("first"), second], tmp_path / "out")
    assert comparison.same_test
    assert not comparison.same_training
    assert not comparison.same_hardware
    page = (tmp_path / "out" / PAGE_FILE).read_text(encoding="utf-8")
    assert "may come from the images" in page
    assert "their times cannot be compared" in page


def test_runs_of_one_name_are_told_apart_by_their_paths(write_run: Writer) -> None:
    runs = [write_run("a/run"), write_run("b/run")]
    assert [run.run for run in compare(runs).runs] == [str(run) for run in runs]


def test_what_cannot_be_compared(write_run: Writer, tmp_path: Path) -> None:
    first = write_run("first")
    with pytest.raises(TrainingError, match="At least two"):
        compare([first])
    with pytest.raises(TrainingError, match="named twice"):
        compare([first, first / ".." / "first"])
    with pytest.raises(TrainingError, match=r"nowhere: no report\.json"):
        compare([first, tmp_path / "nowhere"])
    old = write_run("old")
    (old / "report.json").write_text('{"name": "old"}', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"old.*missing field"):
        compare([first, old])


def command_line(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    runs.add_parsers(parser.add_subparsers(required=True))
    parsed = parser.parse_args([str(argument) for argument in arguments])
    code: int = parsed.run(parsed)
    return code


def test_the_command_prints_a_table_and_what_differs(
    report: Report, write_run: Writer, capsys: pytest.CaptureFixture[str]
) -> None:
    second = write_run("second", data=other_images(report, "test"))
    assert command_line("compare", write_run("first"), second, "--allow-different-data") == 0
    out = capsys.readouterr().out
    header, first, *_ = out.splitlines()
    assert header.split()[:3] == ["RUN", "MODEL", "TEST"]
    assert first.split()[:3] == ["first", "residual_cnn", "A"]
    assert "1.00 MB" in first
    assert report.verdict.text in out
    assert "Note: The test images differ" in out


def test_the_command_prints_json(write_run: Writer, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [write_run("first"), write_run("second")]
    assert command_line("compare", *runs, "--json") == 0
    assert Comparison.parse(json.dumps(json.loads(capsys.readouterr().out))) == compare(runs)


def test_ctrl_c_ends_the_command_and_is_not_forgotten(
    write_run: Writer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> Comparison:
        signal.raise_signal(signal.SIGINT)
        return comparison

    first, second = map(str, (write_run("first"), write_run("second")))
    comparison = compare([first, second])
    monkeypatch.setattr("training.compare.compare.compare", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main(["compare", first, second]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().out == ""
