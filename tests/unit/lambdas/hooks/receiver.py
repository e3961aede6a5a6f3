"""A receiver on this computer that answers as it is told, and the queue between it and us."""

import json
import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BAD = ("500", "redirect", "reset", "hang", "drip", "garbage", "none")


class Receiver:
    """``behaviour`` is asked before each answer: ``ok``, or one of `BAD`."""

    def __init__(self) -> None:
        self.behaviour: Any = lambda: "ok"
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.asked = 0
        self.paths: list[str] = []
        self.lock = threading.Lock()
        self.url = ""
        self.closing = threading.Event()

    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.taken]


def respond(handler: BaseHTTPRequestHandler, found: Receiver, kind: str, body: bytes) -> None:
    match kind:
        case "ok":
            with found.lock:
                headers = {name.lower(): value for name, value in handler.headers.items()}
                found.taken.append((headers, body))
            handler.send_response(204)
            handler.end_headers()
        case "500" | "410":
            handler.send_response(int(kind))
            handler.end_headers()
        case "redirect":
            handler.send_response(302)
            handler.send_header("Location", found.url)
            handler.end_headers()
        case "reset":
            linger = struct.pack("ii", 1, 0)
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            handler.connection.close()
        case "hang":
            found.closing.wait(5)
        case "drip":
            with suppress(OSError):
                handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
                while not found.closing.wait(0.02):
                    handler.wfile.write(b"x: y\r\n")
        case "garbage":
            handler.wfile.write(b"hello\r\n\r\n")


@contextmanager
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with found.lock:
                found.asked += 1
                found.paths.append(self.path)
                kind = found.behaviour()
            respond(self, found, kind, body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, *_: object) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        found.url = f"http://127.0.0.1:{server.server_port}/hook?key=1"
        yield found
        found.closing.set()
        server.shutdown()


class FakeClock:
    """Moves on when a queue is asked for what comes later."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


class FakeQueues:
    """SQS with two queues; delayed messages come when the clock has reached them."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.delayed: list[tuple[float, str]] = []
        self.dead: list[dict[str, Any]] = []
        self.broken = False
        self.lock = threading.Lock()

    def send_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        MessageBody: str,  # noqa: N803
        DelaySeconds: int = 0,  # noqa: N803
    ) -> None:
        if self.broken:
            raise ConnectionError("SQS is gone")
        assert 0 <= DelaySeconds <= 900
        with self.lock:
            if QueueUrl == "dead":
                self.dead.append(json.loads(MessageBody))
            else:
                self.delayed.append((self.clock.now + DelaySeconds, MessageBody))

    def next(self, most: int = 10) -> list[str]:
        """What is due; where nothing is, the clock moves on to the next that is delayed."""
        with self.lock:
            self.delayed.sort()
            if not self.delayed:
                return []
            self.clock.now = max(self.clock.now, self.delayed[0][0])
            due = [body for at, body in self.delayed if at <= self.clock.now][:most]
            self.delayed = self.delayed[len(due) :]
            return due


def failing(share: float, seed: int = 5) -> Any:
    """Fails so often, in each of the ways."""
    draw = random.Random(seed)
    fast = [kind for kind in BAD if kind not in ("hang", "drip")]
    return lambda: draw.choice(fast) if draw.random() < share else "ok"
