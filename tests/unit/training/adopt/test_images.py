"""Images of an adopted model: some of its labels, and any number of each."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.unit.training.adopt.conftest import LABELS
from tests.unit.training.conftest import SIDE, shrunken_config
from training.adopt.images import load_images_of
from training.adopt.labels import ForeignLabels
from training.errors import DatasetError
from visionflow.models.label_tree import Label, LabelTree


def many_labels(count: int) -> ForeignLabels:
    """Called ``label 0`` and so on, in folders with other names, in the opposite order."""
    tree = LabelTree(tuple(Label(f"label {i}", None) for i in range(count)), ())
    return ForeignLabels(tree, tuple(f"z{count - i:03}" for i in range(count)))


def draw(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    generator = np.random.default_rng(int.from_bytes(folder.name.encode()))
    for i in range(count):
        pixels = generator.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")


def test_one_image_of_each_class_is_divided_over_all(tmp_path: Path) -> None:
    labels = many_labels(40)
    for name in labels.folders:
        draw(tmp_path / "images" / name, 1)
    config = shrunken_config(data__validation=0.35, data__test=0.35)
    cache, run = tmp_path / "cache", tmp_path / "run"
    data = load_images_of(labels, tmp_path / "images", config, cache, run)
    assert data.labels == labels.names
    parts = data.splits.parts
    assert {name: len(part) for name, part in parts.items()} == {
        "train": 12,
        "validation": 14,
        "test": 14,
    }
    for part in parts.values():
        for file, target in zip(part.files, part.targets, strict=True):
            assert file.split("/")[0] == labels.folders[target]
    assert data.group_summary.single_group_labels == ()


def test_classes_of_many_images_lie_in_every_part(tmp_path: Path) -> None:
    labels = many_labels(9)
    for name in labels.folders[:3]:
        draw(tmp_path / "images" / name, 12)
    cache, run = tmp_path / "cache", tmp_path / "run"
    data = load_images_of(labels, tmp_path / "images", shrunken_config(), cache, run)
    for part in data.splits.parts.values():
        assert (part.counts[:3] > 0).all() and not part.counts[3:].any()


def test_a_folder_that_is_not_a_label_is_refused(labels: ForeignLabels, tmp_path: Path) -> None:
    for name in (*LABELS, "violet", "white"):
        draw(tmp_path / "images" / name, 3)
    cache, run = tmp_path / "cache", tmp_path / "run"
    with pytest.raises(DatasetError, match=r"2 folders are not labels .*\(violet, white\)"):
        load_images_of(labels, tmp_path / "images", shrunken_config(), cache, run)


def test_a_cache_among_the_classes_is_refused(labels: ForeignLabels, tmp_path: Path) -> None:
    for name in LABELS:
        draw(tmp_path / name, 3)
    with pytest.raises(DatasetError, match="would be taken for a class"):
        load_images_of(labels, tmp_path, shrunken_config(), tmp_path / "cache", tmp_path / "run")
