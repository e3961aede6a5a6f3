"""The grouping ``auto``, with real features of drawn scenes: 10 ms an image."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression

from tests.unit.training.data.grouping.shots import SIDE, draw_coin_tosses, draw_scene, shots
from training.data.grouping.group_images import group_images
from training.data.grouping.scene_features import Float32Array, scene_features
from training.data.grouping.scenes import unit_length
from training.data.listing import Int64Array, Listing
from training.data.split import carve, list_parts

SCENES, SHOTS = 40, 6


@pytest.fixture(scope="module")
def coins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("coins")
    draw_coin_tosses(folder / "set", SCENES, SHOTS)
    return folder


def accuracy(found: Listing, groups: Int64Array, features: Float32Array, seed: int) -> float:
    """Of a linear head, on the test part of a split by ``groups``."""
    parts = carve(found, groups, {"test": 0.3}, seed)
    head = LogisticRegression(C=100, max_iter=500).fit(
        features[parts["train"]], found.targets[parts["train"]]
    )
    return float(head.score(features[parts["test"]], found.targets[parts["test"]]))


def test_labels_by_coin_toss_cannot_be_learned_across_groups(coins: Path) -> None:
    parts = list_parts(coins / "set")
    found = parts["train"]
    numbers = group_images(parts, "auto", coins / "set", coins / "cache")
    scene = np.array([int(Path(file).stem.rpartition("-")[2]) for file in found.files])
    for one in range(SCENES):
        assert len(np.unique(numbers[scene == one])) == 1
    features = unit_length(scene_features(found, coins / "cache"))
    grouped = [accuracy(found, numbers, features, seed) for seed in range(8)]
    by_file = [accuracy(found, np.arange(len(found)), features, seed) for seed in range(3)]
    assert np.mean(grouped) == pytest.approx(0.5, abs=0.15)
    assert np.mean(by_file) > 0.85


def test_the_groups_are_the_same_each_time(coins: Path) -> None:
    parts = list_parts(coins / "set")
    one, other = (group_images(parts, "auto", coins, coins / "cache") for _ in range(2))
    assert one.tolist() == other.tolist()
    assert SCENES / 2 <= len(np.unique(one)) <= SCENES


def test_near_duplicates_are_joined_across_classes_and_parts(tmp_path: Path) -> None:
    generator = np.random.default_rng(5)
    for i in range(8):
        scene = draw_scene(generator)
        for part, label in (("train", "ab"[i % 2]), ("test", "ba"[i % 2])):
            file = tmp_path / part / label / f"{generator.integers(16**9):x}.jpg"
            file.parent.mkdir(parents=True, exist_ok=True)
            if part == "test" and i >= 4:
                scene = draw_scene(generator)
            scene.save(file, quality=90 if part == "train" else 60)
    parts = list_parts(tmp_path)
    numbers = group_images(parts, "auto", tmp_path)
    train, test = np.split(numbers, [len(parts["train"])])
    assert np.isin(test, train).sum() == 4
    assert len(np.unique(train)) == 8


def _save(image: Image.Image, file: Path, time: str | None = None) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    if time is not None:
        exif[0x010F], exif[0x0110] = "Maker", "5"
        exif.get_ifd(0x8769)[0x9003] = time
    image.save(file, quality=92, exif=exif)


def test_frames_and_bursts_that_drift_away_are_one_group(tmp_path: Path) -> None:
    generator = np.random.default_rng(4)
    for label in ("burst", "frames", "loose"):
        wide = Image.new("RGB", (3 * SIDE, SIDE))
        for i in range(3):
            wide.paste(draw_scene(generator).resize((SIDE, SIDE)), (SIDE * i, 0))
        for i, letter in enumerate("kqzxwvjhgfdsatrepbcimnluyo"):
            view = wide.crop((8 * i, 0, 8 * i + SIDE, SIDE))
            name = f"video_{i + 3}" if label == "frames" else letter
            time = f"2030:01:01 00:00:{2 * i:02}" if label == "burst" else None
            _save(view, tmp_path / label / f"{name}.jpg", time)
    parts = list_parts(tmp_path)
    numbers = group_images(parts, "auto", tmp_path)
    groups = [len(np.unique(numbers[parts["train"].targets == target])) for target in range(3)]
    assert groups[:2] == [1, 1]
    assert groups[2] > 1


def test_images_of_one_colour_are_not_near_duplicates(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    for label in ("a", "b"):
        for i, image in enumerate(shots(draw_scene(generator), 2, generator)):
            _save(image, tmp_path / label / f"{i}{i}.jpg")
    _save(Image.new("RGB", (40, 40), "red"), tmp_path / "a" / "red.jpg")
    _save(Image.new("RGB", (40, 40), "blue"), tmp_path / "b" / "blue.jpg")
    parts = list_parts(tmp_path)
    numbers = group_images(parts, "auto", tmp_path)
    files = parts["train"].files
    assert numbers[files.index("a/red.jpg")] != numbers[files.index("b/blue.jpg")]
