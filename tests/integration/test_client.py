"""The Python client against a server that fails at times, over real sockets."""

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.images import encode, plain
from visionflow.client import ApiError, VisionFlow, connection, uploads
from visionflow.client.connection import Connection
from visionflow.client.errors import (
    ConflictError,
    ImageRefusedError,
    LimitError,
    NotAllowedError,
    NotClassifiedYetError,
    NotFoundError,
    SettingError,
    UnavailableError,
    UnexpectedAnswerError,
    UploadRefusedError,
)
from visionflow.client.routes.datasets import Dataset

TRIES = 6
# An answer that does not come in time, a connection that breaks off, and one in mid-answer.
SILENCE, BREAK, TORN = 0, -1, -2
IMAGE = encode(plain("red", (8, 8)))
NO = b'{"message": "no"}'
RECORD = {
    "id": "one",
    "status": "ok",
    "label": "cat",
    "confidence": 0.9,
    "top_k": [{"label": "cat", "confidence": 0.9}, {"label": "dog", "confidence": 0.1}],
    "model": {"name": "tiny", "version": "1"},
    "image": {"bucket": "b", "key": "k", "version_id": None, "sha256": "0", "bytes": 9},
    "created_at": "2030-01-31T12:00:00Z",
    "filename": "cat.jpg",
    "error": None,
    "of a newer server": {"more": 1},
}


@dataclass(frozen=True)
class Said:
    """One answer."""

    status: int
    body: bytes = NO
    headers: dict[str, str] = field(default_factory=dict)


def problem(status: int, code: str, **more: Any) -> Said:
    """As the API refuses."""
    document = {"title": code, "status": status, "detail": "No.", "code": code}
    after = {"Retry-After": str(more.pop("retry_after"))} if "retry_after" in more else {}
    document |= {"request_id": "r-1", "field": None, "retryable": False, **more}
    return Said(status, json.dumps(document).encode(), after)


