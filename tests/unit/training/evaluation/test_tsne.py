import sys

import numpy as np
import pytest

from training.evaluation.tsne import map_embeddings


def clusters(count: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    targets = np.arange(count) % 2
    centres = np.where(targets[:, None] == np.arange(2).repeat(8), 5.0, 0.0)
    return (centres + generator.normal(0, 0.3, centres.shape)).astype(np.float32), targets


def test_alike_embeddings_lie_together() -> None:
    embeddings, targets = clusters(60)
    found = map_embeddings(embeddings, targets, 1 - targets, seed=1)
    assert found.skipped is None
    assert (found.truth, found.answer) == (tuple(targets), tuple(1 - targets))
    points = np.array([found.x, found.y]).T
    centres = [points[targets == target].mean(axis=0) for target in (0, 1)]
    nearest = [
        np.argmin([np.linalg.norm(point - centre) for centre in centres]) for point in points
    ]
    assert np.mean(np.array(nearest) == targets) > 0.95


def test_a_seed_gives_one_map() -> None:
    embeddings, targets = clusters(30)
    assert map_embeddings(embeddings, targets, targets, seed=3) == map_embeddings(
        embeddings, targets, targets, seed=3
    )


def test_too_few_images_are_not_mapped() -> None:
    embeddings, targets = clusters(12)
    found = map_embeddings(embeddings, targets, targets, seed=1)
    assert found.skipped == "12 images are too few, 20 are needed"
    assert found.x == ()


def test_embeddings_that_are_all_the_same_are_not_mapped() -> None:
    targets = np.zeros(30, np.int64)
    found = map_embeddings(np.ones((30, 4), np.float32), targets, targets, seed=1)
    assert found.skipped == "the embeddings of all images are the same"


def test_without_scikit_learn_there_is_no_map(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    embeddings, targets = clusters(60)
    found = map_embeddings(embeddings, targets, targets, seed=1)
    assert found.skipped == "scikit-learn is not installed"
