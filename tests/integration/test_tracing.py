"""The trace of an image, as the X-Ray daemon receives it."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

TRACE = "1-5759e988-bd862e3fe1be46a994272793"

Segment = dict[str, Any]


class Daemon:
    """Takes what a function sends to X-Ray."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)

    def run(self, *, disabled: bool) -> str:
        """Run the functions on two images; returns the id of the one that was sent."""
        environment = {
            # As Lambda sets them.
            "LAMBDA_TASK_ROOT": "/var/task",
            "_X_AMZN_TRACE_ID": f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1",
            "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{self.socket.getsockname()[1]}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "eu-central-1",
            # As the stage sets it.
            "POWERTOOLS_TRACE_DISABLED": str(disabled).lower(),
        }
        done = subprocess.run(
            [sys.executable, "-m", "tests.integration.traced_run"],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[-1]

    def received(self) -> list[Segment]:
        """What has come so far; a datagram is a line with a header and one with a segment."""
        found = []
        while True:
            try:
                found.append(json.loads(self.socket.recv(65_536).split(b"\n", 1)[1]))
            except BlockingIOError:
                return found


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    found = Daemon()
    yield found
    found.socket.close()


def steps_below(segment: Segment, segments: list[Segment]) -> set[str]:
    """Names of the steps that were sent as children of ``segment``."""
    return {s["name"].removeprefix("## ") for s in segments if s["parent_id"] == segment["id"]}


def test_each_step_of_an_image_is_a_segment_of_its_request_s_trace(daemon: Daemon) -> None:
    prediction_id = daemon.run(disabled=False)
    segments = daemon.received()
    assert {segment["trace_id"] for segment in segments} == {TRACE}
    sent, dropped = (segment for segment in segments if segment["name"] == "## image")
    assert sent["annotations"]["prediction_id"] == prediction_id
    assert dropped["annotations"]["prediction_id"].startswith("s3-")
    common = {"model", "decode", "prepare", "infer"}
    assert steps_below(sent, segments) >= common | {"store"}
    assert steps_below(dropped, segments) >= common | {"read"}
    for segment in segments:
        assert segment["end_time"] >= segment["start_time"]


def test_a_stage_without_tracing_sends_nothing(daemon: Daemon) -> None:
    daemon.run(disabled=True)
    assert daemon.received() == []


def test_a_stage_without_tracing_does_not_load_the_sdk() -> None:
    """It would be a tenth of a cold start."""
    program = "import sys, lambdas.predict.handler; sys.exit('aws_xray_sdk' in sys.modules)"
    environment = os.environ | {"POWERTOOLS_TRACE_DISABLED": "true"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=False)
    assert done.returncode == 0
