"""What a backfill costs, against sums by hand."""

from dataclasses import replace

import pytest

from tests.unit.visionflow.costs.test_estimate import MEASURED
from visionflow.backfills.price import (
    AROUND_S,
    Counted,
    Earlier,
    Setting,
    around_s,
    cost_items,
    estimate,
)
from visionflow.backfills.record import BackfillEstimate, Spent
from visionflow.backfills.request import Work

SETTING = Setting("us-east-1", "x86_64", 1769)
WORK = Work("s3://a/b", "listing", ("a/1",), "files", None, 100, None, None)
TYPICAL = MEASURED.images[1]
MILLION = Counted(1_000_000, round(1_000_000 * TYPICAL.bytes), exact=True)


def said(
    work: Work = WORK, counted: Counted = MILLION, earlier: Earlier | None = None
) -> BackfillEstimate:
    return estimate(work, counted, SETTING, earlier, measurements=MEASURED)


def test_a_million_images_into_files_by_hand() -> None:
    found = said()
    seconds = 1_000_000 * TYPICAL.s3_ms / 1000
    assert found.items["lambda_gb_seconds"] == pytest.approx(seconds * 1769 / 1024 * 0.0000166667)
    assert found.items["s3_gets"] == pytest.approx(0.4)
    assert found.usd == pytest.approx(sum(found.items.values()))
    work = found.seconds - AROUND_S - 250
    assert work == pytest.approx(seconds / 100, rel=1e-3)


def test_the_target_of_two_dollars_holds_by_this_releases_measurements() -> None:
    assert estimate(WORK, Counted(10**6, 90_448 * 10**6, exact=True), SETTING).usd <= 2


def test_records_cost_their_rows_and_counters() -> None:
    files, records = said(), said(replace(WORK, into="records"))
    # A record's kilobytes in the table and in three indexes, and three rows of counters.
    units = (-(-MEASURED.record_bytes // 1024) * 4 + 3) * 1_000_000
    more = records.items["dynamodb_write_units"] - files.items["dynamodb_write_units"]
    assert more == pytest.approx(units * 0.625e-6)


def test_a_second_version_adds_its_inference_alone() -> None:
    one, two = said(), said(replace(WORK, models=("a/1", "a/2")))
    share = two.items["lambda_gb_seconds"] / one.items["lambda_gb_seconds"]
    assert share == pytest.approx(1 + MEASURED.infer_ms / TYPICAL.s3_ms)


def test_a_comparison_writes_a_part_of_each_chunk_and_reads_it_once() -> None:
    one, two = said(), said(replace(WORK, models=("a/1", "a/2")))
    chunks = one.items["s3_puts"] / 5e-6 - 1_000  # but for the pages of the listing
    assert two.items["s3_puts"] - one.items["s3_puts"] == pytest.approx(chunks / 2 * 5e-6)
    assert two.items["s3_gets"] - one.items["s3_gets"] == pytest.approx(chunks / 2 * 4e-7)
    added = two.seconds - one.seconds - 10_000 * MEASURED.infer_ms / 1000
    assert added == pytest.approx(
        around_s(replace(WORK, models=("a/1", "a/2")), round(chunks / 2)) - AROUND_S
    )
    assert around_s(WORK, 10) == AROUND_S


def test_a_small_sample_of_many_objects_costs_their_listing() -> None:
    size = round(1_000 * TYPICAL.bytes)
    few = said(counted=Counted(1_000, size, exact=True))
    found = said(counted=Counted(1_000, size, exact=True, listed=100_000_000))
    # 100,000 pages at 5 USD per million, and a quarter of a second each.
    assert found.usd - few.usd == pytest.approx(0.5, rel=1e-3)
    assert found.seconds - few.seconds == pytest.approx(25_000, rel=1e-3)


def test_an_earlier_backfill_corrects_the_measurements() -> None:
    plain, corrected = said(), said(earlier=Earlier(ms=2.0, seconds=1.5))
    assert (plain.basis, corrected.basis) == ("release", "earlier")
    seconds = [found.seconds - AROUND_S - 250 for found in (plain, corrected)]
    assert seconds[1] == pytest.approx(3 * seconds[0], rel=1e-3)


def test_what_was_done_costs_what_it_took() -> None:
    items = cost_items(Spent(ms=60_000, calls=10, reads=5_000, writes=20), 7, SETTING, MEASURED)
    assert items["lambda_gb_seconds"] == pytest.approx(60 * 1769 / 1024 * 0.0000166667)
    assert items["s3_puts"] == pytest.approx(27 * 5e-6)
    assert items["s3_gets"] == pytest.approx(5_000 * 0.4e-6)


def test_nothing_costs_next_to_nothing() -> None:
    assert said(counted=Counted(0, 0, exact=True)).usd < 0.001
