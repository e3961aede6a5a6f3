from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from tests.unit.training.conftest import SIDE, shrunken_config
from training.data.training_data import load_training_data
from training.errors import DatasetError


def test_nothing_is_decoded_before_it_is_needed(images: Path, tmp_path: Path) -> None:
    data = load_training_data(images, shrunken_config(), tmp_path)
    assert not list(tmp_path.iterdir())
    assert data.train_upright_images[0].shape == (SIDE, SIDE, 3)
    assert data.train_images.images.shape == (90, SIDE, SIDE, 3)
    assert (len(data.validation), len(data.test)) == (30, 30)
    assert data.labels == data.test.labels == ("blue", "green", "red")
    assert data.train_images is data.train_images


def test_the_hash_is_of_training_and_validation_images(images: Path) -> None:
    first, again, reseeded = (
        load_training_data(images, shrunken_config(seed=seed), None).sha256 for seed in (1, 1, 2)
    )
    assert first == again != reseeded
    whole = load_training_data(images / "train", shrunken_config(), None).sha256
    assert whole != first


def test_calibration_draws_from_training_images_only(images: Path) -> None:
    data = load_training_data(images, shrunken_config(), None)
    sample = data.calibration(30, seed=1)
    assert len(set(sample.files) & set(data.splits.train.files)) == 30
    assert data.calibration(30, seed=2).files != sample.files
    at = data.splits.train.files.index(sample.files[0])
    np.testing.assert_array_equal(sample.images[0], data.train_images.images[at])
    assert len(data.calibration(10_000, seed=1)) == len(data.splits.train)


def test_training_images_are_not_decoded_again(
    images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, other = (load_training_data(images, shrunken_config(), None) for _ in range(2))
    places = np.array([3, 7, 80])
    wanted, sample = np.concatenate(list(data.train_batches(places))), data.calibration(30, seed=1)
    decoded = other.train_images

    def fail(*_: object) -> NoReturn:
        raise AssertionError("decoded again")

    monkeypatch.setattr("training.data.training_data.load_images", fail)
    monkeypatch.setattr("training.data.training_data.decoded_batches", fail)
    np.testing.assert_array_equal(np.concatenate(list(other.train_batches(places))), wanted)
    np.testing.assert_array_equal(wanted, decoded.images[places])
    again = other.calibration(30, seed=1)
    np.testing.assert_array_equal(again.images, sample.images)
    assert again.files == sample.files


def test_bad_folders_are_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        load_training_data(tmp_path / "nowhere", shrunken_config(), None)


def test_a_run_among_the_classes_would_be_one_of_them(images: Path) -> None:
    for cache in (images / "train" / "run" / "cache", images / "cache"):
        with pytest.raises(DatasetError, match="would be taken for a class"):
            load_training_data(images, shrunken_config(), cache)
    # Hidden folders are no classes, and files beside the classes no images of one.
    for cache in (images / ".cache", images):
        load_training_data(images, shrunken_config(), cache)
