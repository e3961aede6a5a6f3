from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from tests.tiny_model import LABELS
from tests.unit.training.evaluation.colours import colour_set, tiny_classifier
from tests.unit.training.evaluation.test_stage_activations import network
from training.data.image_set import ImageSet
from training.evaluation.examine import examine
from training.evaluation.measure import measure_split
from training.evaluation.stage_activations import stage_activations
from training.results.findings import Findings


def find(folder: Path, images: ImageSet) -> Findings:
    classifier = tiny_classifier(folder)
    stages = partial(stage_activations, network(2))
    return examine(classifier, stages, images, measure_split(classifier, images), seed=1)


def test_everything_that_lies_behind_the_scores(tmp_path: Path) -> None:
    images = colour_set(60, mislabelled=6)
    found = find(tmp_path, images)
    assert [one.file for one in found.mistakes] == [one.image.file for one in found.wrong]
    assert {one.file for one in found.mistakes} == set(images.files[-6:])
    assert [one.image.truth for one in found.right] == list(LABELS)
    assert len(found.embedding_map.x) == 60
    assert found.curves.roc and len(found.curves.roc.classes) == 3
    assert found.activations and len(found.activations.stages) == 2
    assert found.activations.image == found.right[0].image


def test_where_all_is_right_there_are_no_mistakes(tmp_path: Path) -> None:
    found = find(tmp_path, colour_set(12, mislabelled=0))
    assert not found.mistakes and not found.wrong
    assert found.embedding_map.skipped is not None


def test_where_all_is_wrong_a_mistake_is_followed_through_the_network(tmp_path: Path) -> None:
    found = find(tmp_path, colour_set(12, mislabelled=12))
    assert found.right == ()
    assert found.activations and found.activations.image == found.mistakes[0]


def test_without_a_network_its_inside_is_left_out(tmp_path: Path) -> None:
    classifier, images = tiny_classifier(tmp_path), colour_set(12)
    measured = measure_split(classifier, images)
    assert examine(classifier, None, images, measured, seed=1).activations is None


def test_classes_without_images_disturb_nothing(tmp_path: Path) -> None:
    images = colour_set(30, mislabelled=0).subset(np.arange(0, 30, 3))
    both = colour_set(30, mislabelled=0).subset(np.flatnonzero(np.arange(30) % 3 < 2))
    assert find(tmp_path / "one", images).curves.skipped == "the images are all of one class"
    roc = find(tmp_path / "two", replace(both)).curves.roc
    assert roc and [one.label for one in roc.classes] == ["red", "green"]
