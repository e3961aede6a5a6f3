"""Costs against examples that were worked by hand."""

from dataclasses import replace

import pytest

from visionflow.costs.amounts import Workload, amounts_of, duration_ms, traces
from visionflow.costs.estimate import (
    MEMORY_SIZES_MB,
    TOO_SMALL,
    bill,
    estimate,
    idle_costs,
    least_memory_mb,
    memory_sizes,
    metric_costs,
    way_cost,
)
from visionflow.costs.measured import Measured, MeasuredImage, measured
from visionflow.costs.prices import price_table
from visionflow.errors import InvalidParameterError

# One megapixel has 400 kB and takes 50 ms, ten have 4 MB and take 500 ms.
MEASURED = Measured(
    measured_at="2030-01-01",
    hardware="a machine",
    model="a model",
    infer_ms=10,
    images=(MeasuredImage(1, 400_000, 50, 40), MeasuredImage(10, 4_000_000, 500, 400)),
    record_bytes=1_500,
    thumbnail_bytes=8_000,
    log_bytes=2_000,
    resident_mb=150,
    metrics=20,
    alarms=12,
)
# Nobody looks, and an original is paid for for 30 days with the wait for midnight.
ONE = Workload(per_day=86_400, megapixels=1, looked_at=0)
PRICES = price_table().of("us-east-1")


def test_between_two_measured_sizes_lies_a_line() -> None:
    middle = MEASURED.at(5.5)
    assert (middle.bytes, middle.http_ms, middle.s3_ms) == (2_200_000, 275, 220)
    beyond = MEASURED.at(19)
    assert (beyond.bytes, beyond.http_ms) == (7_600_000, 950)
    assert MEASURED.at(0.001).http_ms >= 0


def test_another_model_changes_its_own_share() -> None:
    other = MEASURED.with_model("a slower one", 35)
    assert (other.at(1).http_ms, other.at(10).s3_ms) == (75, 425)
    assert other.model == "a slower one"
    slower, faster = (estimate(ONE, m).http.items["lambda_gb_seconds"] for m in (other, MEASURED))
    assert slower - faster == pytest.approx(
        0.025 * 1769 / 1024 * PRICES.lambda_gb_seconds_x86_64 * 1e6
    )


def test_a_direct_call_by_hand() -> None:
    """50 ms of work, a call of S3 at 30 ms and one of DynamoDB at 6 ms: 86 ms of 1,769 MB."""
    amounts = amounts_of(ONE, "http", MEASURED)
    assert duration_ms(ONE, "http", MEASURED) == 86
    assert amounts["lambda_requests"] == 1
    assert amounts["lambda_gb_seconds"] == pytest.approx(0.086 * 1769 / 1024)
    assert amounts["http_api_requests"] == 1  # 400 kB is within one piece of 512 KB
    assert amounts["s3_puts"] == 1
    # 1.5 KB for the table and four indexes; and the request is counted in two rows.
    assert amounts["dynamodb_write_units"] == 2 * 5 + 2
    assert "sqs_requests" not in amounts


def test_a_dropped_file_by_hand() -> None:
    """40 ms of work, S3 read, the table asked and written: 40 + 30 + 12 ms."""
    amounts = amounts_of(ONE, "s3", MEASURED)
    assert duration_ms(ONE, "s3", MEASURED) == 82
    assert (amounts["s3_puts"], amounts["s3_gets"], amounts["sqs_requests"]) == (1, 1, 3)
    # No owner; and the stage alone counts it.
    assert amounts["dynamodb_write_units"] == 2 * 4 + 1
    assert amounts["dynamodb_read_units"] == 1
    assert "http_api_requests" not in amounts


def test_a_million_direct_calls_in_dollars_by_hand() -> None:
    cost = way_cost(ONE, "http", MEASURED, price_table())
    assert cost.items["lambda_requests"] == pytest.approx(0.20)
    assert cost.items["lambda_gb_seconds"] == pytest.approx(0.086 * 1769 / 1024 * 16.6667, abs=0.01)
    assert cost.items["http_api_requests"] == pytest.approx(1.00)
    assert cost.items["s3_puts"] == pytest.approx(5.00)
    assert cost.items["dynamodb_write_units"] == pytest.approx(7.5)
    assert cost.items["s3_gb_months"] == pytest.approx(0.25 * 400_000 / 2**30 * 0.023 * 1e6)
    assert cost.items["traces"] == 0
    traced = way_cost(replace(ONE, traced=True), "http", MEASURED, price_table())
    assert traced.items["traces"] == pytest.approx(5.00)  # one a second: each is recorded
    assert cost.per_million == pytest.approx(sum(cost.items.values()))


