"""A program for test_snapshot.py: takes a snapshot of the predict function and restores it twice.

A fork is what a restore is: the same memory, twice, from the same moment on. Prints the ids that
both have given.
"""

import os
import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from moto import mock_aws

import lambdas.predict.handler
from lambdas.classification import snapshot
from tests.images import encode, plain
from tests.integration.conftest import API, COUNTING, INGEST, Cloud
from tests.tiny_model import write_tiny_artifact


def restored(cloud: Cloud) -> str:
    """The id that a process gives which goes on from here."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        answer = cloud.predict(encode(plain("red")))
        os.write(writer, str(answer.body["id"]).encode())
        os._exit(0)
    os.waitpid(child, 0)
    return os.read(reader, 100).decode()


os.environ |= API.to_env() | INGEST.to_env() | COUNTING.to_env()
os.environ |= {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}
with tempfile.TemporaryDirectory() as scratch, mock_aws(), redirect_stdout(StringIO()):
    tempfile.tempdir = scratch
    write_tiny_artifact(Path(scratch) / "artifact")
    cloud = Cloud()
    cloud.publish(Path(scratch) / "artifact")
    snapshot.prepare(lambdas.predict.handler.service)
    ids = [restored(cloud), restored(cloud)]
print(*ids)
