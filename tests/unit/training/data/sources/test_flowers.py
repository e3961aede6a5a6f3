from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.data.listing import list_images
from training.data.sources.flowers import LABELS, draw_flower, write_flowers
from training.errors import DatasetError

SIZE = 48


def drawn(label: str, seed: int) -> Image.Image:
    return draw_flower(label, SIZE, np.random.default_rng(seed))


@pytest.mark.parametrize("label", LABELS)
def test_the_generator_alone_decides_an_image(label: str) -> None:
    assert drawn(label, 1).tobytes() == drawn(label, 1).tobytes()
    assert drawn(label, 1).tobytes() != drawn(label, 2).tobytes()
    assert (drawn(label, 1).size, drawn(label, 1).mode) == ((SIZE, SIZE), "RGB")


def test_kinds_differ_before_the_same_ground() -> None:
    images = {label: np.asarray(drawn(label, 1), np.int64) for label in LABELS}
    for label in LABELS[1:]:
        assert np.abs(images[label] - images["daisy"]).mean() > 2


def test_colour_does_not_tell_the_kinds_apart() -> None:
    """The nearest mean colour of a class is a poor guess, if better than chance."""
    train, test = (
        np.stack(
            [[np.asarray(drawn(x, 100 * k + i)).mean((0, 1)) for i in range(16)] for x in LABELS]
        )
        for k in (1, 2)
    )
    distances = np.linalg.norm(test[:, :, None] - train.mean(axis=1), axis=-1)
    right = distances.argmin(axis=2) == np.arange(len(LABELS))[:, None]
    assert right.mean() < 0.5


def test_a_larger_set_begins_with_the_smaller_one(tmp_path: Path) -> None:
    assert write_flowers(tmp_path / "two", 2, SIZE, seed=5)
    assert write_flowers(tmp_path / "three", 3, SIZE, seed=5)
    small, large = (list_images(tmp_path / name) for name in ("two", "three"))
    assert small.labels == LABELS
    assert small.counts.tolist() == [2] * 5
    assert set(small.hashes) < set(large.hashes)
    assert len(set(large.hashes)) == 15


def test_the_same_command_again_changes_nothing(tmp_path: Path) -> None:
    assert write_flowers(tmp_path / "set", 1, SIZE, seed=5)
    before = list_images(tmp_path / "set").sha256
    assert not write_flowers(tmp_path / "set", 1, SIZE, seed=5)
    assert list_images(tmp_path / "set").sha256 == before
    with pytest.raises(DatasetError, match="Name another folder"):
        write_flowers(tmp_path / "set", 1, SIZE, seed=6)


@pytest.mark.parametrize(("images", "size"), [(0, 96), (5, 8)])
def test_numbers_that_are_too_small_are_refused(images: int, size: int, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="at least"):
        write_flowers(tmp_path / "set", images, size)
    assert list(tmp_path.iterdir()) == []
