from datetime import UTC, datetime, timedelta, timezone

from visionflow.timestamps import new_id, timestamp

NOW = datetime(2030, 1, 2, 3, 4, 5, 6, tzinfo=UTC)


def test_timestamps_sort_as_text_and_are_utc() -> None:
    assert timestamp(NOW) == "2030-01-02T03:04:05.000006Z"
    assert timestamp(NOW.astimezone(timezone(timedelta(hours=9)))) == timestamp(NOW)
    assert timestamp(NOW) < timestamp(NOW + timedelta(microseconds=1))


def test_years_have_four_digits() -> None:
    assert timestamp(datetime(900, 1, 1, tzinfo=UTC)) == "0900-01-01T00:00:00.000000Z"


def test_fresh_ids_differ_and_sort_by_time() -> None:
    ids = [new_id(NOW + timedelta(milliseconds=i)) for i in range(100)]
    assert ids == sorted(ids)
    assert len({new_id(NOW) for _ in range(1000)}) == 1000
    assert {len(i) for i in ids} == {26}
