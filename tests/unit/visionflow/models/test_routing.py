from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visionflow.errors import (
    AliasConflictError,
    ModelInUseError,
    NothingInProductionError,
    NothingToRollBackToError,
)
from visionflow.models.ref import ModelRef
from visionflow.models.routing import MAX_TRAIL, Aliases, Canary, Order, share_of
from visionflow.timestamps import new_id

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ORDER = Order("somebody", NOW, "because")
ONE, TWO, THREE = (ModelRef("m", version) for version in "123")


def serving(*models: ModelRef) -> Aliases:
    aliases = Aliases()
    for model in models:
        aliases = aliases.promoted(model, ORDER).aliases
    return aliases


def test_ids_are_spread_evenly_over_the_shares() -> None:
    shares = [share_of(new_id(NOW)) for _ in range(4000)]
    assert 0 <= min(shares) < 0.01
    assert 0.99 < max(shares) < 1
    for percent in (5, 25, 50):
        found = sum(share < percent / 100 for share in shares) / len(shares)
        assert abs(found - percent / 100) < 0.04  # four standard deviations at 50 %


def test_the_share_of_an_id_is_fixed() -> None:
    """Another hash would let the same image change its version when it is delivered again."""
    assert share_of("canary-832") == pytest.approx(0.0011766643)
    assert share_of("production-108") == pytest.approx(0.9993723714)


@given(st.text(max_size=64), st.integers(1, 98))
def test_a_larger_share_keeps_the_images_of_a_smaller_one(text: str, percent: int) -> None:
    aliases = serving(ONE)
    small = aliases.with_canary(TWO, percent, ORDER).aliases
    large = aliases.with_canary(TWO, percent + 1, ORDER).aliases
    if small.chosen_for(text) == TWO:
        assert large.chosen_for(text) == TWO


@given(st.lists(st.sampled_from(["promote1", "promote2", "promote3", "back", "canary", "clear"])))
def test_whatever_is_moved_nothing_contradicts_itself(moves: list[str]) -> None:
    aliases, times = Aliases(), [""]
    for move in moves:
        try:
            if move.startswith("promote"):
                step = aliases.promoted(ModelRef("m", move[-1]), ORDER)
            elif move == "back":
                step = aliases.rolled_back(ORDER)
            elif move == "canary":
                step = aliases.with_canary(TWO, 10, ORDER)
            else:
                step = aliases.without_canary(ORDER)
        except AliasConflictError:
            continue
        assert bool(step.moves) == (step.aliases != aliases)
        aliases = step.aliases
        times += sorted({line.moved_at for line in step.moves})
        assert aliases.canary is None or aliases.canary.model != aliases.production
        assert aliases.trail[-1:] != (aliases.production,) or aliases.production is None
        if aliases.trial:
            assert aliases.trial.model in (
                aliases.production,
                aliases.canary.model if aliases.canary else None,
            )
    assert times == sorted(set(times))


def test_the_way_back_is_bounded() -> None:
    aliases = Aliases()
    for number in range(MAX_TRAIL + 5):
        aliases = aliases.promoted(ModelRef("m", str(number)), ORDER).aliases
    assert len(aliases.trail) == MAX_TRAIL
    assert aliases.trail[-1] == ModelRef("m", str(MAX_TRAIL + 3))


def test_a_larger_share_goes_on_with_the_same_trial() -> None:
    first = serving(ONE).with_canary(TWO, 5, ORDER).aliases
    second = first.with_canary(TWO, 50, ORDER).aliases
    assert second.canary == Canary("m", "2", 50)
    assert second.trial == first.trial
    assert second.with_canary(THREE, 50, ORDER).aliases.trial != first.trial


def test_what_was_taken_back_is_no_longer_watched() -> None:
    assert serving(ONE, TWO).trial is not None
    assert serving(ONE, TWO).rolled_back(ORDER).aliases.trial is None
    canary = serving(ONE).with_canary(TWO, 5, ORDER).aliases
    assert canary.without_canary(ORDER).aliases.trial is None


def test_the_shadow_of_what_is_promoted_ends() -> None:
    shadowed = serving(ONE).with_shadow(TWO, ORDER).aliases
    step = shadowed.promoted(TWO, ORDER)
    assert step.aliases.shadow is None
    assert [(m.alias, m.version) for m in step.moves] == [("production", "2"), ("shadow", None)]


def test_in_use_is_what_an_alias_points_at_and_the_way_back() -> None:
    assert Aliases().in_use == frozenset()
    aliases = serving(ONE, TWO, THREE)
    assert aliases.in_use == {TWO, THREE}
    four, five = ModelRef("m", "4"), ModelRef("m", "5")
    aliases = aliases.with_canary(four, 10, ORDER).aliases.with_shadow(five, ORDER).aliases
    assert aliases.in_use == {TWO, THREE, four, five}
    assert serving(ONE, TWO).rolled_back(ORDER).aliases.in_use == {ONE}


def test_each_refused_move_says_which_reason_it_has() -> None:
    with pytest.raises(NothingToRollBackToError):
        serving(ONE).rolled_back(ORDER)
    with pytest.raises(NothingInProductionError):
        Aliases().with_canary(ONE, 5, ORDER)
    with pytest.raises(NothingInProductionError):
        Aliases().with_shadow(ONE, ORDER)
    with pytest.raises(ModelInUseError):
        serving(ONE).with_canary(ONE, 5, ORDER)
    with pytest.raises(ModelInUseError):
        serving(ONE).with_shadow(ONE, ORDER)
    with pytest.raises(ModelInUseError):
        serving(ONE).forgetting(ONE)
