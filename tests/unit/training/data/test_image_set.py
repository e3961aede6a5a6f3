import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.unit.training.conftest import SIDE
from training.data.image_set import find_images, load_images, load_training_data, stratified_split
from training.errors import DatasetError
from visionflow.input_spec import InputSpec

SPEC = InputSpec(SIDE, SIDE)


@pytest.fixture
def folder(pictures: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(pictures / "train", tmp_path / "train"))


def test_pictures_come_in_the_order_of_sorted_classes_and_names(folder: Path) -> None:
    images, _ = load_images(folder, SPEC)
    assert images.labels == ("blue", "green", "red")
    assert images.targets.tolist() == [0] * 40 + [1] * 40 + [2] * 40
    first = np.asarray(Image.open(folder / "blue" / "000.png"))
    np.testing.assert_array_equal(images.images[0], first)


def test_the_content_hash_knows_content_and_class_but_not_the_place(
    folder: Path, tmp_path: Path
) -> None:
    _, original = load_images(folder, SPEC)
    elsewhere = shutil.copytree(folder, tmp_path / "elsewhere")
    assert load_images(elsewhere, SPEC)[1] == original
    (elsewhere / "red" / "000.png").rename(elsewhere / "blue" / "zzz.png")
    assert load_images(elsewhere, SPEC)[1] != original


def test_a_corrupt_picture_is_named(folder: Path) -> None:
    broken = folder / "green" / "007.png"
    broken.write_bytes(broken.read_bytes()[:100])
    with pytest.raises(DatasetError, match=r"green.007\.png: .+ Remove or replace the file"):
        load_images(folder, SPEC)


def test_an_empty_class_is_named(folder: Path) -> None:
    (folder / "yellow").mkdir()
    (folder / "yellow" / "notes.txt").write_text("no picture", encoding="utf-8")
    with pytest.raises(DatasetError, match="no pictures in class yellow"):
        find_images(folder)


def test_a_folder_without_classes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="found 0 class folders"):
        find_images(tmp_path)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        find_images(tmp_path / "nowhere")


def test_the_split_is_stratified_disjoint_and_complete() -> None:
    targets = np.repeat(np.arange(4), [100, 50, 10, 2])
    kept, held_out = stratified_split(targets, 0.2, seed=5)
    assert np.bincount(targets[held_out]).tolist() == [20, 10, 2, 1]
    assert sorted([*kept, *held_out]) == list(range(162))


def test_the_split_follows_its_seed() -> None:
    targets = np.repeat(np.arange(3), 50)
    first = stratified_split(targets, 0.2, seed=5)[1]
    np.testing.assert_array_equal(first, stratified_split(targets, 0.2, seed=5)[1])
    assert first.tolist() != stratified_split(targets, 0.2, seed=6)[1].tolist()


def test_a_class_with_one_picture_cannot_be_split() -> None:
    with pytest.raises(DatasetError, match="class number 1 has one picture"):
        stratified_split(np.array([0, 0, 1]), 0.5, seed=0)


def test_calibration_draws_from_training_pictures_only(pictures: Path) -> None:
    data = load_training_data(pictures / "train", SPEC, 0.25, seed=1)
    training = {picture.tobytes() for picture in data.train.images}
    sample = data.sample_for_calibration(30, seed=1)
    assert len({picture.tobytes() for picture in sample.images} & training) == 30
    assert len(data.sample_for_calibration(10_000, seed=1)) == len(data.train)