@pytest.mark.parametrize(("megabytes", "pieces"), [(0.5, 1), (0.6, 2), (4.2, 9)])
def test_the_gateway_counts_pieces_of_512_kb(megabytes: float, pieces: int) -> None:
    workload = replace(ONE, megapixels=megabytes / 0.4)
    assert amounts_of(workload, "http", MEASURED)["http_api_requests"] == pieces


def test_an_image_over_a_direct_call_s_limit_goes_by_form_through_the_bucket() -> None:
    large = replace(ONE, megapixels=12)
    by_form, dropped = (amounts_of(large, way, MEASURED) for way in ("http", "s3"))
    assert by_form["sqs_requests"] == dropped["sqs_requests"] == 3
    assert by_form["http_api_requests"] == 3
    assert by_form["lambda_requests"] == dropped["lambda_requests"] + 3
    assert duration_ms(large, "http", MEASURED) == duration_ms(large, "s3", MEASURED)


def test_a_share_of_a_vcpu_takes_longer_and_two_are_no_faster() -> None:
    half, twice = (replace(ONE, memory_mb=size) for size in (885, 3538))
    assert duration_ms(half, "http", MEASURED) == pytest.approx(50 * 1769 / 885 + 36)
    assert duration_ms(twice, "http", MEASURED) == 86


def test_the_cheapest_is_the_smallest_that_holds_the_largest_image() -> None:
    found = estimate(ONE, MEASURED)
    assert memory_sizes(MEASURED) == MEMORY_SIZES_MB
    assert (found.cheapest.architecture, found.cheapest.memory_mb) == ("arm64", 1024)
    totals = [choice.http + choice.s3 for choice in found.choices]
    assert totals == sorted(totals)
    heavy = replace(MEASURED, resident_mb=900)
    assert 1024 not in memory_sizes(heavy)
    assert estimate(ONE, heavy).cheapest.memory_mb == 1769


def test_a_size_that_does_not_hold_what_was_measured_is_called_too_small() -> None:
    least = least_memory_mb(MEASURED)
    below, enough = (
        estimate(replace(ONE, memory_mb=size), MEASURED).assumptions for size in (least - 1, least)
    )
    assert f"at least {least} MB" in below[TOO_SMALL]
    assert TOO_SMALL not in enough


def test_the_free_tier_is_taken_off_a_month_once() -> None:
    amounts = {"lambda_requests": 1_500_000.0, "lambda_gb_seconds": 300_000.0, "s3_puts": 1000.0}
    free = price_table().free
    assert bill(amounts, PRICES, "x86_64", free) == pytest.approx(
        {"lambda_requests": 0.10, "lambda_gb_seconds": 0.0, "s3_puts": 0.005}
    )
    few = replace(ONE, per_day=100, free_tier=True, traced=True)
    found = estimate(few, MEASURED)
    items = found.http.items
    assert items["lambda_requests"] == items["lambda_gb_seconds"] == items["traces"] == 0
    # The empty queues were asked for all of their free requests.
    assert found.s3.items["sqs_requests"] == pytest.approx(3 * 0.4)
    assert items["s3_puts"] == pytest.approx(5.00)  # nothing of it is free for ever


def test_a_thumbnail_that_is_looked_at_by_hand() -> None:
    """The original is read and the thumbnail written and read; 30 ms of work, 60 + 12 ms of waits;
    each row of the record is written again."""
    none, all_of_them = (
        amounts_of(replace(ONE, looked_at=share), "http", MEASURED) for share in (0, 1)
    )
    more = {item: all_of_them[item] - none[item] for item in none}
    assert {item: n for item, n in more.items() if n} == pytest.approx(
        {
            "lambda_requests": 1,
            "lambda_gb_seconds": 0.102 * 1769 / 1024,
            "s3_puts": 1,
            "s3_gets": 2,
            "s3_gb_months": 8_000 / 2**30,
            "dynamodb_write_units": 10,
        }
    )


