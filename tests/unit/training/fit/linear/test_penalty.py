from dataclasses import replace

import numpy as np
import pytest

from tests.unit.training.evaluation.labels.scenes import scenes
from training.config import ProbeConfig
from training.data.listing import Int64Array
from training.fit.linear import penalty as module
from training.fit.linear.penalty import Known, choose_penalty, fit_head

CONFIG = ProbeConfig(views=0, crop_scale=1.0, penalties=(0.1, 1000.0, 10.0), folds=4)


def known(apart: float = 2.0, groups: Int64Array | None = None) -> Known:
    made = scenes(apart=apart)
    features = made.features[:, None]
    numbers = made.groups if groups is None else groups
    return Known(features, made.targets, numbers, 3, (16,), None)


def test_the_penalty_with_the_lowest_loss_on_other_groups_is_chosen() -> None:
    chosen = choose_penalty(known(), CONFIG, seed=1)
    assert [score.penalty for score in chosen.tried] == [1000.0, 10.0, 0.1]
    assert chosen.penalty == min(chosen.tried, key=lambda score: score.loss).penalty
    assert (chosen.folds, chosen.images) == (4, 240)


def test_groups_stay_in_one_fold() -> None:
    # Features say nothing about the class, and everything about the scene.
    tossed = known(apart=0.0)
    split = replace(tossed, groups=np.arange(240))
    config = ProbeConfig(views=0, crop_scale=1.0, penalties=(0.01,), folds=4)
    (grouped,), (leaked,) = (choose_penalty(x, config, seed=1).tried for x in (tossed, split))
    assert grouped.top1 < 0.6
    assert leaked.top1 > grouped.top1 + 0.2


def test_a_class_that_lies_in_one_fold_is_not_measured() -> None:
    made = known()
    one = replace(made, groups=np.where(made.targets == 1, 1_000, made.groups))
    assert choose_penalty(one, CONFIG, seed=1).images == 160


def test_without_groups_to_divide_the_strongest_penalty_is_taken() -> None:
    made = known()
    chosen = choose_penalty(replace(made, groups=made.targets), CONFIG, seed=1)
    assert (chosen.penalty, chosen.folds, chosen.images, chosen.tried) == (1000.0, 0, 0, ())


def test_of_many_images_some_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_IMAGES", 100)
    first, second = (choose_penalty(known(), CONFIG, seed=1) for _ in range(2))
    assert first.images == 100
    assert first == second


def test_the_units_of_a_trunk_make_no_difference() -> None:
    made = known()
    both = np.concatenate([made.features, made.features[..., ::-1]], axis=2)
    scaled = np.concatenate([made.features, 1000 * made.features[..., ::-1] + 7], axis=2)
    answers = [
        fit_head(replace(made, features=x, widths=(16, 16)), CONFIG, 10.0).logits(x[:, 0])
        for x in (both, scaled)
    ]
    np.testing.assert_allclose(answers[0], answers[1], atol=0.02, rtol=0.02)


def test_a_feature_that_never_varies_does_no_harm() -> None:
    made = known()
    model = fit_head(replace(made, features=np.full_like(made.features, 3.0)), CONFIG, 10.0)
    assert np.isfinite(model.logits(made.features[:, 0])).all()


def test_views_are_images_of_their_own_and_answer_together() -> None:
    made = known()
    views = np.concatenate([made.features, made.features + 0.1], axis=1)
    twice = replace(made, features=views)
    assert choose_penalty(twice, CONFIG, seed=1).images == 240
    assert fit_head(twice, CONFIG, 10.0).weights.shape == (16, 3)
