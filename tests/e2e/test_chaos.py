"""Dying workers, throttled tables, broken reads, repeated events: still one record per image."""

import pytest

from tests.e2e.chaos import NO_EVENTS, run_chaos
from tests.e2e.cloud import Cloud
from tests.e2e.faults import CLIENT_ATTEMPTS

pytestmark = pytest.mark.e2e


def test_every_image_has_exactly_one_right_record(cloud: Cloud) -> None:
    """A tenth of what ``make bench`` runs."""
    report = run_chaos(cloud, images=200, kills=3)
    print(report)
    assert (report.missing, report.repeated, report.wrong) == (0, 0, 0)
    assert report.poison == 10
    assert report.left_in_queue == 0
    # At least once: a worker may die between writing one and its answer.
    assert set(report.dead_letters) == set(NO_EVENTS)
    assert report.faults == {
        "read cut off": 10,
        "read slowed": 2,
        "throttled": 2 + 2 + CLIENT_ATTEMPTS,
        "killed before the write": 2,
        "killed after the write": 1,
    }
