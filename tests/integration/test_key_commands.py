"""``visionflow keys`` against the API, through the authorizer."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from infra.cli.main import main
from tests.integration.conftest import Cloud
from tests.integration.sign_in import Gateway, gateway_of
from visionflow.access.roles import SCOPES


@pytest.fixture
def gateway(empty_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    with gateway_of(empty_cloud, monkeypatch) as found:
        yield found


@pytest.fixture
def url(gateway: Gateway) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
            path, header = self.path.partition("?")[0], self.headers.get("Authorization")
            found = gateway.call(self.command, path, header, body=body)
            self.send_response(found.status)
            self.send_header("Content-Type", found.content_type)
            self.end_headers()
            self.wfile.write(json.dumps(found.body).encode())

        do_GET = do_POST = do_DELETE = answer  # noqa: N815  names of http.server

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def admin(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    text, _ = gateway.keys.add(
        name="first",
        scopes=SCOPES,
        requests_per_minute=None,
        requests_per_month=None,
        by="a@example.com",
        now=datetime.now(UTC),
        expires_at=None,
    )
    monkeypatch.setenv("VISIONFLOW_API_KEY", text)


def test_a_key_is_made_listed_used_and_revoked(
    gateway: Gateway,
    url: str,
    admin: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(*command: str) -> str:
        assert main(["keys", *command, "--api-url", url]) == 0, capsys.readouterr().err
        # The functions run in this process too, and print their metrics.
        printed = capsys.readouterr().out.splitlines(keepends=True)
        return "".join(line for line in printed if not line.startswith('{"_aws"'))

    limits = ("--per-minute", "60", "--per-month", "1000", "--expires-in-days", "30")
    text = run("create", "camera 7", "--scopes", "read, predict", *limits).strip()
    assert text.startswith("vf_")
    camera, first = json.loads(run("list", "--json"))["items"]
    assert (camera["name"], camera["scopes"]) == ("camera 7", ["predict", "read"])
    assert (camera["requests_per_minute"], camera["requests_per_month"]) == (60, 1000)
    assert camera["created_by"] == first["name"] == "first"
    listed = run("list")
    assert f"until {camera['expires_at'][:10]}" in listed
    assert text[12:] not in listed

    assert gateway.call("GET", "/me", f"Bearer {text}").body["name"] == "camera 7"
    assert "camera 7" in run("revoke", camera["prefix"])
    assert "revoked" in run("list")
    monkeypatch.setenv("VISIONFLOW_API_KEY", text)
    assert main(["keys", "list", "--api-url", url]) == 1
    assert "does not accept the key (403)" in capsys.readouterr().err


def test_without_a_key_the_api_says_so(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("VISIONFLOW_API_KEY", raising=False)
    assert main(["keys", "list", "--api-url", url]) == 1
    assert "does not accept the key (401)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["create", "x", "--scopes", "everything"], "invalid_body"),
        (["create", "x", "--scopes", "read", "--per-minute", "0"], "between 1 and"),
        (["revoke", "aaaaaaaa"], "key_not_found"),
        (["revoke", "../me"], "key_not_found"),
    ],
)
def test_what_the_api_refuses_is_one_sentence(
    url: str, admin: None, capsys: pytest.CaptureFixture[str], arguments: list[Any], said: str
) -> None:
    assert main(["keys", *arguments, "--api-url", url]) == 1
    error = capsys.readouterr().err
    # The API runs in this process, and what it prints is not the command's result.
    *_, sentence = error.splitlines()
    assert sentence.startswith("visionflow: ")
    assert said in sentence
