"""The figures' README: rendered from the result files, never edited by hand."""

import ast
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks import readme
from tests.benchmarks.figures import (
    FOLDER,
    Figure,
    Machine,
    ResultFile,
    Run,
    Target,
    figure,
    read_runs,
)
from visionflow.errors import ConfigError

MACHINE = Machine("Example CPU", 4, 15.6, {"Python": "3.11.7"})
LATENCY = figure(
    "serving latency",
    "one answer",
    {"int8": 1.8449, "fp32": 5.341},
    "ms",
    target=Target("at most", 3),
    n="median of 60",
    seed=7,
)
TOP1 = Figure(
    "accuracy",
    "top-1 | flowers",
    {"value": 92.51},
    "%",
    Target("at least", 95),
    "307 test images",
    (1, 2, 3),
    "random split",
    None,
)
RUN = Run("python -m example", "2030-01-31", MACHINE, "load 0.1 before the run", (LATENCY, TOP1))
UNKNOWN = Run(None, "2030-01-30/2030-01-31", None, None, (figure("costs", "idle", 1234567, "USD"),))


def written(folder: Path) -> Path:
    ResultFile((RUN, UNKNOWN)).write(folder / "example.json")
    return folder / "example.json"


def test_a_result_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    written(tmp_path)
    assert read_runs(tmp_path) == [RUN, UNKNOWN]


def test_measured_values_are_rounded_and_counts_are_not() -> None:
    assert list(LATENCY.values.values()) == [1.84, 5.34]
    assert figure("costs", "x", 1234567, "").first == 1234567


@pytest.mark.parametrize("field", ["date", "command", "machine", "conditions", "figures"])
def test_a_missing_field_is_an_error_that_names_file_and_field(tmp_path: Path, field: str) -> None:
    path = written(tmp_path)
    document = json.loads(path.read_text())
    del document["runs"][0][field]
    path.write_text(json.dumps(document))
    with pytest.raises(ConfigError, match=rf"example\.json\.runs\[0\]: missing field {field}"):
        read_runs(tmp_path)


@pytest.mark.parametrize("field", ["group", "values", "unit", "target", "n", "seeds", "split"])
def test_a_figure_leaves_out_nothing(tmp_path: Path, field: str) -> None:
    path = written(tmp_path)
    document = json.loads(path.read_text())
    del document["runs"][0]["figures"][1][field]
    path.write_text(json.dumps(document))
    with pytest.raises(ConfigError, match=rf"figures\[1\]: missing field {field}"):
        read_runs(tmp_path)


def test_a_date_has_to_be_one() -> None:
    with pytest.raises(ConfigError, match="yesterday"):
        replace(RUN, date="yesterday")


def test_a_figure_needs_a_value() -> None:
    with pytest.raises(ConfigError, match="no values"):
        replace(TOP1, values={})


def test_each_figure_is_one_row_with_all_that_is_known_of_it() -> None:
    lines = readme.render([RUN, UNKNOWN]).splitlines()
    assert lines.count("- **A**: Example CPU, 4 cores, 15.6 GiB, Python 3.11.7") == 1
    assert (
        "| one answer | int8: 1.84; fp32: 5.34 ms | at most 3 ms: reached | median of 60 | 7 "
        "| A, load 0.1 before the run | 2030-01-31 | `python -m example` |"
    ) in lines
    assert (
        "| top-1 \\| flowers | 92.51 % | at least 95 %: **missed** | 307 test images, random split "
        "| 1, 2, 3 | A, load 0.1 before the run | 2030-01-31 | `python -m example` |"
    ) in lines
    assert "| idle | 1,234,567 USD | - | - | - | - | 2030-01-30 to 2030-01-31 | - |" in lines


def test_a_stale_readme_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(readme, "README", tmp_path / "README.md")
    assert readme.main(["--check"]) == 1
    assert readme.main([]) == 0
    assert readme.main(["--check"]) == 0
    with readme.README.open("a", encoding="utf-8") as file:
        file.write("| a figure by hand |\n")
    capsys.readouterr()
    assert readme.main(["--check"]) == 1
    assert "python -m tests.benchmarks.readme" in capsys.readouterr().out


def test_the_committed_readme_has_every_committed_figure() -> None:
    assert readme.main(["--check"]) == 0
    rows = [line for line in readme.README.read_text().splitlines() if line.startswith("| ")]
    runs = readme.all_runs()
    groups = {one.group for run in runs for one in run.figures}
    heads = 2 * len(groups)
    assert len(rows) - heads == sum(len(run.figures) for run in runs) > 100


def test_every_benchmark_was_run() -> None:
    """Parsed, since importing them brings torch and AWS's CDK."""
    module = ast.parse(Path(readme.__file__).with_name("__main__.py").read_text(encoding="utf-8"))
    (names,) = (
        [ast.literal_eval(key) for key in node.value.keys if key is not None]
        for node in module.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict)
    )
    assert "training_speed" in names
    assert [name for name in names if not (FOLDER / f"{name}.json").exists()] == []
