import numpy as np

from tests.unit.training.evaluation.labels.scenes import scenes
from training.evaluation.labels.cross_validation import FOLDS, fold_scores, out_of_fold


def test_coin_tosses_are_known_by_their_scene_only_when_it_is_split() -> None:
    tossed = scenes(classes=2, each=30, apart=0, size=256)
    grouped = out_of_fold(tossed.features, tossed.targets, tossed.groups)
    random = out_of_fold(tossed.features, tossed.targets, None)
    scores = fold_scores(grouped, random, tossed.targets, tossed.groups)
    assert abs(scores.grouped_top1 - 0.5) < 0.15
    assert scores.random_top1 > 0.9
    assert scores.grouped_interval.low < 0.5 < scores.grouped_interval.high
    assert scores.random_interval.low > 0.9
    assert (scores.folds, scores.images) == (FOLDS, 240)


def test_a_class_of_one_group_cannot_be_measured() -> None:
    made = scenes(each=6)
    groups = np.where(made.targets == 1, 1_000, made.groups)
    found = out_of_fold(made.features, made.targets, groups)
    assert (found.measured == (made.targets != 1)).all()


def test_small_classes_get_fewer_folds() -> None:
    made = scenes(each=3)
    found = out_of_fold(made.features, made.targets, made.groups)
    assert found.folds == 3
    assert found.measured.all()


def test_answers_are_the_same_again() -> None:
    made = scenes(each=4)
    first, second = (out_of_fold(made.features, made.targets, made.groups) for _ in range(2))
    assert (first.logits == second.logits).all()
