"""What Lambda freezes under SnapStart, and what an execution that wakes up from it trusts."""

import json
import os
import shutil
import subprocess
import sys
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import psutil
import pytest

import lambdas.predict.handler
from lambdas.aws.s3 import S3
from lambdas.classification import snapshot
from tests.images import encode, plain
from tests.integration.conftest import COUNTING, INGEST, Cloud
from tests.tiny_model import write_tiny_artifact
from visionflow.errors import ModelUnavailableError
from visionflow.timestamps import new_id

predict = lambdas.predict.handler


@pytest.fixture(autouse=True)
def under_snap_start(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    yield
    snapshot._versions.clear()
    predict.service.cache_clear()


def test_the_promoted_model_is_in_the_snapshot(cloud: Cloud, tmp_path: Path) -> None:
    snapshot.prepare(predict.service)
    (version,) = snapshot.versions()
    # Neither the bucket nor the cached file is needed any more.
    for item in cloud.s3.list_objects_v2(Bucket="models")["Contents"]:
        cloud.s3.delete_object(Bucket="models", Key=item["Key"])
    shutil.rmtree(tmp_path / "models")
    answer = cloud.predict(encode(plain("red")))
    assert answer.body["label"] == "red"
    assert predict.service().active.load()[0].classifier is version.classifier


def test_the_stored_embeddings_are_in_the_snapshot(cloud: Cloud, tmp_path: Path) -> None:
    write_tiny_artifact(tmp_path / "second", "2", familiar=True)
    cloud.publish(tmp_path / "second")
    snapshot.prepare(predict.service)
    for item in cloud.s3.list_objects_v2(Bucket="models")["Contents"]:
        cloud.s3.delete_object(Bucket="models", Key=item["Key"])
    shutil.rmtree(tmp_path / "models")
    answer = cloud.predict(encode(plain("blue"))).body
    assert (answer["model"]["version"], answer["unknown_reason"]) == ("2", "unfamiliar")


def test_a_promotion_after_the_snapshot_is_followed_at_once(cloud: Cloud, tmp_path: Path) -> None:
    """No time passes between the two: so it looks to a clock that stood still in the snapshot."""
    snapshot.prepare(predict.service)
    write_tiny_artifact(tmp_path / "second", "2")
    cloud.publish(tmp_path / "second")
    assert cloud.predict(encode(plain("red"))).body["model"]["version"] == "2"


def test_ids_do_not_repeat_after_two_restores() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.restored_run"],
        env=os.environ
        | {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
        | {"AWS_DEFAULT_REGION": "eu-central-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()[-1].split()
    assert first[10:] != second[10:], "the random part of the ids"


def test_ids_of_the_same_moment_differ() -> None:
    now = datetime.now(UTC)
    assert new_id(now) != new_id(now)


def test_no_client_is_frozen(cloud: Cloud) -> None:
    before = predict.service()
    gone = [weakref.ref(part) for part in (before, before.active, before.images._client)]
    del before
    snapshot.prepare(predict.service)
    assert [reference() for reference in gone] == [None, None, None]


def test_without_a_model_the_snapshot_holds_the_code_alone(empty_cloud: Cloud) -> None:
    snapshot.prepare(predict.service)
    assert snapshot.versions() == ()
    with pytest.raises(ModelUnavailableError):
        predict.service().active.load()


def test_an_execution_without_snap_start_prepares_nothing(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    snapshot.prepare(predict.service)
    assert snapshot.versions() == ()


class Aws(ThreadingHTTPServer):
    """Gives out credentials as Lambda does under SnapStart, and knows no table and no bucket."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.key = ""
        self.signed_by: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections stay open
    server: Aws

    def do_GET(self) -> None:
        expiration = (datetime.now(UTC) + timedelta(hours=6)).isoformat()
        secrets = {"SecretAccessKey": "secret", "Token": "token", "Expiration": expiration}
        self._answer(200, {"AccessKeyId": self.server.key, **secrets})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        credential = self.headers["Authorization"].partition("Credential=")[2]
        self.server.signed_by.append(credential.partition("/")[0])
        self._answer(400, {"__type": "ResourceNotFoundException"})

    def _answer(self, status: int, body: dict[str, str]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(params=["without an SDK", "boto3"])
def endpoint(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    if request.param != "boto3":
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "predict")
    server = Aws()
    Thread(target=server.serve_forever, daemon=True).start()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/credentials")
    for name, value in (INGEST.to_env() | COUNTING.to_env()).items():
        monkeypatch.setenv(name, value)
    yield server
    server.shutdown()
    server.server_close()


def test_no_connection_and_no_credential_is_frozen(endpoint: Aws) -> None:
    endpoint.key = "BEFORE"
    snapshot.prepare(predict.service)
    assert set(endpoint.signed_by) == {"BEFORE"}
    established = [
        connection
        for connection in psutil.Process().net_connections()
        if connection.status == psutil.CONN_ESTABLISHED
    ]
    # The server's own ends have the port on their other side.
    connected = [c for c in established if c.raddr.port == endpoint.server_port]
    assert connected == []
    endpoint.key = "AFTER"
    endpoint.signed_by.clear()
    with pytest.raises(Exception, match="ResourceNotFoundException"):
        predict.service().active.load()
    assert set(endpoint.signed_by) == {"AFTER"}
    lean = "AWS_LAMBDA_FUNCTION_NAME" in os.environ
    assert isinstance(predict.service().images._client, S3) == lean
