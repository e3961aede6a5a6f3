"""What is trained on is what the source holds now, and is made once."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.unit.training.data.folders.odd_folders import image
from training.data.folders.left_out import LeftOut
from training.data.sources.dataset_folder import dataset_folder
from training.data.sources.forms import registry
from training.data.sources.forms.archives import unpack
from training.errors import DatasetError

ROWS = {"0.bmp": "cat", "1.bmp": "cat", "2.bmp": "dog", "3.bmp": "dog"}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    folder.mkdir()
    for name in ROWS:
        (folder / name).write_bytes(image("BMP"))
    rows = "".join(f"{name},{label}\n" for name, label in ROWS.items())
    (folder / "labels.csv").write_text(f"file_name,label\n{rows}")
    return folder / "labels.csv"


@pytest.fixture
def archive(table: Path, tmp_path: Path) -> Path:
    (table.parent / "notes").mkdir()
    (table.parent / "notes" / "a.txt").write_text("no image")
    return Path(shutil.make_archive(str(tmp_path / ("꽃" * 60)), "zip", table.parent))


def contents(folder: Path) -> dict[str, bytes]:
    found = sorted(folder.rglob("*.bmp"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def _replace_image(table: Path) -> None:
    file = table.with_name("0.bmp")
    new = image("BMP")
    assert len(new) == file.stat().st_size
    file.write_bytes(new)


def _resize_image(table: Path) -> None:
    table.with_name("0.bmp").write_bytes(image("PNG"))


def _change_label(table: Path) -> None:
    table.write_text(table.read_text().replace("0.bmp,cat", "0.bmp,dog"))


@pytest.mark.parametrize("change", [_replace_image, _resize_image, _change_label])
@pytest.mark.parametrize("whole", [False, True], ids=["table", "folder"])
def test_what_was_changed_in_place_is_imported_anew(
    table: Path, tmp_path: Path, change: Callable[[Path], None], whole: bool
) -> None:
    source = str(table.parent if whole else table)
    before = dataset_folder(source, tmp_path / "cache")
    old = contents(before)
    assert dataset_folder(source, tmp_path / "cache") == before
    change(table)
    now = contents(dataset_folder(source, tmp_path / "cache"))
    label = "dog" if change is _change_label else "cat"
    assert now[f"{label}/0.bmp"] == table.with_name("0.bmp").read_bytes()
    assert now != old
    # A run that still reads the earlier import is not disturbed.
    assert contents(before) == old


def test_an_archive_is_unpacked_once_by_several_processes(
    archive: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    unpacked: list[Path] = []

    def counted(file: Path, folder: Path) -> LeftOut:
        unpacked.append(file)
        return unpack(file, folder)

    monkeypatch.setattr(registry, "unpack", counted)
    # The lock is the kernel's: it holds between threads as between processes.
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(dataset_folder, [str(archive)] * 4, [tmp_path / "cache"] * 4))
    assert len({*made}) == len(unpacked) == 1
    assert len(contents(made[0])) == 4
    # Each says what was left out, also later.
    assert capsys.readouterr().err.count("are not images and were left out: notes/a.txt.") == 4


def test_a_table_is_imported_by_several_processes_at_once(table: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(dataset_folder, [str(table)] * 4, [tmp_path / "cache"] * 4))
    assert len({*made}) == 1
    assert len(contents(made[0])) == 4


def test_another_archive_of_the_same_size_is_unpacked(
    archive: Path, table: Path, tmp_path: Path
) -> None:
    before = contents(dataset_folder(str(archive), tmp_path / "cache"))
    _replace_image(table)
    shutil.make_archive(str(archive.with_suffix("")), "zip", table.parent)
    assert contents(dataset_folder(str(archive), tmp_path / "cache")) != before


@pytest.mark.parametrize("source", ["", " "])
def test_a_variable_that_is_not_set_is_not_the_current_folder(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DatasetError, match="is empty"):
        dataset_folder(source, tmp_path / "cache")
