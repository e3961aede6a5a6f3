import json
from typing import Any

import pytest

from infra.cli.main import main
from infra.cli.records import feedback
from infra.cli.records import stats as stats_command
from visionflow.client.errors import NotAllowedError, NotFoundError

API = ("--api-url", "http://127.0.0.1:9")
RECORD = {"id": "one", "label": "cat", "status": "unknown", "confidence": 0.4, "filename": "a.jpg"}
RECORD |= {"model": {"name": "tiny", "version": "1"}, "error": None, "timings": {"infer": 3.0}}
SHARE = {"n": 4, "correct": 3, "low": 0.3, "high": 0.95}
STATS = {
    "first_day": "2030-01-01",
    "last_day": "2030-01-04",
    "total": 9,
    "by_status": {"ok": 8, "unknown": 1, "failed": 0},
    "unsure": 1,
    "unfamiliar": 0,
    "by_label": {f"label {n}": n for n in range(12)},
    "by_model": {"tiny/1": 9, "old/1": 1},
    "by_origin": {"cloud": 6, "browser": 2, "edge": 1},
    "agreement": {
        **{"tiny/1": {"compared": 3, "agreed": 2, "low": 0.2, "high": 0.9, "confidence_gap": 0.01}},
        **{"old/1": {"compared": 1, "agreed": 0, "low": 0, "high": 0.8, "confidence_gap": None}},
    },
    "by_day": [
        {"day": "2030-01-01", "ok": 1, "unknown": 0, "failed": 0},
        {"day": "2030-01-04", "ok": 7, "unknown": 1, "failed": 0},
    ],
    "feedback": {"by_model": {"tiny/1": SHARE}},
    "drift": {},
}


class Api:
    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.state: dict[str, Any] = {"status": "ok", "model": RECORD["model"], "reason": None}
        self.status_is_refused = False

    def send(
        self,
        method: str,
        path: str,
        query: Any = None,
        body: Any = None,
        *,
        repeatable: bool | None = None,
    ) -> dict[str, Any]:
        # Twice, it would take back two.
        assert repeatable is (False if method == "DELETE" else None)
        self.asked.append((method, path, query or body))
        said = {"label": body["label"] if body else "cat", "at": "2030-01-31T12", "by": "Ann"}
        match method, path.rpartition("/")[2]:
            case "GET", "one":
                return RECORD
            case "GET", "two":
                raise NotFoundError("None (404)", "prediction_not_found", status=404)
            case "GET", "uncertain":
                return {"items": [RECORD]}
            case "GET", "stats":
                return STATS
            case "GET", "feedback":
                return {"items": [said]}
            case "DELETE", _:
                return {"withdrawn": said}
        return {**RECORD, "given": said, "counts": True}

    def once(self, method: str, path: str) -> dict[str, Any]:
        if path == "/health":
            return {"status": self.state["status"]}
        if self.status_is_refused:
            raise NotAllowedError("No key (401)", "not_accepted", status=401)
        return self.state


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    found = Api()
    for module in (feedback, stats_command):
        monkeypatch.setattr(module, "api_client", lambda _, **_options: found)
    return found


def test_the_queue_says_how_to_label_what_is_in_it(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["uncertain", *API]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[1].split()[:3] == ["one", "a.jpg", "cat"]
    assert "visionflow feedback one --label LABEL --from-queue" in said


@pytest.mark.parametrize(
    ("options", "label", "said"),
    [
        (["--right"], "cat", "one is said to show cat."),
        (["--label", "dog"], "dog", "one is said to show dog."),
        (["--wrong"], None, "one is said to show none of the labels."),
    ],
)
def test_an_answer_is_confirmed_or_corrected(
    api: Api, capsys: pytest.CaptureFixture[str], options: list[str], label: str | None, said: str
) -> None:
    assert main(["feedback", "one", *options, "--from-queue", *API]) == 0
    body = {"label": label, "new": False, "from_queue": True}
    assert api.asked[-1] == ("POST", "/predictions/one/feedback", body)
    assert capsys.readouterr().out == f"{said}\n"


def test_feedback_is_listed_and_taken_back(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feedback", "one", *API]) == 0
    assert "Ann  cat" in capsys.readouterr().out
    assert main(["feedback", "one", "--withdraw", *API]) == 0
    assert "Your feedback cat is taken back" in capsys.readouterr().out


def test_what_is_not_there_cannot_be_right(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feedback", "two", "--right", *API]) == 1
    assert "There is no prediction two." in capsys.readouterr().err


def test_the_statistics_are_drawn(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", "--from", "2030-01-01", "--to", "2030-01-04", *API]) == 0
    (asked,) = api.asked
    assert asked == ("GET", "/stats", {"from": "2030-01-01", "to": "2030-01-04"})
    said = capsys.readouterr().out
    assert "day by day  ▁  █  at most 8" in said
    assert "and 2 more labels" in said
    assert "tiny/1   9       75.0% (30.0% to 95.0%, n=4)" in said
    assert "old/1    1       no feedback" in said
    assert "browser  2" in said
    assert "66.7% (20.0% to 90.0%, n=3), confidence ±0.010" in said
    assert "0.0% (0.0% to 80.0%, n=1)\n" in said


@pytest.mark.parametrize(("status", "code"), [("ok", 0), ("unavailable", 1)])
@pytest.mark.parametrize("is_refused", [False, True])
def test_health_is_the_exit_code(
    api: Api, capsys: pytest.CaptureFixture[str], status: str, code: int, is_refused: bool
) -> None:
    api.state |= {"status": status, "reason": None if code == 0 else "No version is promoted."}
    api.status_is_refused = is_refused
    assert main(["health", *API]) == code
    said = capsys.readouterr().out
    assert ("No version is promoted." in said) is (code == 1 and not is_refused)
    assert main(["health", "--json", *API]) == code
    assert json.loads(capsys.readouterr().out)["status"] == status
