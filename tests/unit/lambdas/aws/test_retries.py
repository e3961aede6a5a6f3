"""Pauses between attempts."""

import random

import pytest

from lambdas.aws import retries


@pytest.mark.parametrize("attempt", [1, 2])
def test_processes_of_one_snapshot_do_not_retry_in_step(attempt: int) -> None:
    """They wake up with one state of Python's generator."""
    pauses = set()
    for _ in range(3):
        random.seed(1)
        pauses.add(retries.pause("s3", attempt, throttled=True))
    assert len(pauses) == 3


def test_only_what_is_throttled_waits_long() -> None:
    broken = [retries.pause("dynamodb", 1, throttled=False) for _ in range(100)]
    throttled = [retries.pause("dynamodb", 1, throttled=True) for _ in range(100)]
    assert max(broken) <= 0.025 < max(throttled) <= 1
