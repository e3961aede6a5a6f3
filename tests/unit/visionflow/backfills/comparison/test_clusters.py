"""Clusters of images that look alike, and which of them are shown."""

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage

from tests.unit.visionflow.backfills.comparison.test_part import candidate
from visionflow.backfills.comparison.candidates import Candidate
from visionflow.backfills.comparison.clusters import MOST_CLUSTERS, clusters_of, ward
from visionflow.backfills.comparison.part import Part
from visionflow.backfills.comparison.summary import comparison_of
from visionflow.backfills.comparison.view import MOST_EXAMPLES


def around(centres: int, each: int, features: int = 8) -> np.ndarray:
    """``each`` points close to each of some centres that are far apart."""
    generator = np.random.default_rng(0)
    near = generator.normal(scale=0.01, size=(centres * each, features))
    return (np.eye(centres, features).repeat(each, axis=0) + near).astype(np.float32)


def alike(count: int, centres: int, cell: tuple[str, str] = ("cat", "dog")) -> list[Candidate]:
    points = around(centres, count // centres).astype(np.float16)
    return [
        candidate(f"{n:03}", *cell, apart=1 - n / count, embedding=point.tobytes())
        for n, point in enumerate(points)
    ]


@pytest.mark.parametrize("clusters", [1, 4, 39, 40])
def test_wards_method_is_that_of_scipy(clusters: int) -> None:
    points = np.random.default_rng(1).normal(size=(40, 5)).astype(np.float32)
    ours = ward(points, clusters)
    theirs = fcluster(linkage(points, "ward"), clusters, "maxclust")
    assert len(set(ours)) == len(set(zip(ours, theirs, strict=True))) == clusters


def test_images_that_look_alike_are_one_cluster_and_clusters_take_turns() -> None:
    said = comparison_of(("n", "o"), Part(candidates=alike(32, 4)))
    assert [cluster.images for cluster in said.clusters] == [8] * clusters_of(32)
    numbers = [image.cluster for image in said.examples]
    assert len(numbers) == 32
    for at in range(0, 32, 4):
        assert sorted(numbers[at : at + 4]) == [0, 1, 2, 3]
    firsts = [said.examples[cluster.example] for cluster in said.clusters]
    assert [image.cluster for image in firsts] == [0, 1, 2, 3]
    assert {image.disagreement for image in firsts} == {1.0, 0.75, 0.5, 0.25}
    assert said.examples[0].disagreement == 1.0


def test_at_most_a_hundred_are_shown_of_every_cluster() -> None:
    said = comparison_of(("n", "o"), Part(candidates=alike(800, 8)))
    assert len(said.examples) == MOST_EXAMPLES
    assert len(said.clusters) == len({image.cluster for image in said.examples}) == MOST_CLUSTERS


def test_a_cluster_is_called_what_most_of_it_are() -> None:
    mixed = [*alike(6, 1), *alike(2, 1, ("dog", "fox"))]
    said = comparison_of(("n", "o"), Part(candidates=mixed))
    assert (said.clusters[0].old, said.clusters[0].new) == ("cat", "dog")


@pytest.mark.parametrize("embeddings", [(b"", b""), (b"", b"\0<"), (b"\0<", b"\0<\0<")])
def test_without_embeddings_that_compare_clusters_are_by_the_answers(
    embeddings: tuple[bytes, bytes],
) -> None:
    pairs = [("cat", "dog"), ("cat", None), ("dog", "cat")]
    some = [candidate(f"{n}", *pairs[n % 3], embedding=embeddings[n % 2]) for n in range(9)]
    said = comparison_of(("n", "o"), Part(candidates=some))
    assert {(cluster.old, cluster.new) for cluster in said.clusters} == set(pairs)
    many = [candidate(f"{n:02}", f"{n}", None) for n in range(50)]
    assert len(comparison_of(("n", "o"), Part(candidates=many)).clusters) == MOST_CLUSTERS
