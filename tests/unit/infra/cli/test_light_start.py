"""What `make up` installs is enough for every command but those that train networks."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.cli.failures import INSTALLED_BY
from infra.packaging.workspace import PROJECT
from tests.unit.training.conftest import draw_set

_COMMANDS = """
import json
import sys

absent, commands = map(json.loads, sys.argv[1:])

class Absent:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent)
from infra.cli.main import main

for command in commands:
    if code := main(command):
        sys.exit(code)
"""


def locked(extra: str) -> set[str]:
    lock = (PROJECT / extra / "requirements.txt").read_text()
    return {canonicalize_name(name) for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)}


def imported_as(distributions: Iterable[str]) -> set[str]:
    """The names under which they alone are imported."""
    chosen = set(distributions)
    return {
        package
        for package, owners in _owners().items()
        if {canonicalize_name(owner) for owner in owners} <= chosen
    }


@cache
def _owners() -> Mapping[str, list[str]]:
    return packages_distributions()


def extra(name: str) -> set[str]:
    described = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    lines = described["optional-dependencies"][name]
    return {canonicalize_name(Requirement(line).name) for line in lines}


def after_make_up(
    *commands: Sequence[object], without: Sequence[str] = ()
) -> "subprocess.CompletedProcess[str]":
    """The command line where nothing is installed but what `make up` installs; the commands run
    until one fails."""
    absent = [*imported_as(locked("tests") - locked("infra")), *without]
    lines = [[str(part) for part in command] for command in commands]
    program = [sys.executable, "-c", _COMMANDS, json.dumps(absent), json.dumps(lines)]
    return subprocess.run(program, capture_output=True, text=True, check=False)


def test_the_command_line_starts_without_the_packages_of_any_extra() -> None:
    ended = after_make_up(without=[*INSTALLED_BY])
    assert ended.returncode == 0, ended.stderr


def test_each_package_of_an_extra_is_named_with_what_installs_it() -> None:
    of_train = imported_as(extra("train") | extra("timm"))
    of_instant = imported_as(extra("instant"))
    assert {"torch", "timm", "mlflow", "optuna"} <= of_train
    assert {"scipy", "sklearn", "onnx"} <= of_instant
    wanted = dict.fromkeys(of_train, "make training") | dict.fromkeys(of_instant, "make up")
    assert {name: wanted.get(name) for name in INSTALLED_BY} == INSTALLED_BY
    # Some distributions bring tests or tools beside the package that is imported.
    assert {canonicalize_name(name).partition("-")[0] for name in extra("train")} <= {
        name.partition("_")[0] for name in INSTALLED_BY
    }


def test_datasets_are_drawn_inspected_and_measured_without_torch(
    tmp_path: Path, tiny_artifact: tuple[Path, object]
) -> None:
    flowers, report, colours = (tmp_path / name for name in ("flowers", "report", "colours"))
    draw_set(colours, per_class=2, seed=1)
    zipped = shutil.make_archive(str(tmp_path / "colours"), "zip", colours)
    ended = after_make_up(
        ("data", "import", zipped, "--out", tmp_path / "imported"),
        ("data", "flowers", "--out", flowers, "--images", 4, "--size", 64),
        ("data", "inspect", flowers, "--out", report, "--cache", tmp_path / "cache"),
        ("evaluate", tiny_artifact[0], colours),
        ("evaluate", tiny_artifact[0], flowers, "--strangers"),
    )
    assert ended.returncode == 0, ended.stderr
    assert (report / "inspection.html").exists()
    assert "20 images, mean confidence" in ended.stdout


def test_a_head_is_trained_and_measured_without_torch_and_a_config(tmp_path: Path) -> None:
    colours, run = tmp_path / "colours", tmp_path / "run"
    draw_set(colours, per_class=12, seed=1)
    ended = after_make_up(
        ("train", "--recipe", "instant", "--group-by", "content", "--data", colours, "--out", run)
    )
    # 1: the gate, whose latency a busy machine may miss.
    assert ended.returncode in (0, 1), ended.stderr
    assert "95% interval" in ended.stdout, ended.stderr
    assert f"Look at {run / 'report.html'}" in ended.stdout
    assert (run / "manifest.json").exists()


def test_another_recipe_needs_a_config(tmp_path: Path) -> None:
    ended = after_make_up(("train", "--data", tmp_path, "--out", tmp_path / "run"))
    assert ended.returncode == 1
    assert "--config is missing" in ended.stderr


@pytest.mark.parametrize("command", ["train", "tune"])
def test_what_trains_a_network_names_the_one_command_that_installs_it(
    tmp_path: Path, command: str
) -> None:
    data, out = ("--data", tmp_path), ("--out", tmp_path / "run")
    ended = after_make_up((command, "--config", "flowers", *data, *out))
    assert ended.returncode == 1
    assert re.fullmatch(
        r"visionflow: \w+ is not installed; `make training` installs it\.\n", ended.stderr
    )
