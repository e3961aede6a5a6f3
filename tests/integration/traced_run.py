"""A program for test_tracing.py: sends an image and drops another, and prints the first one's id.

Powertools decides about tracing when a handler is imported, hence a process of its own.
"""

import os
import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from moto import mock_aws

from tests.images import encode, plain
from tests.integration.conftest import API, COUNTING, INGEST, Cloud
from tests.tiny_model import write_tiny_artifact


def run(folder: Path) -> str:
    write_tiny_artifact(folder)
    cloud = Cloud()
    cloud.publish(folder)
    answer = cloud.predict(encode(plain("red")))
    cloud.drop("uploads/blue.jpg", encode(plain("blue")))
    assert cloud.deliver(cloud.messages()) == []
    found: str = answer.body["id"]
    return found


os.environ |= API.to_env() | INGEST.to_env() | COUNTING.to_env()
with tempfile.TemporaryDirectory() as scratch, mock_aws(), redirect_stdout(StringIO()):
    tempfile.tempdir = scratch
    prediction_id = run(Path(scratch) / "artifact")
print(prediction_id)
