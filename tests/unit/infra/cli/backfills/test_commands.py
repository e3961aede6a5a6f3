"""``visionflow backfill`` against an API that answers from memory."""

import json
from typing import Any

import pytest

from infra.cli.backfills import commands
from infra.cli.backfills.comparison import lines
from infra.cli.main import main, spelled_out
from visionflow.client.errors import ApiError

PROGRESS = {
    **{"listed": 100, "listed_all": True, "not_images": 2, "ok": 90, "unknown": 4, "failed": 6},
    **{"skipped": 0, "left": 0, "chunks": 4, "chunks_done": 4, "active_seconds": 10.0},
    **{"failed_codes": {"image_empty": 6}, "spent_usd": 0.02, "images_per_second": 10.0},
    **{"expected_end": None, "expected_seconds": 10.0, "expected_usd": 0.02},
}
ESTIMATE = {"images": 100, "exact": True, "bytes": 5_000_000, "usd": 0.021, "seconds": 11.0}
DONE = {
    **{"id": "B1", "state": "done", "reason": None, "source": "s3://images/uploads/"},
    **{"models": ["flowers/1"], "into": "files", "estimate": ESTIMATE, "progress": PROGRESS},
    **{"results": {"location": "s3://b/backfills/B1/results/", "query": "SELECT 1"}},
    "compares": False,
}
COMPARISON = {
    **{"new": "flowers/2", "old": "flowers/1", "images": 90},
    **{"failed": {"both": 6, "new": 3, "old": 1}, "unknown": {"both": 4, "new": 2, "old": 0}},
    "agreement": {"share": 0.9, "low": 0.82, "high": 0.946},
    "confidence": {"new_mean": 0.91, "old_mean": 0.874},
    "labels": [
        {"label": "rose", "new": 12, "old": 20, "both": 11, "shift": 0.1},
        {"label": "lily", "new": 5, "old": 5, "both": 5, "shift": 0.0},
    ],
    "confusion": [{"old": "rose", "new": None, "images": 7}],
    "slices": [
        {"by": "folder", "value": "", "images": 60, "agreement": {"share": 0.8, "high": 0.88}},
        {"by": "folder", "value": "a", "images": 30, "agreement": {"share": 0.87, "high": 0.95}},
        {"by": "size", "value": "0.5-2", "images": 50, "agreement": {"share": 0.7, "high": 0.81}},
        {
            "by": "confidence",
            "value": "<0.5",
            "images": 9,
            "agreement": {"share": 0.1, "high": 0.4},
        },
    ],
    **{"clusters": [{"id": 0}], "examples": [{"key": "a.jpg"}, {"key": "b.jpg"}]},
}


