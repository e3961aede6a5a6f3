import numpy as np
import pytest

from training.config import Balance
from training.data.balance import class_weights, epoch_order

COUNTS = np.array([1000, 100, 10])


@pytest.mark.parametrize("balance", ["none", "sampler"])
def test_no_weights_unless_asked_for(balance: Balance) -> None:
    assert class_weights(COUNTS, balance) is None


def test_inverse_weights_give_every_class_the_same_say() -> None:
    weights = class_weights(COUNTS, "inverse")
    assert weights is not None
    say = weights * COUNTS
    np.testing.assert_allclose(say, say[0])


def test_effective_numbers_lie_between_inverse_and_none() -> None:
    inverse, effective = class_weights(COUNTS, "inverse"), class_weights(COUNTS, "effective")
    assert inverse is not None and effective is not None
    assert 1 < effective[2] / effective[0] < inverse[2] / inverse[0]
    # (1 - beta^n) / (1 - beta) with beta = 0.999, for the first and the last class.
    ratio = (1 - 0.999**1000) / (1 - 0.999**10)
    assert (effective[2] / effective[0]).item() == pytest.approx(ratio, rel=1e-5)


@pytest.mark.parametrize("balance", ["inverse", "effective"])
def test_the_mean_weight_of_an_image_is_one(balance: Balance) -> None:
    weights = class_weights(COUNTS, balance)
    assert weights is not None
    assert (weights * COUNTS).sum() / COUNTS.sum() == pytest.approx(1)


def test_the_sampler_draws_every_class_as_often() -> None:
    targets = np.repeat(np.arange(3), [90, 9, 3])
    order = epoch_order(targets, "sampler", np.random.default_rng(0))
    assert np.bincount(targets[order]).tolist() == [34, 34, 34]
    times = np.bincount(order, minlength=102)
    assert times[:90].max() == 1
    assert set(times[90:99]) == {3, 4}


def test_the_sampler_works_on_single_images_each() -> None:
    targets = np.arange(4)
    assert sorted(epoch_order(targets, "sampler", np.random.default_rng(0))) == [0, 1, 2, 3]
