"""A server that answers as it is told, and keeps what it was asked."""

import contextlib
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass(frozen=True)
class Reply:
    """``late_s``: how long it waits. ``cut``: it ends within its body. ``hangs_up``: there is no
    answer at all, and the connection is closed. ``ignores_body``: it
    reads none of what was sent."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    late_s: float = 0.0
    cut: bool = False
    hangs_up: bool = False
    closes_afterwards: bool = False
    ignores_body: bool = False


@dataclass(frozen=True)
class Asked:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    client: tuple[str, int]


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies: list[Reply] = []
        self.asked: list[Asked] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def _any(self) -> None:
        reply = self.server.replies.pop(0) if self.server.replies else Reply()
        size = int(self.headers.get("Content-Length") or 0)
        body = b"" if reply.ignores_body else self.rfile.read(size)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append(Asked(self.command, self.path, headers, body, self.client_address))
        time.sleep(reply.late_s)
        if reply.hangs_up:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        with contextlib.suppress(OSError):  # who asked has gone
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body) + reply.cut))
            self.end_headers()
            self.wfile.write(reply.body)
        self.close_connection = reply.cut or reply.closes_afterwards or reply.ignores_body

    do_GET = do_PUT = do_POST = _any  # noqa: N815  the base class calls them so

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    server = Server()
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()
