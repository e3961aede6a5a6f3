"""The most that limits allow, against examples that were worked by hand."""

from dataclasses import replace

import pytest

from tests.unit.visionflow.costs.test_estimate import MEASURED, ONE
from visionflow.access.quotas import Amounts
from visionflow.costs.estimate import estimate
from visionflow.costs.worst_case import Bounds, worst_case
from visionflow.errors import InvalidParameterError

NOTHING = Bounds(
    workload=replace(ONE, traced=True),
    limits=Amounts(),
    per_second=0,
    health_per_second=0,
    api_memory_mb=512,
    log_retention_days=14,
)
UNTRACED = replace(NOTHING, workload=ONE)


def more(bounds: Bounds) -> float:
    """What it allows beyond a stage that allows nothing."""
    return worst_case(bounds, MEASURED).total - worst_case(NOTHING, MEASURED).total


def test_a_stage_that_allows_nothing_owes_what_it_owes_idle() -> None:
    found = estimate(ONE, MEASURED)
    owed = sum(found.idle_per_month.values()) + found.metrics_per_month
    assert worst_case(NOTHING, MEASURED).total == pytest.approx(owed)


def test_a_flood_by_hand() -> None:
    """2,592,000 requests: a dollar per million for the gateway, 0.40 for two functions, two writes
    and a read, 20 ms of 1,769 and of 512 MB, 2,900 bytes of log, 1,000 of answer."""
    million = 1.00 + 0.40 + 2 * 0.625 + 0.125
    million += 0.02 * (1769 + 512) / 1024 * 16.6667
    million += 2_900e6 / 2**30 * (0.50 + 0.03 * 14 / 30) + 1_000e6 / 2**30 * 0.09
    flood = replace(UNTRACED, per_second=1)
    assert more(flood) == pytest.approx(2.592 * million, rel=1e-4)


def test_a_traced_flood_pays_for_a_trace_each_second_and_a_twentieth_of_the_others() -> None:
    traced, untraced = (replace(bounds, per_second=2) for bounds in (NOTHING, UNTRACED))
    by_hand = (1 + 0.05 * 3) * 2_592_000 * 5e-6  # each request starts two traces
    assert more(traced) - more(untraced) == pytest.approx(by_hand)


@pytest.mark.parametrize(
    ("limits", "least", "most"),
    [
        # 2 s of 1,769 MB twice, two objects, its writes, its part of the gateway.
        (Amounts(images=1_000_000), 150, 350),
        # Stored for 37 days at 2.3 cents a month, and sent once for 9.
        (Amounts(bytes=100 * 2**30), 11.83, 11.84),
        (Amounts(job_usd=200.0), 200, 200.001),
        (Amounts(jobs=10), 1, 3),
    ],
)
def test_what_each_quota_allows(limits: Amounts, least: float, most: float) -> None:
    assert least <= more(replace(NOTHING, limits=limits)) <= most


def test_a_region_without_prices_is_refused() -> None:
    with pytest.raises(InvalidParameterError):
        worst_case(replace(NOTHING, workload=replace(ONE, region="mars-1")))
