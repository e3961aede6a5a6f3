"""Counters that never pass their limits, whoever counts at once."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from visionflow.access.budget import STAGE_ROWS, StageStop
from visionflow.access.caller import LOCAL, Caller
from visionflow.access.quotas import Amounts, Quotas
from visionflow.access.usage import REFUSED_S, UsageSettings, UsageStore
from visionflow.errors import BudgetStoppedError, QuotaExceededError, VisionFlowError

pytestmark = pytest.mark.usefixtures("aws")

TABLE = "usage"
QUOTAS = Quotas(
    requests_per_minute=5,
    caller=Amounts(requests=20, images=10, bytes=1_000, jobs=2, job_usd=10.0),
    stage=Amounts(requests=30, images=15, bytes=1_500, jobs=3, job_usd=15.0),
)
ONE = Amounts(requests=1)
ANNA, BEN = (Caller(f"user:{name}", name, frozenset()) for name in ("anna", "ben"))


class Clock:
    """The time of the functions, set by the test."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 31, 12, 30, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def table() -> Any:
    client = boto3.client("dynamodb")
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[{"AttributeName": k, "AttributeType": "S"} for k in ("pk", "sk")],
    )
    return client


@pytest.fixture
def function(table: Any, clock: Clock) -> Callable[[], UsageStore]:
    """Another instance of a function: it knows nothing but the table."""
    return lambda: UsageStore(TABLE, table, QUOTAS, now=clock, clock=clock.seconds)


def refused(usage: UsageStore, caller: Caller | None, spent: Amounts) -> VisionFlowError:
    with pytest.raises(QuotaExceededError) as raised:
        usage.spend(caller, spent)
    return raised.value


def test_a_minute_s_requests_are_counted_by_all_functions_together(
    function: Callable[[], UsageStore], clock: Clock
) -> None:
    first, second = function(), function()
    for usage in (first, second, first, second, first):
        usage.spend(ANNA, ONE)
    error = refused(second, ANNA, ONE)
    assert "requests_per_minute" in str(error)
    assert "2030-01-31T12:31:00" in str(error)
    assert error.retry_after == 50
    first.spend(BEN, ONE)
    clock.forward(seconds=50)
    first.spend(ANNA, ONE)


def test_a_clock_that_is_behind_counts_in_the_minute_that_has_begun(
    table: Any, function: Callable[[], UsageStore], clock: Clock
) -> None:
    behind = Clock()
    slow = UsageStore(TABLE, table, QUOTAS, now=behind, clock=behind.seconds)
    clock.forward(minutes=1)
    for _ in range(4):
        function().spend(ANNA, ONE)
    slow.spend(ANNA, ONE)
    assert refused(slow, ANNA, ONE).retry_after


@pytest.mark.parametrize(
    ("quota", "spent"),
    [
        ("images", Amounts(images=4)),
        ("bytes", Amounts(bytes=400)),
        ("jobs", Amounts(jobs=1)),
        ("job_usd", Amounts(job_usd=4.5)),
    ],
)
def test_a_month_s_amounts_are_never_passed(
    function: Callable[[], UsageStore], clock: Clock, quota: str, spent: Amounts
) -> None:
    usage = function()
    for _ in range(2):
        usage.spend(ANNA, spent)
    error = refused(usage, ANNA, spent)
    assert f"{quota}_per_month" in str(error)
    assert "2030-02-01T00:00:00" in str(error)
    assert error.retry_after == 41_390
    left = {item.quota: item for item in usage.left(ANNA) if item.of == "caller"}
    assert left[quota].used == 2 * getattr(spent, quota)
    clock.forward(days=1)
    function().spend(ANNA, spent)


def test_the_stage_has_limits_of_its_own(function: Callable[[], UsageStore]) -> None:
    images = Amounts(images=5)
    for caller in (ANNA, BEN):
        function().spend(caller, images)
    function().spend(None, images)  # dropped into the bucket, by nobody that the API knows
    assert str(refused(function(), None, Amounts(images=1))).startswith("This stage has no more")
    error = refused(function(), LOCAL, Amounts(images=1))
    assert "This stage" in str(error)
    function().spend(LOCAL, ONE)


def test_more_than_the_whole_limit_is_refused_in_an_empty_month(
    function: Callable[[], UsageStore],
) -> None:
    assert "bytes_per_month" in str(refused(function(), ANNA, Amounts(bytes=1_001)))


def test_a_key_s_own_numbers_of_requests_take_the_place_of_the_stage_s(
    function: Callable[[], UsageStore], clock: Clock
) -> None:
    key = replace(ANNA, requests_per_minute=2, requests_per_month=3)
    function().spend(key, ONE)
    function().spend(key, ONE)
    assert "requests_per_minute" in str(refused(function(), key, ONE))
    clock.forward(minutes=1)
    function().spend(key, ONE)
    assert "requests_per_month" in str(refused(function(), key, ONE))


