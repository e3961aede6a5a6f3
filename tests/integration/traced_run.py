"""A program for test_tracing.py: the functions with tracing on, in a process of their own.

Powertools decides about tracing when a handler is imported. The X-Ray daemon is a UDP socket of
this process; what it received is printed as JSON.
"""

import json
import os
import socket
import sys
import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

TRACE = "1-5759e988-bd862e3fe1be46a994272793"

daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
daemon.bind(("127.0.0.1", 0))
daemon.settimeout(1)
os.environ |= {
    # As Lambda sets them.
    "LAMBDA_TASK_ROOT": "/var/task",
    "_X_AMZN_TRACE_ID": f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1",
    "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:{}".format(daemon.getsockname()[1]),
    # As the stage sets it.
    "POWERTOOLS_TRACE_DISABLED": sys.argv[1],
    "POWERTOOLS_SERVICE_NAME": "visionflow",
    "POWERTOOLS_METRICS_NAMESPACE": "VisionFlow",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-central-1",
}

from moto import mock_aws

from tests.integration.conftest import API, INGEST, Cloud
from tests.pictures import encode, plain
from tests.tiny_model import write_tiny_artifact


def run(folder: Path) -> str:
    """Send a picture and drop another; returns the first one's id."""
    write_tiny_artifact(folder)
    cloud = Cloud()
    cloud.publish(folder)
    answer = cloud.predict(encode(plain("red")))
    cloud.drop("uploads/blue.jpg", encode(plain("blue")))
    assert cloud.deliver(cloud.messages()) == []
    found: str = answer.body["id"]
    return found


def received() -> list[object]:
    segments = []
    while True:
        try:
            segments.append(json.loads(daemon.recv(65_536).split(b"\n", 1)[1]))
        except TimeoutError:
            return segments


os.environ |= API.to_env() | INGEST.to_env()
with tempfile.TemporaryDirectory() as scratch, mock_aws(), redirect_stdout(StringIO()):
    tempfile.tempdir = scratch
    prediction_id = run(Path(scratch) / "artifact")
print(json.dumps({"id": prediction_id, "segments": received()}))
