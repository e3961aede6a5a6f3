import sys
from pathlib import Path

import pytest

from infra.cli.parsing import late


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = "a_slow_package"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("import sys\nsys.a_slow_one = True\nVALUE = 3\n")
    (tmp_path / name / "part.py").write_text("PART = 4\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(late, "LATE", (name,))
    monkeypatch.setattr(sys, "a_slow_one", False, raising=False)
    for known in (name, f"{name}.part"):
        monkeypatch.delitem(sys.modules, known, raising=False)
    return name


def was_loaded() -> bool:
    return bool(vars(sys)["a_slow_one"])


def test_a_late_package_is_loaded_when_it_is_used_and_not_when_it_is_imported(package: str) -> None:
    late.import_late()
    first, second = __import__(package), __import__(package)
    assert not was_loaded()
    assert first.VALUE == 3
    assert was_loaded()
    assert second.VALUE == 3
    assert sys.modules[package].VALUE == 3


def test_a_part_of_a_late_package_can_be_imported(package: str) -> None:
    late.import_late()
    assert __import__(f"{package}.part").part.PART == 4
    assert was_loaded()