def test_each_setting_says_what_it_saves_or_costs() -> None:
    found = estimate(ONE, MEASURED)
    levers = {lever.setting: lever for lever in found.levers}
    originals = levers["originals are kept"]
    assert (originals.now, originals.other) == ("7 days", "30 days")
    # 23 of 30 days more, of 400 kB.
    assert originals.http == pytest.approx(23 / 30 * 400_000 / 2**30 * 0.023 * 1e6)
    assert levers["requests are traced"].s3 == pytest.approx(5.00)
    assert levers["records are kept"].http > 0
    assert levers["thumbnails are looked at"].http > 6
    assert levers["architecture"].http < 0
    assert levers["memory"].http < 0
    longer = estimate(replace(ONE, original_days=30), MEASURED)
    (back,) = (lever for lever in longer.levers if lever.setting == originals.setting)
    assert back.other == "7 days"
    assert back.http == pytest.approx(-originals.http)


def test_a_million_3_mp_images_cost_what_was_promised() -> None:
    """Of the stage `dev`, with this checkout's measurements."""
    found = estimate(Workload(per_day=33_333, megapixels=3))
    for way in (found.http, found.s3):
        assert way.per_million <= 20
        assert way.items["s3_gb_months"] + way.items["dynamodb_gb_months"] <= 6


def test_traces_are_all_recorded_below_one_a_second_and_a_twentieth_above() -> None:
    few, many = (replace(ONE, per_day=n, traced=True) for n in (1000, 10 * 86_400))
    assert traces(few) == pytest.approx(30_000)
    assert traces(many) == pytest.approx((1 + 0.05 * 9) * 86_400 * 30)
    assert traces(replace(many, traced=False)) == 0


def test_what_is_owed_whether_anybody_asks_or_not() -> None:
    """Two queues are asked 648,000 times each, of which a million are free; ten of twelve alarms
    are; and a metric is owed only when it is sent."""
    idle = idle_costs(ONE, MEASURED, price_table())
    assert idle["alarms"] == pytest.approx(2 * 0.10)
    assert idle["sqs_requests"] == pytest.approx(296_000 * 0.4e-6)
    assert "metrics" not in idle
    assert metric_costs(ONE, MEASURED, price_table()) == pytest.approx(10 * 0.30)
    assert metric_costs(ONE, replace(MEASURED, metrics=3), price_table()) == 0


def test_what_a_stage_has_beside_the_default_is_owed() -> None:
    idle = idle_costs(ONE, MEASURED, price_table())
    more = idle_costs(replace(ONE, snap_start=1, keys=1, more_alarms=7), MEASURED, price_table())
    owed = {item: more[item] - idle[item] for item in more if more[item] != idle[item]}
    assert owed == pytest.approx(
        {"snap_start_cache_gb_seconds": 6.74, "keys": 1.00, "alarms": 0.70}, abs=0.01
    )


def test_the_default_deployment_owes_no_more_idle_than_its_queues_polling() -> None:
    found = estimate(ONE)
    assert {item for item, usd in found.idle_per_month.items() if usd} <= {"sqs_requests"}
    assert sum(found.idle_per_month.values()) <= 0.12
    assert "10 alarms" in found.assumptions["allowances"]


def test_opening_the_dashboard_by_hand() -> None:
    """Twelve requests at a dollar per million, and 250 kB at 8.5 cents per GB."""
    by_hand = 1000 * (12e-6 + 250_000 / 2**30 * 0.085)
    assert estimate(ONE, MEASURED).page_views_per_1000 == pytest.approx(by_hand)


def test_a_month_is_its_images_and_what_comes_beside_them() -> None:
    found = estimate(replace(ONE, per_day=1000), MEASURED)
    beside = sum(found.idle_per_month.values()) + found.metrics_per_month
    assert found.month_through_http == pytest.approx(0.03 * found.http.per_million + beside)


@pytest.mark.parametrize(
    "change",
    [
        {"per_day": 0},
        {"per_day": float("nan")},
        {"megapixels": -1},
        {"memory_mb": 64},
        {"original_days": 0},
        {"looked_at": 1.5},
        {"region": "mars-1"},
    ],
)
def test_a_workload_that_is_none_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(InvalidParameterError):
        estimate(replace(ONE, **change), MEASURED)  # type: ignore[arg-type]


@pytest.mark.parametrize("region", ["us-east-1", "ap-northeast-2"])
def test_the_committed_measurements_and_prices_answer(region: str) -> None:
    found = estimate(Workload(per_day=10_000, megapixels=12, region=region))
    assert 10 < found.s3.per_million < 1000
    assert measured().measured_at in found.assumptions["measured"]
    assert price_table().looked_up in found.assumptions["prices"]