def test_forty_at_once_do_not_pass_the_limit(
    table: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each from a function of its own, so that only the table can hold them.

    DynamoDB checks a condition and writes in one step. moto does not between threads.
    """
    quotas = replace(QUOTAS, requests_per_minute=12)
    update, one_step = table.update_item, threading.Lock()

    def update_in_one_step(**asked: Any) -> Any:
        with one_step:
            return update(**asked)

    monkeypatch.setattr(table, "update_item", update_in_one_step)

    def ask(_: int) -> bool:
        usage = UsageStore(TABLE, table, quotas, now=clock, clock=clock.seconds)
        try:
            usage.spend(ANNA, ONE)
        except QuotaExceededError:
            return True
        return False

    with ThreadPoolExecutor(8) as pool:
        refusals = sum(pool.map(ask, range(40)))
    assert refusals == 28
    used = UsageStore(TABLE, table, quotas, now=clock).left(ANNA)
    assert {(u.of, u.per): u.used for u in used if u.quota == "requests"}["caller", "minute"] == 12


def test_a_flood_that_is_refused_makes_no_calls(
    function: Callable[[], UsageStore], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = function()
    usage.spend(ANNA, Amounts(images=10))
    refused(usage, ANNA, Amounts(requests=1, images=1))
    with monkeypatch.context() as patch:
        patch.setattr(usage, "_client", None)
        for _ in range(100):
            refused(usage, ANNA, Amounts(requests=1, images=1))
    usage.spend(ANNA, ONE)  # another quota
    clock.forward(seconds=REFUSED_S)
    refused(usage, ANNA, Amounts(images=1))


def test_no_call_is_under_way_when_a_refusal_is_answered(
    function: Callable[[], UsageStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lambda freezes the function then."""
    usage, done = function(), []

    def slowly(*_: Any) -> None:
        time.sleep(0.2)
        done.append("stage")

    monkeypatch.setattr(usage, "_spend_stage", slowly)
    refused(usage, ANNA, Amounts(images=11))
    assert done == ["stage"]


def test_what_fails_is_counted_too(function: Callable[[], UsageStore]) -> None:
    usage = function()
    with pytest.raises(ValueError, match="a bad image"), usage.spending(ANNA, ONE):
        raise ValueError("a bad image")
    assert usage.left(ANNA)[0].used == 1


def test_what_fails_over_a_quota_says_so(function: Callable[[], UsageStore]) -> None:
    usage = function()
    usage.spend(ANNA, Amounts(images=10))
    with pytest.raises(QuotaExceededError), usage.spending(ANNA, Amounts(images=1)):
        raise ValueError("a bad image")


def stage_rows(table: Any) -> dict[str, int]:
    items = table.scan(TableName=TABLE)["Items"]
    return {
        item["pk"]["S"]: int(item.get("images", {"N": "0"})["N"])
        for item in items
        if item["pk"]["S"].startswith("STAGE")
    }


def test_no_row_of_the_stage_takes_most_of_the_writes(
    table: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 1,000 images a second one row may take 700 writes: DynamoDB takes 1,000 to a partition."""
    usage = UsageStore(TABLE, table, Quotas(10**6, Amounts(images=10**6), Amounts(images=10**6)))
    written: Counter[str] = Counter()
    table.meta.events.register(
        "before-parameter-build.dynamodb.UpdateItem",
        lambda params, **_: written.update([params["Key"]["pk"]["S"]]),
    )
    for _ in range(200):
        usage.spend(None, Amounts(images=1))
    assert set(written) == set(STAGE_ROWS)
    assert max(written.values()) < 0.45 * 200
    assert sum(stage_rows(table).values()) == 200


def test_the_stage_s_quota_is_used_to_its_end_over_all_its_rows(
    table: Any, function: Callable[[], UsageStore]
) -> None:
    usage = function()
    for _ in range(15):
        usage.spend(None, Amounts(images=1))
    refused(usage, None, Amounts(images=1))
    assert sum(stage_rows(table).values()) == 15


def test_what_fits_in_no_row_alone_is_counted_in_several(
    table: Any, function: Callable[[], UsageStore]
) -> None:
    usage = function()
    usage.spend(None, Amounts(images=13, bytes=1_400))
    assert usage.left(ANNA)[-4].used == 13
    error = refused(usage, None, Amounts(images=3))
    assert "This stage has no more left of the 15 images per month" in str(error)
    # Refused whole: what is left is there for who needs less.
    function().spend(None, Amounts(images=2, bytes=100))
    assert sum(stage_rows(table).values()) == 15


def test_a_stop_refuses_images_and_jobs_until_it_is_over(
    table: Any, function: Callable[[], UsageStore], clock: Clock
) -> None:
    stop = StageStop(TABLE, table)
    stop.stop("The budget is spent.", clock())
    stop.stop("Again.", clock())
    found = stop.current(clock())
    assert found is not None
    assert found.reason == "The budget is spent."
    usage = function()
    for spent in (Amounts(requests=1, images=1), Amounts(jobs=1, job_usd=1)):
        for caller in (ANNA, None):
            error = refused(usage, caller, spent)
            assert isinstance(error, BudgetStoppedError)
            assert "The budget is spent." in str(error)
            assert error.retry_after == 41_390
    usage.spend(ANNA, ONE)
    stop.resume(clock())
    clock.forward(seconds=REFUSED_S)
    usage.spend(ANNA, Amounts(images=1))
    assert stop.current(clock()) is None


def test_a_stop_ends_with_the_month(
    table: Any, function: Callable[[], UsageStore], clock: Clock
) -> None:
    StageStop(TABLE, table).stop("The budget is spent.", clock())
    clock.forward(days=1)
    assert StageStop(TABLE, table).current(clock()) is None
    function().spend(ANNA, Amounts(images=1))


def test_rows_are_forgotten(table: Any, function: Callable[[], UsageStore], clock: Clock) -> None:
    function().spend(ANNA, ONE)
    rows = table.scan(TableName=TABLE)["Items"]
    assert {row["pk"]["S"].partition("#")[0] for row in rows} == {"CALLER", "STAGE"}
    for row in rows:
        expires = datetime.fromtimestamp(int(row["expires_at"]["N"]), UTC)
        assert timedelta(days=31) < expires - clock() < timedelta(days=100)


def test_the_environment_brings_the_quotas(table: Any) -> None:
    settings = UsageSettings.of(TABLE, QUOTAS)
    read = UsageSettings.from_env(settings.to_env())
    assert read.store(table).left(ANNA)[0].limit == QUOTAS.caller.requests
