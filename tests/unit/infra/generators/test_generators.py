"""A committed file that is out of date is found and named, whichever generator makes it."""

import json
import shutil
from pathlib import Path

import pytest

from infra.errors import CommandError
from infra.generators import __main__ as entry
from infra.generators.dashboard_types import DashboardTypes
from infra.generators.files import Files
from infra.generators.locks import OF_LISTS, OF_PYPROJECT, Locks

# Every file that is registered, and what it would hold now.
MADE = {
    file: content
    for generator in entry.GENERATORS
    if isinstance(generator, Files)
    for file, content in generator.make().items()
}

EMULATOR = "infra/local_cloud/ministack-requirements.txt"


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """The project's locks and what they were made from."""
    for file in ("pyproject.toml", *OF_PYPROJECT, *OF_LISTS, *OF_LISTS.values()):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, tmp_path / file)
    return tmp_path


def test_what_is_committed_is_up_to_date() -> None:
    # The dashboard's types need what npm installs; `make check` looks at them.
    stale = [g.stale() for g in entry.GENERATORS if not isinstance(g, DashboardTypes)]
    assert stale == [[]] * (len(entry.GENERATORS) - 1)


@pytest.mark.parametrize("file", MADE, ids=lambda file: file.name)
def test_a_file_made_in_python_is_found_when_it_is_stale_or_gone(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = tmp_path / file.name
    generator = Files(lambda: {there: MADE[file]})
    assert entry.main(["--check"], [generator]) == 1
    assert entry.main([], [generator]) == 0
    assert entry.main(["--check"], [generator]) == 0
    there.write_bytes(MADE[file] + b" ")
    capsys.readouterr()
    assert entry.main(["--check"], [generator]) == 1
    assert f"{file.name}: out of date; renew it with 'make types'" in capsys.readouterr().err


@pytest.mark.parametrize(("code", "stale"), [(0, 0), (1, 1)])
def test_types_of_the_dashboard_are_found_when_they_are_stale(
    code: int, stale: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scripts = {"types:check": f"exit {code}", "types": "touch renewed"}
    (tmp_path / "package.json").write_text(json.dumps({"scripts": scripts}))
    assert entry.main(["--check"], [DashboardTypes(tmp_path)]) == stale
    assert ("generated: out of date" in capsys.readouterr().err) == bool(stale)
    assert entry.main([], [DashboardTypes(tmp_path)]) == 0
    assert (tmp_path / "renewed").exists()


def test_types_that_cannot_be_renewed_end_the_command(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text(json.dumps({"scripts": {"types": "exit 3"}}))
    with pytest.raises(CommandError, match="npm run types"):
        DashboardTypes(tmp_path).renew()


@pytest.mark.parametrize(
    ("changed", "was", "becomes", "stale"),
    [
        ("pyproject.toml", '"boto3>=1.43"', '"boto3>=999"', "tests infra training"),
        ("pyproject.toml", '"psutil>=7"', '"new-tool"', "tests infra"),
        ("tests/requirements.txt", "ruff==", "ruffian==", "tests"),
        (
            "infra/local_cloud/ministack-requirements.in",
            "ministack==",
            "ministack>99",
            "infra/local_cloud",
        ),
        ("layers/tokens/requirements.in", "cffi==", "cffi!=", "layers/tokens"),
    ],
)
def test_a_lock_without_what_is_asked_for_is_found(
    changed: str, was: str, becomes: str, stale: str, locked: Path
) -> None:
    locks = Locks(locked)
    assert locks.stale() == []
    text = (locked / changed).read_text()
    assert was in text
    (locked / changed).write_text(text.replace(was, becomes))
    assert [file.parent.relative_to(locked).as_posix() for file in locks.stale()] == stale.split()
