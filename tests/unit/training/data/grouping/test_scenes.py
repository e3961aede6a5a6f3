import numpy as np
import pytest
from sklearn.datasets import load_digits

from training.data.grouping import scenes
from training.data.grouping.scene_features import Float32Array
from training.data.grouping.scenes import (
    LEAST_SIMILARITY,
    connected,
    frame_pairs,
    scene_pairs,
    similarities,
    similarity_cut,
    unit_length,
)
from training.data.listing import Int64Array


def clouds(
    sizes: list[int], spread: float, seed: int = 1, width: int = 64
) -> tuple[Float32Array, Int64Array]:
    """Features around centres at random, and the number of each one's centre."""
    generator = np.random.default_rng(seed)
    numbers = np.repeat(np.arange(len(sizes)), sizes)
    centres = generator.normal(size=(len(sizes), width))
    noise = spread * generator.normal(size=(len(numbers), width))
    return unit_length((centres[numbers] + noise).astype(np.float32)), numbers


def groups_of(features: Float32Array, targets: Int64Array, cut: float) -> Int64Array:
    return connected(scene_pairs(features, targets, cut), len(targets))


def test_shots_of_a_scene_are_found() -> None:
    features, scene = clouds([1, 5, 3, 8, 1, 2], spread=0.3)
    targets = np.zeros(len(scene), np.int64)
    assert groups_of(features, targets, LEAST_SIMILARITY).tolist() == scene.tolist()


def test_scenes_are_looked_for_inside_each_class() -> None:
    features, _ = clouds([6], spread=0.1)
    targets = np.array([0, 1, 0, 1, 0, 1])
    assert groups_of(features, targets, LEAST_SIMILARITY).tolist() == [0, 1, 0, 1, 0, 1]


def test_a_chain_of_likeness_is_not_one_scene() -> None:
    angles = np.linspace(0, np.pi, 40)
    features = np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
    numbers = groups_of(features, np.zeros(40, np.int64), LEAST_SIMILARITY)
    assert 2 <= len(np.unique(numbers)) < 20
    for number in np.unique(numbers):
        inside = features[numbers == number]
        assert (inside @ inside.T).mean() > LEAST_SIMILARITY


def test_where_all_look_alike_the_cut_is_higher_and_classes_stay_divisible() -> None:
    digits = load_digits()
    features, targets = unit_length(digits.data.astype(np.float32)), digits.target
    cut = similarity_cut(features, targets)
    assert cut > LEAST_SIMILARITY

    def groups_of_classes(cut: float) -> list[int]:
        numbers = groups_of(features, targets, cut)
        return [len(np.unique(numbers[targets == target])) for target in range(10)]

    # So many that each part can have one.
    assert min(groups_of_classes(cut)) >= 3
    assert min(groups_of_classes(LEAST_SIMILARITY)) == 1


def test_the_cut_of_images_that_differ_is_the_least() -> None:
    features, targets = clouds([1] * 200, spread=0.1)
    assert similarity_cut(features, targets % 4) == LEAST_SIMILARITY
    assert similarity_cut(features, np.zeros(200, np.int64)) == LEAST_SIMILARITY


@pytest.mark.parametrize("scenes_of_both", [10, 40])
def test_scenes_that_hold_both_classes_do_not_raise_the_cut(scenes_of_both: int) -> None:
    features, _ = clouds([8] * scenes_of_both, spread=0.4, width=256)
    targets = np.arange(len(features)) % 2
    cut = similarity_cut(features, targets)
    assert cut == LEAST_SIMILARITY
    assert len(np.unique(groups_of(features, targets, cut))) == 2 * scenes_of_both


def test_the_cut_is_the_same_each_time() -> None:
    features, numbers = clouds([40] * 5, spread=2.0, width=4)
    assert similarity_cut(features, numbers) == similarity_cut(features, numbers)


def test_a_large_class_is_divided_as_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    features, _ = clouds([4, 9, 1, 7, 3, 2, 12], spread=0.5, width=16)
    shuffled = features[np.random.default_rng(3).permutation(len(features))]
    targets = np.zeros(len(features), np.int64)
    direct = groups_of(shuffled, targets, LEAST_SIMILARITY)
    monkeypatch.setattr(scenes, "LARGEST", 20)
    monkeypatch.setattr(scenes, "_ROWS", 5)
    assert groups_of(shuffled, targets, LEAST_SIMILARITY).tolist() == direct.tolist()
    assert 1 < len(np.unique(direct)) < len(direct)


def test_a_class_too_large_and_too_alike_falls_apart_at_a_higher_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    features, _ = clouds([30, 1], spread=0.2)
    features[10:13] = features[10]
    monkeypatch.setattr(scenes, "LARGEST", 8)
    numbers = groups_of(features, np.zeros(31, np.int64), LEAST_SIMILARITY)
    assert np.bincount(numbers).max() <= 8


def test_frames_that_follow_each_other_are_found() -> None:
    files = ["a/v1_9.png", "a/v1_10.png", "a/v1_12.png", "b/v1_11.png", "a/v2_10.png", "a/x.png"]
    assert frame_pairs(files).tolist() == [[0, 1]]
    assert frame_pairs(["a/x.png"]).shape == (0, 2)


def test_frames_of_the_same_name_in_two_parts_are_both_compared() -> None:
    assert frame_pairs(["a/1.png", "a/2.jpg", "a/1.png"]).tolist() == [[0, 1], [2, 1]]


def test_similarities_are_those_of_all_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    features, _ = clouds([5, 5], spread=0.5)
    pairs = np.argwhere(np.ones((10, 10)))
    monkeypatch.setattr(scenes, "_ROWS", 7)
    assert similarities(features, pairs).reshape(10, 10) == pytest.approx(
        features @ features.T, abs=1e-6
    )


def test_components_are_numbered_by_their_first_image() -> None:
    assert connected(np.array([[4, 1], [1, 3]]), 6).tolist() == [0, 1, 2, 1, 1, 3]
