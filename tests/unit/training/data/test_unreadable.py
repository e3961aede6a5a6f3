"""Broken files: all named before anything is trained, or left out where that is asked for."""

import errno
import shutil
from pathlib import Path

import pytest

from tests.unit.training.conftest import shrunken_config
from training.data.training_data import load_training_data
from training.errors import DatasetError

BROKEN = ("train/blue/003.png", "train/green/011.png", "test/red/002.png", "test/red/005.png")


@pytest.fixture
def folder(images: Path, tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(images, tmp_path / "set"))
    for number, name in enumerate(BROKEN):
        file = folder / name
        file.write_bytes(file.read_bytes()[:100] if number % 2 else b"no image")
    return folder


@pytest.mark.parametrize("group_by", ["content", "auto"])
def test_all_broken_files_of_all_parts_are_named(folder: Path, group_by: str) -> None:
    with pytest.raises(DatasetError) as refused:
        load_training_data(folder, shrunken_config(data__group_by=group_by), None).decode()
    message = str(refused.value)
    assert message.startswith("4 images cannot be read: ")
    assert [name for name in BROKEN if str(folder / name) in message] == [*BROKEN]
    assert message.isprintable()


def test_training_images_are_named_with_the_others(folder: Path) -> None:
    (folder / "test" / "red" / "002.png").unlink()
    (folder / "test" / "red" / "005.png").unlink()
    with pytest.raises(DatasetError, match=r"2 images cannot be read: .*blue.003.*green.011"):
        _ = load_training_data(folder, shrunken_config(), None).train_upright_images


def test_broken_files_are_left_out_and_listed_where_that_is_asked_for(folder: Path) -> None:
    config = shrunken_config(data__skip_unreadable=True)
    data = load_training_data(folder, config, None)
    data.decode()
    assert len(data.train_upright_images) + len(data.validation) == 118
    assert data.test.targets.tolist() == [0] * 10 + [1] * 10 + [2] * 8
    (sentence,) = data.left_out.sentences(folder)
    assert sentence.startswith("4 images cannot be read and were left out: ")
    assert all(name in sentence for name in BROKEN)


def test_a_class_of_broken_files_alone_is_refused(folder: Path) -> None:
    for file in (folder / "train" / "red").iterdir():
        file.write_bytes(b"no image")
    with pytest.raises(DatasetError, match="no image of red can be read"):
        load_training_data(folder, shrunken_config(data__skip_unreadable=True), None)


def test_files_without_the_right_to_read_them_are_named_together(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, closed = Path.read_bytes, {folder / name for name in BROKEN[:2]}

    def refused(file: Path) -> bytes:
        if file in closed:
            raise PermissionError(errno.EACCES, "Permission denied")
        return read(file)

    monkeypatch.setattr(Path, "read_bytes", refused)
    with pytest.raises(DatasetError, match=r"2 files cannot be read: .*003.*011"):
        load_training_data(folder, shrunken_config(), None)
