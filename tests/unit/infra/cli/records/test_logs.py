"""``visionflow logs``: pages, the time range, and following without a loss or a double."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest

from infra.cli.command_line import prediction_row
from infra.cli.main import main
from infra.cli.records import logs
from visionflow.client.errors import ApiError, LimitError, NotAllowedError, UnavailableError
from visionflow.timestamps import timestamp

API = ("--api-url", "http://127.0.0.1:9")
START = datetime(2030, 1, 31, 12, tzinfo=UTC)


class Api:
    """A history to which each sleep of the command may add."""

    def __init__(self, records: int) -> None:
        self.records = [record(n) for n in range(records)]
        self.asked: list[dict[str, Any]] = []
        self.fails: list[ApiError] = []

    def _logs(self, limit: int = 20, cursor: str | None = None, **query: Any) -> dict[str, Any]:
        self.asked.append({**query, "limit": limit})
        if self.fails and query.get("from"):
            raise self.fails.pop()
        assert 1 <= limit <= 100
        oldest = query.get("from") or ""
        found = [one for one in reversed(self.records) if one["created_at"] >= oldest]
        start = int(cursor or 0)
        left = start + limit < len(found)
        return {
            "items": found[start : start + limit],
            "next_cursor": str(start + limit) if left else None,
        }

    def send(
        self, method: str, path: str, query: Mapping[str, Any] = MappingProxyType({})
    ) -> dict[str, Any]:
        if path == "/logs":
            return self._logs(**query)
        assert (method, path) == ("GET", "/models")
        names = (("tiny", "1"), ("tiny", "2"), ("other", "2"))
        return {"items": [{"name": name, "version": version} for name, version in names]}


def record(number: int, seconds: float | None = None) -> dict[str, Any]:
    at = START + timedelta(seconds=number if seconds is None else seconds)
    return {
        "id": f"id-{number}",
        "created_at": timestamp(at),
        "filename": f"{number}.jpg",
        "label": "cat",
        "status": "ok",
        "confidence": 0.9,
        "model": None,
        "error": None,
        "timings": {},
    }


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Callable[[Api, list[Callable[[], object]]], Api]:
    """The ``steps`` happen one at each sleep; the next sleep is ended by Ctrl-C."""

    def use(api: Api, steps: list[Callable[[], object]]) -> Api:
        def sleep(_: float) -> None:
            if not steps:
                raise KeyboardInterrupt
            steps.pop(0)()

        monkeypatch.setattr(logs, "api_client", lambda _: api)
        monkeypatch.setattr("infra.cli.records.logs.time.sleep", sleep)
        return api

    return use


def shown(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("options", "count"), [((), 20), (("-n", "3"), 3), (("-n", "150"), 150), (("--all",), 250)]
)
def test_as_many_are_listed_as_were_asked_for(
    serve: Any, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], count: int
) -> None:
    serve(Api(250), [])
    assert main(["logs", *options, "--json", *API]) == 0
    assert shown(capsys) == [f"id-{n}" for n in range(249, 249 - count, -1)]


def test_the_api_gets_all_filters_and_whole_days_of_this_time_zone(serve: Any) -> None:
    api = serve(Api(1), [])
    filters = ("--label", "cat", "--status", "ok", "--source", "s3", "--model-version", "tiny/1")
    days = ("--origin", "edge", "--from", "2030-01-31", "--to", "2030-02-01")
    assert main(["logs", *filters, *days, "--all", *API]) == 0
    (asked,) = api.asked
    first = datetime(2030, 1, 31).astimezone()
    end = datetime(2030, 2, 2).astimezone() - timedelta(microseconds=1)
    assert asked == {
        **{"label": "cat", "status": "ok", "source": "s3", "model": "tiny/1", "limit": 100},
        **{"origin": "edge", "from": timestamp(first), "to": timestamp(end)},
    }


def test_a_record_whose_image_stayed_on_a_device_has_its_id_for_a_name() -> None:
    image = {"bucket": None, "key": None}
    kept = {**record(1), "filename": None, "image": image}
    assert prediction_row(kept)[0] == kept["id"]


@pytest.mark.parametrize("text", ["other", "1", "tiny/9"])
def test_a_version_is_named_as_everywhere(serve: Any, text: str) -> None:
    """The last is a version that is gone, of which there are still records."""
    api = serve(Api(1), [])
    assert main(["logs", "--model-version", text, *API]) == 0
    assert api.asked[0]["model"] == {"other": "other/2", "1": "tiny/1"}.get(text, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [("2", "give other/2 or tiny/2"), ("tiny", "give tiny/1"), ("9", "is called '9'")],
)
def test_a_name_that_several_versions_have_is_not_guessed(
    serve: Any, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(Api(1), [])
    assert main(["logs", "--model-version", text, *API]) == 1
    assert said in capsys.readouterr().err


def test_what_is_no_time_is_said(serve: Any, capsys: pytest.CaptureFixture[str]) -> None:
    serve(Api(1), [])
    assert main(["logs", "--from", "yesterday", *API]) == 1
    assert "write one like 2030-01-31 or" in capsys.readouterr().err


def test_following_an_idle_stage_prints_nothing_old_and_ends_well(
    serve: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(Api(250), [lambda: None, lambda: None])
    assert main(["logs", "--follow", "--json", *API]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("options", "old"), [(("-n", "2"), 2), (("--all",), 5)])
def test_old_ones_come_first_where_they_are_asked_for(
    serve: Any, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], old: int
) -> None:
    api = Api(5)
    serve(api, [lambda: api.records.append(record(5))])
    assert main(["logs", "--follow", *options, "--json", *API]) == 0
    assert shown(capsys) == [f"id-{n}" for n in range(5 - old, 6)]


def test_following_loses_and_doubles_none_also_of_those_that_are_visible_late(
    serve: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    api = Api(3)

    def many() -> None:
        api.records.extend(record(n) for n in range(3, 253))

    def late() -> None:
        api.records.append(record(253, seconds=240))
        api.records.sort(key=lambda one: str(one["created_at"]))

    serve(api, [many, late, lambda: None])
    assert main(["logs", "--follow", "--json", *API]) == 0
    assert shown(capsys) == [f"id-{n}" for n in range(3, 254)]


def test_the_first_record_of_an_empty_stage_is_new(
    serve: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    api = Api(0)
    serve(api, [lambda: api.records.append(record(0))])
    assert main(["logs", "--follow", "--json", *API]) == 0
    assert shown(capsys) == ["id-0"]


@pytest.mark.parametrize(
    "failure",
    [
        LimitError("Too many requests (429, quota_exceeded)", "quota_exceeded"),
        UnavailableError("http://127.0.0.1:9 does not answer (refused).", "no_answer"),
    ],
)
def test_following_outlives_what_passes(
    serve: Any, capsys: pytest.CaptureFixture[str], failure: ApiError
) -> None:
    api = Api(1)

    def fail() -> None:
        api.fails = [failure, failure]
        api.records.append(record(1))

    serve(api, [fail, lambda: None, lambda: None])
    assert main(["logs", "--follow", "--json", *API]) == 0
    assert shown(capsys) == ["id-1"]


def test_following_ends_where_the_caller_is_refused(
    serve: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    api = Api(1)
    refusal = NotAllowedError("Not allowed (403, forbidden)", "forbidden")
    serve(api, [lambda: api.fails.append(refusal)])
    assert main(["logs", "--follow", "--json", *API]) == 1
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "forbidden"
