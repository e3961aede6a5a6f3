"""The committed lists of labels."""

import csv
import os
import tarfile
from pathlib import Path

import pytest

from visionflow.models.label_tree import Label, LabelTree

LABELS = Path(__file__).parents[3] / "training" / "labels" / "imagenet1000.csv"
CLASSES = 1000


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with LABELS.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def tree(rows: list[dict[str, str]]) -> LabelTree:
    labels = tuple(Label(row["label"], row["parent"]) for row in rows[:CLASSES])
    inner = [Label(row["label"], row["parent"]) for row in rows[CLASSES:]]
    listed = {node.name for node in inner}
    tops = {node.parent for node in (*labels, *inner) if node.parent} - listed
    return LabelTree(labels, (*(Label(name, None) for name in sorted(tops)), *inner))


def test_imagenet_s_labels_are_distinct_and_form_a_tree(tree: LabelTree) -> None:
    assert len(tree.labels) == CLASSES
    assert sum(parent.parent is None for parent in tree.parents) == 15
    assert tree.ancestors("golden retriever") == ("animal", "mammal", "dog", "retriever")
    assert tree.ancestors("crane (bird)")[-1] == "wading bird"
    assert tree.ancestors("crane (machine)")[-1] == "device"


def test_every_label_of_imagenet_has_one_to_four_parents(tree: LabelTree) -> None:
    depths = {tree.depth(label.name) for label in tree.labels}
    assert depths == {1, 2, 3, 4}


def test_every_parent_of_imagenet_s_labels_holds_at_least_two(tree: LabelTree) -> None:
    below = [node.parent for node in (*tree.labels, *tree.parents)]
    assert [parent.name for parent in tree.parents if below.count(parent.name) < 2] == []


def test_imagenet_s_labels_are_in_the_order_of_the_logits(rows: list[dict[str, str]]) -> None:
    folders = [row["folder"] for row in rows]
    synsets = [folder.split("_")[0] for folder in folders[:CLASSES]]
    assert synsets == sorted(set(synsets))
    assert not any(folders[CLASSES:])
    # The indices that other lists of these classes state.
    known = {0: "tench", 151: "chihuahua", 207: "golden retriever", 281: "tabby cat", 409: "analog"}
    known |= {517: "crane (machine)", 817: "sports car", 948: "granny smith", 999: "toilet paper"}
    assert all(rows[index]["label"].startswith(name) for index, name in known.items())


@pytest.mark.skipif("VISIONFLOW_DATA" not in os.environ, reason="needs VISIONFLOW_DATA")
def test_imagenet_s_folders_are_those_of_its_images(rows: list[dict[str, str]]) -> None:
    with tarfile.open(Path(os.environ["VISIONFLOW_DATA"]) / "imagenet1000-samples.tar") as archive:
        folders = [name.split("/")[1] for name in archive.getnames()]
    assert folders == [row["folder"] for row in rows[:CLASSES]]