@dataclass
class Server:
    """Answers with the next of ``answers``, and with ``usual`` when there is none."""

    url: str = ""
    answers: list[Said | int] = field(default_factory=list)
    usual: dict[str, Any] = field(default_factory=lambda: {"deleted": True, **RECORD})
    seen: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the client waited, each time; it does not take that long."""
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    found, end, lock = Server(), threading.Event(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with lock:
                found.seen.append(f"{self.command} {self.path}")
                found.headers.append(dict(self.headers.items()))
                said = found.answers.pop(0) if found.answers else 200
                found.at_once += 1
                found.most_at_once = max(found.most_at_once, found.at_once)
            try:
                self.give(said)
            finally:
                with lock:
                    found.at_once -= 1

        def give(self, said: Said | int) -> None:
            if said == SILENCE:
                end.wait(30)
            if said in (SILENCE, BREAK):
                self.close_connection = True
                return
            torn = said == TORN
            if isinstance(said, int):
                said = Said(200, json.dumps(found.usual).encode()) if torn else Said(said)
            if said.status == 200 and not said.headers and said.body == NO:
                said = Said(200, json.dumps(found.usual).encode())
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body[: 20 if torn else None])
            self.close_connection = torn

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815  names of http.server

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setattr(connection, "_TIMEOUT_SECONDS", 0.5)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        found.url = f"http://127.0.0.1:{listening.server_port}"
        yield found
        end.set()
        listening.shutdown()


def test_what_is_read_or_deleted_is_asked_for_again(server: Server, pauses: list[float]) -> None:
    dataset = Dataset(Connection(server.url), "animals")
    server.answers = [500, 502, SILENCE, BREAK, TORN]
    assert Connection(server.url).send("GET", "/logs")["id"] == "one"
    assert server.seen == ["GET /logs"] * TRIES
    for number, (waited, pause) in enumerate(zip(pauses, (1, 2, 4, 8, 15), strict=True)):
        assert pause / 2 <= waited <= pause, number
    server.answers, server.seen = [503], []
    dataset.remove()
    assert server.seen == ["DELETE /datasets/animals"] * 2


def test_an_api_that_stays_out_of_service_is_given_up(server: Server, pauses: list[float]) -> None:
    server.answers = [503] * TRIES
    with pytest.raises(UnavailableError, match="answered 503") as found:
        Connection(server.url).send("GET", "/logs")
    assert len(server.seen) == TRIES
    assert (found.value.status, found.value.retryable) == (503, True)


@pytest.mark.parametrize("fault", [503, SILENCE, BREAK, TORN])
def test_what_twice_would_do_more_is_sent_once(
    server: Server, pauses: list[float], fault: int
) -> None:
    changes: list[Callable[[VisionFlow], object]] = [
        lambda at: at.keys.create("ci", ["read"]),
        lambda at: at.jobs.start("a.toml"),
        lambda at: at.hooks.create("ci", "https://a.example.com"),
        lambda at: at.models.promote("tiny/1"),
        lambda at: at.datasets["animals"].train(),
        lambda at: at.withdraw_feedback("one"),
        lambda at: at.models.end_canary(),
        lambda at: at.models.end_shadow(),
    ]
    for change in changes:
        server.answers, server.seen = [fault], []
        with pytest.raises(UnavailableError):
            change(VisionFlow(server.url))
        assert len(server.seen) == 1
    assert pauses == []


def test_a_lost_answer_doubles_no_image_and_no_backfill(
    server: Server, pauses: list[float]
) -> None:
    server.answers = [TORN, 503, BREAK]
    at = VisionFlow(server.url)
    assert at.classify(IMAGE).id == "one"
    keys = {headers["Idempotency-Key"] for headers in server.headers}
    assert (len(server.seen), len(keys)) == (4, 1)
    at.classify(IMAGE)
    assert server.headers[-1]["Idempotency-Key"] not in keys
    # A backfill's key is in its body; `test_routes` holds it.
    server.answers, server.seen = [TORN, problem(422, "backfill_refused")], []
    with pytest.raises(ApiError, match="backfill_refused"):
        at.backfills.start("s3://a/b")
    assert server.seen == ["POST /backfills"] * 2


def test_a_quota_is_waited_for_as_long_as_it_says(server: Server, pauses: list[float]) -> None:
    over = problem(429, "quota_exceeded", retry_after=7, retryable=True)
    server.answers = [over, Said(429)]
    VisionFlow(server.url).jobs.connection.send("POST", "/keys", body={})
    assert len(server.seen) == 3
    assert pauses[0] == 7
    assert 1 <= pauses[1] <= 2
    server.answers = [problem(429, "quota_exceeded", retry_after=86_400, retryable=True)]
    with pytest.raises(LimitError) as found:
        VisionFlow(server.url).me()
    assert (found.value.retry_after, found.value.code) == (86_400, "quota_exceeded")
    assert len(pauses) == 2


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        (problem(404, "model_not_found"), NotFoundError, "model_not_found"),
        (problem(409, "alias_conflict"), ConflictError, "alias_conflict"),
        (problem(403, "forbidden"), NotAllowedError, "forbidden"),
        (problem(422, "image_truncated"), ImageRefusedError, "image_truncated"),
        (problem(413, "image_too_large"), ImageRefusedError, "image_too_large"),
        (problem(404, "image_missing"), NotFoundError, "image_missing"),
        (problem(400, "invalid_parameter", field="top_k"), ApiError, "invalid_parameter"),
        (Said(401), NotAllowedError, "not_accepted"),
        (Said(404, b"<html>"), NotFoundError, "unexpected_answer"),
        (Said(301, headers={"Location": "http://a.example.com"}), ApiError, "unexpected_answer"),
        (Said(200, b"<html>"), UnexpectedAnswerError, "unexpected_answer"),
        (Said(200, b"[1]"), UnexpectedAnswerError, "unexpected_answer"),
        (Said(200, b'{"id": 3}'), UnexpectedAnswerError, "unexpected_answer"),
    ],
)
def test_each_refusal_is_an_error_of_its_kind_at_once(
    server: Server, pauses: list[float], said: Said, kind: type[ApiError], code: str
) -> None:
    server.answers = [said]
    with pytest.raises(ApiError) as found:
        VisionFlow(server.url).classify(IMAGE)
    error = found.value
    assert (type(error), error.code, error.retryable) == (kind, code, False)
    if b"request_id" in said.body:
        assert (error.request_id, error.status) == ("r-1", said.status)
        assert error.field == ("top_k" if code == "invalid_parameter" else None)
    assert (len(server.seen), pauses) == (1, [])


def test_a_wrong_address_is_said_at_once(pauses: list[float]) -> None:
    with pytest.raises(UnavailableError, match="does not answer") as found:
        VisionFlow("http://127.0.0.1:1").me()
    assert (found.value.code, pauses) == ("no_answer", [])


def test_pages_are_asked_for_when_they_are_needed(server: Server) -> None:
    def page(cursor: str | None, *labels: str) -> Said:
        entry = RECORD | {"source": "api", "timings": {}, "expires_at": 1, "origin": "cloud"}
        items = [entry | {"label": label} for label in labels]
        return Said(200, json.dumps({"items": items, "next_cursor": cursor}).encode())

    server.answers = [page("a/b", "cat", "dog"), page("c"), page(None, "moose")]
    found = VisionFlow(server.url).predictions(label="cat", since="2030-01-31")
    assert next(found).label == "cat"
    assert server.seen == ["GET /logs?label=cat&from=2030-01-31&limit=100"]
    assert [record.label for record in found] == ["dog", "moose"]
    same = "GET /logs?label=cat&from=2030-01-31&limit=100&cursor="
    assert server.seen[1:] == [f"{same}a%2Fb", f"{same}c"]


def test_a_large_image_goes_through_the_bucket_to_the_same_result(
    server: Server, pauses: list[float], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(uploads, "MAX_DIRECT_BYTES", len(IMAGE) - 1)
    photo = tmp_path / "고양이.jpg"
    photo.write_bytes(IMAGE)
    form = {"id": "one", "url": f"{server.url}/put", "headers": {"x-signed": "1"}}
    signed, missing = Said(201, json.dumps(form).encode()), problem(404, "prediction_not_found")
    drawn = Said(200, json.dumps({"explanation": None}).encode())
    # The first request to the bucket loses its answer, so that the second finds the image there.
    server.answers = [signed, BREAK, Said(412), missing, missing, 200, drawn]
    at = VisionFlow(server.url, "vf_key")
    answer = at.classify(photo, top_k=1, explain=True)
    assert (answer.id, answer.label, [it.label for it in answer.top_k]) == ("one", "cat", ["cat"])
    assert server.seen == [
        "POST /uploads",
        *["PUT /put"] * 2,
        *["GET /predictions/one"] * 3,
        "GET /predictions/one/explanation",
    ]
    # What S3 signed bears no key of the API.
    has_key = ["Authorization" in headers for headers in server.headers]
    assert has_key == [True, False, False, True, True, True, True]
    failed = {**RECORD, "error": {"code": "image_unreadable", "message": "No."}}
    server.answers = [signed, 200, Said(200, json.dumps(failed).encode())]
    with pytest.raises(ImageRefusedError, match="image_unreadable"):
        at.classify(IMAGE)
    server.answers = [signed, Said(403, b"expired")]
    with pytest.raises(UploadRefusedError, match="expired"):
        at.classify(IMAGE)
    with pytest.raises(ImageRefusedError):
        at.classify(b"no image" * 100)
    with pytest.raises(SettingError, match="coverage"):
        at.classify(IMAGE, coverage=0.9)
    monkeypatch.setattr(uploads, "_WAIT_SECONDS", -1.0)
    server.answers = [signed, 200, missing]
    with pytest.raises(NotClassifiedYetError, match="not classified within") as late:
        at.classify(IMAGE)
    assert (late.value.id, late.value.retryable) == ("one", True)


def test_many_images_keep_their_order_and_one_that_fails_stops_none(
    server: Server, tmp_path: Path
) -> None:
    taken: list[int] = []

    def images() -> Iterator[Any]:
        for number in range(40):
            taken.append(number)
            yield tmp_path / "gone.jpg" if number == 3 else io.BytesIO(IMAGE)

    server.answers = [problem(422, "image_truncated")] + [200] * 40
    found = VisionFlow(server.url).classify_many(images(), workers=4)
    assert next(found) is not None
    assert len(taken) <= 9
    rest = list(found)
    assert len(rest) == 39
    assert isinstance(rest[2].error, FileNotFoundError)
    refused = [one for one in rest if isinstance(one.error, ImageRefusedError)]
    assert len(refused) <= 1
    assert all(one.answer is not None for one in rest if one.error is None)
    assert server.most_at_once <= 4


def test_url_and_key_come_from_the_environment_or_the_local_cloud(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("VISIONFLOW_API_URL", raising=False)
    with pytest.raises(SettingError, match="VISIONFLOW_API_URL"):
        VisionFlow()
    monkeypatch.setenv("VISIONFLOW_API_URL", "https://a.example.com/")
    monkeypatch.setenv("VISIONFLOW_API_KEY", "vf_a_b\n")
    assert VisionFlow().connection == Connection("https://a.example.com", "vf_a_b")
    assert "vf_a_b" not in repr(VisionFlow())
    with pytest.raises(SettingError, match="make up"):
        VisionFlow.local(tmp_path)
    (tmp_path / ".visionflow").mkdir()
    outputs = json.dumps({"api_url": "http://127.0.0.1:9"})
    (tmp_path / ".visionflow" / "outputs.json").write_text(outputs)
    assert VisionFlow.local(tmp_path).connection == Connection("http://127.0.0.1:9")


def test_a_stage_that_cannot_classify_says_so(server: Server, pauses: list[float]) -> None:
    sick = {"status": "unavailable", "reason": "no model"}
    server.answers = [Said(503, json.dumps(sick).encode())]
    assert VisionFlow(server.url).health().status == "unavailable"
    assert (len(server.seen), pauses) == (1, [])
    server.answers = [problem(503, "platform_unavailable", retryable=True)]
    with pytest.raises(UnavailableError):
        VisionFlow(server.url).health()
