"""``visionflow backfill`` against an API that answers from memory."""

import json
from typing import Any

import pytest

from infra.cli.backfills import commands
from infra.cli.main import main, spelled_out

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
    "results": {"location": "s3://b/backfills/B1/results/", "query": "SELECT 1"},
}


class Api:
    """Answers each call with the next of its ``answers``."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)
        self.calls: list[tuple[str, str, Any]] = []

    def send(self, method: str, path: str, query: Any = None, body: Any = None) -> dict[str, Any]:
        self.calls.append((method, path, body))
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
    ("state", "code"), [("done", 0), ("failed", 1), ("stopped", 1), ("paused", 0), ("cancelled", 0)]
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