class Api:
    """Answers each call with the next of its ``answers``."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)
        self.calls: list[tuple[str, str, Any]] = []
        self.refusal: Exception = AssertionError("nobody expected this call")

    def send(self, method: str, path: str, query: Any = None, body: Any = None) -> dict[str, Any]:
        self.calls.append((method, path, body))
        if not self.answers:
            raise self.refusal
        return self.answers.pop(0)


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Any:
    def run(api: Api, *words: str) -> int:
        monkeypatch.setattr(commands, "api_client", lambda _arguments: api)
        monkeypatch.setattr(commands, "_LOOK_SECONDS", 0)
        return main(["backfill", *words])

    return run


@pytest.mark.parametrize(
    ("given", "start"),
    [
        (["backfill", "s3://b/p", "--json"], True),
        (["backfill", "--json", "s3://b/p"], True),
        (["backfill", "start", "s3://b/p"], False),
        (["backfill", "list"], False),
        (["predict", "s3://b/p"], False),
    ],
)
def test_a_source_alone_is_started(given: list[str], start: bool) -> None:
    expected = ["backfill", "start", *given[1:]] if start else given
    assert spelled_out(given) == expected


def test_a_start_is_followed_to_its_end(say: Any, capsys: pytest.CaptureFixture[str]) -> None:
    begun = {**DONE, "state": "running"}
    api = Api({"estimate": ESTIMATE, "models": ["flowers/1"], "backfill": begun}, begun, DONE)
    assert say(api, "s3://images/uploads/", "--model", "flowers/1", "--max-usd", "3") == 0
    method, path, body = api.calls[0]
    assert (method, path) == ("POST", "/backfills")
    assert (body["models"], body["max_usd"], body["into"]) == (["flowers/1"], 3.0, "files")
    said = capsys.readouterr()
    assert "100 images (5.0 MB), about 0.0210 $ and 11 s." in said.err
    assert "estimated: 0.0210 $, 11 s" in said.out
    assert "actual: 0.0200 $, 10 s, 10.0 images a second" in said.out
    assert "failed: image_empty 6" in said.out


@pytest.mark.parametrize(
    ("state", "code"), [("done", 0), ("failed", 1), ("stopped", 1), ("paused", 1), ("cancelled", 1)]
)
def test_the_exit_code_says_whether_it_came_to_its_end(say: Any, state: str, code: int) -> None:
    assert say(Api({**DONE, "state": state}), "watch", "B1") == code


def test_a_dry_run_starts_nothing(say: Any, capsys: pytest.CaptureFixture[str]) -> None:
    estimate = {**ESTIMATE, "exact": False}
    api = Api({"estimate": estimate, "models": ["flowers/1"], "backfill": None})
    assert say(api, "start", "s3://images/uploads/", "--dry-run", "--no-wait") == 0
    assert api.calls[0][2]["dry_run"] is True
    assert capsys.readouterr().out.startswith("at least 100 images")


@pytest.mark.parametrize("what", ["pause", "resume", "cancel", "retry"])
def test_each_change_is_one_call(say: Any, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    api = Api({**DONE, "state": "running"})
    assert say(api, what, "a/b", "--json") == 0
    assert api.calls[0][:2] == ("POST", f"/backfills/a%2Fb/{what}")
    assert json.loads(capsys.readouterr().out)["state"] == "running"


def test_json_of_a_list_is_one_line(say: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert say(Api({"items": [DONE], "next_cursor": None}), "list", "--json") == 0
    assert json.loads(capsys.readouterr().out)["items"][0]["id"] == "B1"
    assert say(Api({"items": [DONE], "next_cursor": None}), "list") == 0
    assert "B1" in capsys.readouterr().out


def test_a_version_against_another_is_compared_at_the_end(
    say: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    compared = {**DONE, "models": ["flowers/2", "flowers/1"], "compares": True}
    api = Api({"estimate": ESTIMATE, "models": [], "backfill": compared}, COMPARISON)
    assert say(api, "s3://b/p", "--model", "flowers/2", "--against", "flowers/1") == 0
    assert api.calls[0][2]["models"] == ["flowers/2", "flowers/1"]
    assert api.calls[1][:2] == ("GET", "/backfills/B1/comparison")
    said = capsys.readouterr().out
    assert "agreement: 90.0% (95 % interval 82.0% to 94.6%)" in said
    assert "failed: 6 for both, 3 for flowers/2 alone, 1 for flowers/1 alone" in said
    assert "unknown: 4 for both, 2 for flowers/2 alone" in said
    assert "rose: 20 -> 12 images, 11 of them the same" in said
    assert "lily" not in said
    assert "rose -> unknown: 7 images" in said
    assert said.split("agree less:\n")[1].splitlines() == [
        "  confidence <0.5: 10.0% of 9 images",
        "  0.5-2 megapixels: 70.0% of 50 images",
        "  the source itself: 80.0% of 60 images",
        "examples: 2, in groups of images that look alike: 1; see the dashboard, or --json",
    ]
    assert say(Api(compared, COMPARISON), "show", "B1", "--json") == 0
    assert json.loads(capsys.readouterr().out)["comparison"] == COMPARISON


@pytest.mark.parametrize("state", ["running", "failed", "cancelled"])
def test_one_that_is_not_done_is_shown_without_its_comparison(say: Any, state: str) -> None:
    api = Api({**DONE, "compares": True, "state": state})
    say(api, "show", "B1")
    assert len(api.calls) == 1


@pytest.mark.parametrize("code", ["comparison_not_found", "forbidden"])
def test_one_without_a_comparison_is_shown_all_the_same(
    say: Any, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    api = Api({**DONE, "compares": True})
    api.refusal = ApiError("No.", code)
    assert say(api, "show", "B1") == 0
    assert "actual: " in capsys.readouterr().out


def test_nothing_was_compared_where_no_image_was_answered_by_both() -> None:
    empty = {**COMPARISON, "images": 0, "agreement": {"share": None, "low": 0.0, "high": 1.0}}
    assert lines(empty) == [
        "flowers/2 against flowers/1: 0 images answered by both",
        "failed: 6 for both, 3 for flowers/2 alone, 1 for flowers/1 alone",
    ]


def test_an_old_version_needs_a_new_one(say: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert say(Api(), "s3://b/p", "--against", "flowers/1") != 0
    assert "--model" in capsys.readouterr().err
