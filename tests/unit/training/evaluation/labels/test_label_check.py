from pathlib import Path

import numpy as np
from PIL import Image

from tests.unit.training.evaluation.labels.scenes import listing, scenes, swap
from training.evaluation.labels.label_check import MOST_SUSPECTS, check_labels
from training.results.data_url import pixels_of


def test_swapped_labels_are_found_with_the_right_suggestion() -> None:
    made = scenes()
    targets, swapped = swap(made.targets, 8)
    shown = listing(targets, Path("set"))
    check = check_labels(shown, made.features, made.groups)
    assert check.skipped is None
    assert check.suspect_count == len(swapped)
    assert {suspect.file for suspect in check.suspects} == {shown.files[i] for i in swapped}
    for suspect in check.suspects:
        index = shown.files.index(suspect.file)
        assert suspect.label == shown.labels[targets[index]]
        assert suspect.suggested == shown.labels[made.targets[index]]
        assert suspect.confidence < 0.1
        assert suspect.suggested_confidence > 0.5
        assert suspect.image is None


def test_one_wrong_label_among_duplicates_in_a_group_is_found() -> None:
    made = scenes()
    features, targets = made.features.copy(), made.targets.copy()
    features[:4] = features[0]
    targets[1] = 2
    shown = listing(targets, Path("set"))
    check = check_labels(shown, features, made.groups)
    assert [suspect.file for suspect in check.suspects] == [shown.files[1]]


def test_a_scene_whose_labels_are_all_wrong_is_found() -> None:
    made = scenes()
    targets = np.where(made.groups == 7, 1, made.targets)
    shown = listing(targets, Path("set"))
    check = check_labels(shown, made.features, made.groups)
    expected = {shown.files[i] for i in np.flatnonzero(made.groups == 7)}
    assert {suspect.file for suspect in check.suspects} == expected


def test_a_set_without_wrong_labels_has_no_suspects() -> None:
    made = scenes()
    check = check_labels(listing(made.targets, Path("set")), made.features, made.groups)
    assert (check.suspects, check.suspect_count) == ((), 0)
    assert check.scores is not None
    assert check.scores.grouped_top1 > 0.95


def test_features_that_say_nothing_accuse_no_label() -> None:
    made = scenes(each=25, apart=0.0, size=256)
    check = check_labels(listing(made.targets, Path("set")), made.features, made.groups)
    assert check.scores is not None
    assert check.scores.grouped_top1 < 0.6
    assert (check.suspects, check.suspect_count) == ((), 0)


def test_the_list_is_cut_and_the_count_is_not() -> None:
    made = scenes(each=200, shots=4)
    targets, _ = swap(made.targets, 120)
    check = check_labels(listing(targets, Path("set")), made.features, made.groups)
    assert len(check.suspects) == MOST_SUSPECTS
    assert check.suspect_count > MOST_SUSPECTS
    confidences = [suspect.confidence for suspect in check.suspects]
    assert confidences == sorted(confidences)


def test_sets_that_cannot_be_divided_are_skipped_with_the_reason() -> None:
    made = scenes(each=6)
    shown = listing(made.targets, Path("set"))
    for groups in (made.targets, np.zeros_like(made.targets)):
        check = check_labels(shown, made.features, groups)
        assert check.skipped == "fewer than two classes have images of two scenes"
        assert (check.scores, check.suspects, check.suspect_count) == (None, (), 0)
    alone = listing(np.zeros(1, np.int64), Path("set"))
    assert check_labels(alone, made.features[:1], np.zeros(1, np.int64)).skipped
    one_class = listing(np.zeros(9, np.int64), Path("set"))
    assert check_labels(one_class, made.features[:9], np.arange(9)).skipped


def test_a_class_with_one_image_or_none_does_not_matter() -> None:
    made = scenes()
    targets = made.targets.copy()
    targets[5] = 3
    shown = listing(targets, Path("set"), unused=2)
    check = check_labels(shown, made.features, made.groups)
    assert check.scores is not None
    assert check.scores.images == len(targets) - 1
    assert check.scores.grouped_top1 > 0.95


def test_thumbnails_of_suspects_are_small_and_those_of_lost_files_missing(tmp_path: Path) -> None:
    made = scenes()
    targets = made.targets.copy()
    targets[[3, 50]] = 2
    shown = listing(targets, tmp_path)
    file = shown.path(3)
    file.parent.mkdir(parents=True)
    Image.new("RGB", (400, 200), (250, 0, 0)).save(file)
    check = check_labels(shown, made.features, made.groups, thumbnails=True)
    images = {suspect.file: suspect.image for suspect in check.suspects}
    kept = images[shown.files[3]]
    assert kept is not None
    assert pixels_of(kept).shape == (56, 112, 3)
    assert images[shown.files[50]] is None
