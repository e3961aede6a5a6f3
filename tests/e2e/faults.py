"""A gateway between the ingest workers and the local cloud that injects faults by a seed.

``AWS_ENDPOINT_URL`` directs the workers to it. It forwards every call except those that a
`FaultPlan` breaks: S3 reads that end half-way or get a SlowDown, DynamoDB calls that are throttled
once or until the client gives up, and workers that are killed while they record an answer, before
or after the table stored it.
"""

import http.client
import json
import random
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import psutil

from infra.local_cloud.emulator import Emulator
from tests.e2e.conftest import processes_of

Fault = Literal[
    "read cut off", "read slowed", "throttled", "killed before the write", "killed after the write"
]
Operation = Literal["read", "GetItem", "PutItem"]

# Calls in a row that botocore makes before it gives up (`lambdas.clients`).
CLIENT_ATTEMPTS = 3

# The share of images that meets these faults, in order, at this operation. The client cannot retry
# a read that is cut off: the answer has already begun.
_SHARES: tuple[tuple[Operation, float, tuple[Fault, ...]], ...] = (
    ("read", 0.05, ("read cut off",)),
    ("read", 0.01, ("read slowed",)),
    ("GetItem", 0.01, ("throttled",)),
    ("PutItem", 0.01, ("throttled",)),
    ("PutItem", 0.005, ("throttled", "throttled", "throttled")),  # `CLIENT_ATTEMPTS` times
)

_THROTTLED = json.dumps(
    {
        "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
        "message": "The level of configured provisioned throughput was exceeded.",
    }
).encode()
_SLOW_DOWN = (
    b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)


class FaultPlan:
    """Which call of which image gets which fault, determined by a seed and not by timing.

    An image has at most one kind of fault, few enough for the queue's five deliveries. In addition
    ``kills`` workers are killed, spread evenly over the written records; where results are written
    instead, at the first files of them.
    """

    def __init__(
        self, *, seed: int, versions: Sequence[str], records: Sequence[str], kills: int
    ) -> None:
        """``versions`` and ``records``: version id and record id of each image."""
        self.happened: Counter[Fault] = Counter()
        self._every = len(versions) // (kills + 1)
        self._kills = kills
        self._left: dict[tuple[Operation, str], list[Fault]] = {}
        self._writes = self._files = 0
        self._lock = threading.Lock()
        order = list(range(len(versions)))
        random.Random(seed).shuffle(order)
        for operation, share, faults in _SHARES:
            names = versions if operation == "read" else records
            for _ in range(max(1, round(share * len(versions)))):
                self._left[operation, names[order.pop()]] = list(faults)

    def next(self, operation: Operation, name: str) -> Fault | None:
        """Return the fault of this call, if any; ``name`` is the id of a version or a record."""
        with self._lock:
            fault = self._kill() if operation == "PutItem" else None
            left = self._left.get((operation, name))
            if fault is None and left:
                fault = left.pop()
            if fault is not None:
                self.happened[fault] += 1
            return fault

    def next_file(self) -> Fault | None:
        """The fault of writing a file of results, if any."""
        with self._lock:
            self._files += 1
            if self._files > self._kills:
                return None
            fault: Fault = (
                "killed after the write" if self._files % 2 else "killed before the write"
            )
            self.happened[fault] += 1
            return fault

    def _kill(self) -> Fault | None:
        self._writes += 1
        number, rest = divmod(self._writes, self._every)
        if rest or number > self._kills:
            return None
        return "killed before the write" if number % 2 else "killed after the write"


class FaultyGateway(ThreadingHTTPServer):
    """Listens on loopback; workers call ``url``."""

    daemon_threads = True

    def __init__(self, emulator: Emulator, bucket: str, table: str, plan: FaultPlan) -> None:
        super().__init__(("127.0.0.1", 0), _Call)
        self.emulator = emulator
        self.bucket = bucket
        self.table = table
        self.plan = plan

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: a worker was killed in the middle of a call."""

    @contextmanager
    def serving(self) -> Iterator[None]:
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1})
        thread.start()
        try:
            yield
        finally:
            self.shutdown()
            thread.join()
            self.server_close()

    def kill_caller(self, client_port: int) -> None:
        """Kill the worker behind a connection, if it belongs to this local cloud."""
        for connection in psutil.net_connections("tcp4"):
            if connection.laddr and connection.laddr.port == client_port and connection.pid:
                for process in processes_of(self.emulator):
                    if process.pid == connection.pid:
                        process.kill()
                return


class _Call(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body of an answer are two packets; the second must not wait for an ACK.
    disable_nagle_algorithm = True
    server: FaultyGateway

    def setup(self) -> None:
        super().setup()
        self._upstream = http.client.HTTPConnection(
            "127.0.0.1", self.server.emulator.port, timeout=60
        )

    def finish(self) -> None:
        self._upstream.close()
        super().finish()

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self._fault(body)
        if fault == "killed before the write":
            return self._kill()
        if fault == "throttled":
            return self._answer(400, {"Content-Type": "application/x-amz-json-1.0"}, _THROTTLED)
        if fault == "read slowed":
            return self._answer(503, {"Content-Type": "application/xml"}, _SLOW_DOWN)
        self._upstream.putrequest(
            self.command, self.path, skip_host=True, skip_accept_encoding=True
        )
        for name, value in self.headers.items():
            if name.lower() != "expect":
                self._upstream.putheader(name, value)
        self._upstream.endheaders(body)
        response = self._upstream.getresponse()
        data = response.read()
        if fault == "killed after the write":
            return self._kill()
        left_out = ("connection", "content-length", "transfer-encoding", "date", "server")
        headers = {k: v for k, v in response.getheaders() if k.lower() not in left_out}
        return self._answer(response.status, headers, data, cut=fault == "read cut off")

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass_on  # noqa: N815  the names of http.server

    def _fault(self, body: bytes) -> Fault | None:
        if self.command == "GET" and self.path.startswith(f"/{self.server.bucket}/uploads/"):
            (version_id,) = parse_qs(urlsplit(self.path).query)["versionId"]
            return self.server.plan.next("read", version_id)
        if self.command == "PUT" and self.path.endswith(".parquet"):
            return self.server.plan.next_file()
        operation: Any = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        if operation in ("GetItem", "PutItem"):
            call = json.loads(body)
            if call["TableName"] == self.server.table:
                item = call["Item"] if operation == "PutItem" else call["Key"]
                return self.server.plan.next(operation, item["id"]["S"])
        return None

    def _kill(self) -> None:
        self.close_connection = True
        self.server.kill_caller(self.client_address[1])

    def _answer(
        self, status: int, headers: dict[str, str], data: bytes, *, cut: bool = False
    ) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[: len(data) // 2] if cut else data)
        self.close_connection = self.close_connection or cut

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  as the base class has it
        """The test prints counts instead."""
