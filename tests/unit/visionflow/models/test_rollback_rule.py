import pytest

from visionflow.errors import InvalidParameterError
from visionflow.models.rollback_rule import RollbackRule, Tally

RULE = RollbackRule(enabled=True, min_images=10)


def test_it_is_off_by_default() -> None:
    assert RollbackRule().broken_by(Tally(answers=1000, unknown=1000, errors=1000)) is None


@pytest.mark.parametrize(
    ("tally", "reason"),
    [
        (Tally(answers=99, errors=1), None),
        (Tally(answers=90, errors=10), "error rate 0.100 over 0.05 in 100 images"),
        (Tally(answers=0, errors=10), "error rate 1.000 over 0.05 in 10 images"),
        (Tally(answers=20, unknown=10), None),
        (
            Tally(answers=20, unknown=11),
            "unknown rate 0.550 over 0.5 in 20 images (0 unfamiliar)",
        ),
        (
            Tally(answers=20, unknown=11, unfamiliar=4),
            "unknown rate 0.550 over 0.5 in 20 images (4 unfamiliar)",
        ),
        (Tally(answers=9, unknown=9), None),
        (Tally(answers=20, compared=10, disagreed=4), "disagreement 0.400 over 0.3 in 10 images"),
        (Tally(answers=20, compared=9, disagreed=9), None),
    ],
)
def test_a_share_over_its_limit_breaks_it(tally: Tally, reason: str | None) -> None:
    assert RULE.broken_by(tally) == reason


def test_a_limit_can_be_left_out() -> None:
    rule = RollbackRule(enabled=True, min_images=1, max_error_rate=None)
    assert rule.broken_by(Tally(errors=5)) is None


@pytest.mark.parametrize(
    "rule",
    [
        RollbackRule(min_images=0),
        RollbackRule(min_images=10**40),
        RollbackRule(max_unknown_rate=1.0),
        RollbackRule(max_disagreement=1e-200),
        RollbackRule(max_error_rate=float("nan")),
    ],
)
def test_limits_that_are_none_are_refused(rule: RollbackRule) -> None:
    with pytest.raises(InvalidParameterError):
        rule.check()
