"""The example of the page on Python runs as it is written."""

import re
from pathlib import Path

import pytest

from infra.packaging.workspace import PROJECT
from training.data.sources.flowers import write_flowers
from training.results.report import Report


def test_the_example_trains_and_classifies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (PROJECT / "training" / "PYTHON.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    write_flowers(tmp_path / "flowers", 8, 32, 1)
    exec(compile(example, "PYTHON.md", "exec"), {})  # noqa: S102  the page is ours
    report = Report.parse((tmp_path / "runs" / "a" / "report.json").read_bytes())
    top1, verdict, answer = capsys.readouterr().out.splitlines()
    assert top1 == f"top-1 {report.test.top1:.1%} of {report.test.images} test images"
    assert verdict == report.verdict.text
    assert re.search(r"^(unknown \(\w+\)|\w+) \d+\.\d%$", answer)


def test_every_function_of_the_page_is_there() -> None:
    page = (PROJECT / "training" / "PYTHON.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `((?:training|visionflow)[\w.]+)\(", page, re.MULTILINE)
    assert len(named) == 8
    for name in named:
        parts = name.split(".")
        depth = next(i for i, part in enumerate(parts) if not _is_module(parts[: i + 1]))
        found = __import__(".".join(parts[:depth]), fromlist=["_"])
        for part in parts[depth:]:
            found = getattr(found, part)
        assert callable(found)


def _is_module(parts: list[str]) -> bool:
    from importlib.util import find_spec  # noqa: PLC0415

    try:
        return find_spec(".".join(parts)) is not None
    except ModuleNotFoundError:
        return False
