from pathlib import Path

import pytest

from training.data.sources.whole_folder import already_made, whole_folder
from training.errors import DatasetError

SOURCE = {"name": "flowers", "seed": 1}


def fill(folder: Path) -> None:
    with whole_folder(folder, SOURCE) as partial:
        (partial / "rose").mkdir()
        (partial / "rose" / "1.jpg").touch()


def test_the_folder_appears_whole_and_knows_its_source(tmp_path: Path) -> None:
    folder = tmp_path / "below" / "set"
    assert not already_made(folder, SOURCE)
    fill(folder)
    assert (folder / "rose" / "1.jpg").exists()
    assert already_made(folder, SOURCE)
    assert list(folder.parent.iterdir()) == [folder]


def test_an_error_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path / "set", SOURCE) as partial:
        (partial / "1.jpg").touch()
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / "set.partial").mkdir()
    (tmp_path / "set.partial" / "half.jpg").touch()
    fill(tmp_path / "set")
    assert not (tmp_path / "set" / "half.jpg").exists()


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    assert not already_made(tmp_path / "set", SOURCE)
    fill(tmp_path / "set")
    assert already_made(tmp_path / "set", SOURCE)


def test_another_set_is_not_overwritten(tmp_path: Path) -> None:
    fill(tmp_path / "set")
    with pytest.raises(DatasetError, match=r"holds flowers \(seed 1\), not flowers \(seed 2\)"):
        already_made(tmp_path / "set", {"name": "flowers", "seed": 2})


def test_files_of_somebody_else_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(DatasetError, match="holds other files"):
        already_made(tmp_path, SOURCE)


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatasetError, match="cannot be written"):
        fill(tmp_path / "file" / "set")
