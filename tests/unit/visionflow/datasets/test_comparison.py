"""Comparing the images of a dataset by their embeddings."""

import numpy as np
import numpy.typing as npt
import pytest

from visionflow.datasets import comparison
from visionflow.datasets.comparison import ALIKE, Int64Array, compare, look_alikes

FEATURES = 48


def unit(vectors: np.ndarray) -> np.ndarray:
    scaled: npt.NDArray[np.float16] = (
        vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    ).astype(np.float16)
    return scaled


def classes(count: int, each: int, seed: int = 0, spread: float = 0.8) -> np.ndarray:
    """Embeddings [count * each, F] around one centre for each class."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(count, FEATURES))
    noise = rng.normal(size=(count * each, FEATURES))
    return unit(np.repeat(centres, each, axis=0) + spread * noise)


def targets_of(count: int, each: int) -> Int64Array:
    return np.repeat(np.arange(count), each)


def test_a_group_is_what_pairs_connect_and_is_named_by_its_first() -> None:
    strangers = classes(6, 1)
    # Each step of the chain is alike, its ends are not.
    angle = np.arccos(ALIKE) * 0.9
    chain = unit(
        np.stack(
            [
                np.eye(FEATURES)[0] * np.cos(i * angle) + np.eye(FEATURES)[1] * np.sin(i * angle)
                for i in range(4)
            ]
        )
    )
    assert chain[0].astype(float) @ chain[3].astype(float) < ALIKE
    groups = look_alikes(np.concatenate([strangers, chain]))
    assert groups.tolist() == [0, 1, 2, 3, 4, 5, 6, 6, 6, 6]


def test_no_pair_is_missed_by_looking_in_the_main_directions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pairs around the limit, many rows at a time and few, with few directions."""
    monkeypatch.setattr(comparison, "_DIMENSIONS", 4)
    monkeypatch.setattr(comparison, "_ROWS", 7)
    rng = np.random.default_rng(3)
    first = rng.normal(size=(60, FEATURES))
    embeddings = unit(np.concatenate([first, first + 0.5 * rng.normal(size=first.shape)]))
    cosines = embeddings.astype(np.float32) @ embeddings.astype(np.float32).T
    alike = np.triu(cosines >= ALIKE, 1)
    assert 10 < alike.sum() < 60
    found = look_alikes(embeddings)
    assert [(i, g) for i, g in enumerate(found) if i != g] == sorted(
        (int(j), int(i)) for i, j in zip(*np.nonzero(alike), strict=True)
    )


@pytest.mark.parametrize(
    ("embeddings", "groups", "most"),
    [
        # The bound of nearly each pair is above the limit, and no pair is.
        (unit(np.random.default_rng(5).normal(size=(400, FEATURES))), 400, 0),
        # Frames of one film: a few pairs connect them all.
        (classes(1, 400, spread=0.01), 1, 8 * 400),
    ],
)
def test_pairs_are_multiplied_one_by_one_only_where_few_need_it(
    monkeypatch: pytest.MonkeyPatch, embeddings: npt.NDArray[np.float16], groups: int, most: int
) -> None:
    monkeypatch.setattr(comparison, "_DIMENSIONS", 4)
    monkeypatch.setattr(comparison, "_ROWS", 8)
    cosines, multiplied = comparison._cosines, []

    def counted(
        embeddings: npt.NDArray[np.float16], first: Int64Array, second: Int64Array
    ) -> comparison.Float32Array:
        multiplied.append(len(first))
        return cosines(embeddings, first, second)

    monkeypatch.setattr(comparison, "_cosines", counted)
    assert len(set(look_alikes(embeddings))) == groups
    assert sum(multiplied) <= most


def test_wrong_labels_are_suspected_and_right_ones_are_not() -> None:
    embeddings, targets = classes(5, 60), targets_of(5, 60)
    wrong = np.arange(0, 300, 29)
    given = targets.copy()
    given[wrong] = (given[wrong] + 1) % 5
    suspected = compare(embeddings, given).suspected
    assert np.flatnonzero(suspected >= 0).tolist() == wrong.tolist()
    assert (suspected[wrong] == targets[wrong]).all()


def test_look_alikes_with_the_same_wrong_label_do_not_vouch_for_each_other() -> None:
    embeddings, given = classes(4, 40), targets_of(4, 40)
    # Ten frames of one thing of class 0, all labelled 1.
    embeddings[:10] = embeddings[0]
    given[:10] = 1
    compared = compare(embeddings, given)
    assert (compared.groups[:10] == 0).all()
    assert (compared.suspected[:10] == 0).all()


def test_images_without_a_label_are_grouped_and_not_suspected() -> None:
    embeddings, targets = classes(3, 20), targets_of(3, 20)
    targets[::2] = -1
    compared = compare(embeddings, targets)
    assert (compared.suspected[::2] == -1).all()
    assert len(compared.groups) == 60


def test_an_outlier_is_unlike_all_others_of_its_class() -> None:
    embeddings, targets = classes(2, 50), targets_of(2, 50)
    embeddings[7] = classes(1, 1, seed=9)[0]
    assert np.flatnonzero(compare(embeddings, targets).outliers).tolist() == [7]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_hardly_any_images_are_compared_too(count: int) -> None:
    embeddings = classes(count, 1) if count else np.empty((0, 0), np.float16)
    compared = compare(embeddings, np.zeros(count, np.int64))
    assert compared.groups.tolist() == list(range(count))
    assert not compared.outliers.any()
    assert (compared.suspected == -1).all()
