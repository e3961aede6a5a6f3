"""The runner for devices as a process, against the real functions over a real socket: what it is
killed at, and what is lost on the way, leaves each image recorded once."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.images import encode, plain
from tests.integration.conftest import Cloud
from tests.integration.test_owners import ANN
from tests.tiny_model import write_tiny_artifact

SECONDS = 90


class Stage:
    """Serves ``cloud`` at ``url``. The next request is carried out, and then ``strike`` is called
    in the place of an answer, once for each that is in the list."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self.strikes, self.taken = cloud, list[Any](), Counter[str]()
        stage, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with lock:  # moto is not made for threads
                    answer = stage.cloud.call(
                        "POST", self.path, {}, body, self.headers["Content-Type"], caller=ANN
                    )
                    stage.taken[self.path] += 1
                    strike = stage.strikes.pop(0) if stage.strikes else None
                if strike:
                    strike()
                    self.close_connection = True
                    return
                data = json.dumps(answer.body).encode()
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.content_type)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Not on the tests' stderr."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def stage(cloud: Cloud) -> Iterator[Stage]:
    found = Stage(cloud)
    yield found
    found.close()


class Runner:
    """``python -m visionflow.edge`` on a folder, started as often as it takes."""

    def __init__(self, folder: Path, url: str) -> None:
        self.photos, self.out = folder / "photos", folder / "out.jsonl"
        self.photos.mkdir()
        write_tiny_artifact(folder / "model")
        self.arguments = [
            *(str(folder / "model"), "--watch", str(self.photos), "--out", str(self.out)),
            *("--sync", url, "--send-images", "uncertain"),
        ]
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "visionflow.edge", *self.arguments],
            stderr=subprocess.PIPE,
            text=True,
        )

    def kill(self) -> None:
        assert self.process
        self.process.kill()

    def ended(self) -> tuple[int, str]:
        assert self.process
        _, said = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, said

    def lines(self) -> list[dict[str, Any]]:
        text = self.out.read_text(encoding="utf-8") if self.out.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        return [json.loads(line) for line in whole.splitlines()]


@pytest.fixture
def runner(tmp_path: Path, stage: Stage) -> Iterator[Runner]:
    folder = tmp_path / "device"
    folder.mkdir()
    found = Runner(folder, stage.url)
    yield found
    if found.process and found.process.poll() is None:
        found.kill()
        found.ended()


def until(what: Any) -> None:
    end = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_each_image_is_recorded_once_whatever_is_killed_or_lost(
    runner: Runner, stage: Stage, cloud: Cloud
) -> None:
    for number in range(18):
        shade = ("red", "lime", "grey")[number % 3]
        file = runner.photos / f"{number:02}.png"
        file.write_bytes(encode(plain(shade, (40 + number, 30)), "PNG"))
    (runner.photos / "bad.jpg").write_bytes(b"no image")
    # Killed when the cloud has the records and nobody was told; an answer lost; killed at an image.
    stage.strikes = [runner.kill]
    runner.start()
    assert runner.ended()[0] == -signal.SIGKILL
    stage.strikes = [lambda: None, runner.kill]
    runner.start()
    assert runner.ended()[0] == -signal.SIGKILL
    runner.start()
    until(lambda: len(cloud.logs()) == 18 and stage.taken["/predict"] >= 6)
    until(lambda: len(runner.lines()) == 19)
    time.sleep(0.5)  # for what should not come any more
    assert runner.process
    runner.process.send_signal(signal.SIGTERM)
    code, said = runner.ended()
    assert (code, said) == (143, "")
    records = {record["filename"]: record for record in cloud.logs()}
    assert len(records) == len(cloud.logs()) == 18
    lines = {line["file"]: line for line in runner.lines()}
    assert len(lines) == len(runner.lines()) == 19
    assert lines.pop("bad.jpg")["error"]["code"] == "image_unreadable"
    for name, record in records.items():
        line = lines[name]
        assert (record["origin"], record["made_at"]) == ("edge", line["made_at"])
        assert (record["label"], record["status"]) == (line["label"], line["status"])
        sent = line["status"] == "unknown"
        assert (record["device"] is not None, record["image"]["key"] is not None) == (sent, sent)
        assert record["confidence"] == pytest.approx(line["confidence"], abs=1e-6)


def test_what_waits_without_a_network_is_sent_by_the_next_run(
    runner: Runner, stage: Stage, cloud: Cloud
) -> None:
    (runner.photos / "red.png").write_bytes(encode(plain("red"), "PNG"))
    stage.close()
    runner.start()
    until(lambda: len(runner.lines()) == 1)
    assert runner.process
    runner.process.send_signal(signal.SIGTERM)
    code, said = runner.ended()
    assert code == 143
    assert "Records wait: http://127.0.0.1" in said
    assert "Records that wait for the next run with --sync: 1." in said
    again = Stage(cloud)
    try:
        runner.arguments[runner.arguments.index(stage.url)] = again.url
        runner.start()
        until(lambda: len(cloud.logs()) == 1)
        assert len(runner.lines()) == 1
    finally:
        again.close()
