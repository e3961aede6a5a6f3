"""The client of the HTTP API against a server that fails at times."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from infra.client.api_client import ApiClient, ApiProblemError
from infra.client.datasets import DatasetClient
from infra.errors import CommandError

TRIES = 6
# An answer that does not come in time, and a connection that breaks off.
SILENCE, BREAK = 0, -1


@dataclass
class Server:
    """Answers with the next of ``statuses``, and 200 when there is none."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    found, end = Server(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found.seen.append(f"{self.command} {self.path.partition('?')[0]}")
            status = found.statuses.pop(0) if found.statuses else 200
            if status == SILENCE:
                end.wait(30)
            if status in (SILENCE, BREAK):
                self.close_connection = True
                return
            body = json.dumps({"deleted": True} if status == 200 else {"message": "no"}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815  names of http.server

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setattr("infra.client.api_client._PAUSES_S", (0.0,) * (TRIES - 1))
    monkeypatch.setattr("infra.client.api_client._TIMEOUT_SECONDS", 0.3)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        found.url = f"http://127.0.0.1:{listening.server_port}"
        yield found
        end.set()
        listening.shutdown()


def test_what_is_read_or_deleted_is_asked_for_again(server: Server) -> None:
    dataset = DatasetClient(ApiClient(server.url), "animals")
    server.statuses = [500, 502, 503, SILENCE, BREAK]
    assert dataset.image_page(None) == {"deleted": True}
    assert server.seen == ["GET /datasets/animals/images"] * TRIES
    server.statuses, server.seen = [503], []
    dataset.delete()
    assert server.seen == ["DELETE /datasets/animals"] * 2


def test_an_api_that_stays_out_of_service_is_given_up(server: Server) -> None:
    server.statuses = [503] * TRIES
    with pytest.raises(ApiProblemError, match="answered 503"):
        ApiClient(server.url).logs()
    assert len(server.seen) == TRIES


def test_what_creates_something_is_sent_once(server: Server) -> None:
    server.statuses = [503]
    with pytest.raises(ApiProblemError, match="answered 503"):
        ApiClient(server.url).create_key({})
    assert server.seen == ["POST /keys"]


def test_a_refusal_and_a_wrong_address_are_said_at_once(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("waits"))
    server.statuses = [404]
    with pytest.raises(ApiProblemError, match="answered 404"):
        ApiClient(server.url).logs()
    assert len(server.seen) == 1
    with pytest.raises(CommandError, match="does not answer"):
        ApiClient("http://127.0.0.1:1").logs()
