"""One answer of a function in this interpreter, by the real handler over real sockets.

S3 and DynamoDB are a server of this process with a dictionary behind it, because moto would import
boto3. It is a program's part, for test_imports.py.
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit

from lambdas.classification.settings import ClassificationSettings, DeadLetterSettings
from visionflow import dynamodb, strict
from visionflow.access.budget import BudgetSettings
from visionflow.access.quotas import Amounts, Quotas
from visionflow.access.usage import UsageSettings
from visionflow.models.manifest import MANIFEST_NAME, artifact_prefix
from visionflow.models.ref import ModelRef
from visionflow.models.routing import Aliases

EVENTS = Path(__file__).parents[2] / "events"
PLENTY = Amounts(10**6, 10**6, 10**12, 10**6, 10**6)
CONTEXT = SimpleNamespace(
    function_name="predict",
    memory_limit_in_mb=1769,
    invoked_function_arn="arn",
    aws_request_id="id",
    get_remaining_time_in_millis=lambda: 30_000,
)


class Cloud(ThreadingHTTPServer):
    def __init__(self, objects: dict[str, bytes], aliases: Aliases) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.objects, self.aliases, self.records = objects, aliases, list[Any]()


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Cloud

    def do_GET(self) -> None:
        data = self.server.objects.get(unquote(urlsplit(self.path).path))
        self._answer(404 if data is None else 200, data or b"")

    def do_PUT(self) -> None:
        self.server.objects[unquote(self.path)] = self._body()
        self._answer(200, b"")

    def do_POST(self) -> None:
        asked = json.loads(self._body())
        found: dict[str, Any] = {}
        if self.headers["x-amz-target"].endswith("GetItem") and asked["TableName"] == "registry":
            found = {"Item": dynamodb.to_item(strict.to_dict(self.server.aliases))}
        if self.headers["x-amz-target"].endswith("PutItem"):
            self.server.records.append(asked["Item"])
        self._answer(200, json.dumps(found).encode())

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _answer(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Quiet."""


def answer(function: str, image: Path, model: Path) -> None:
    """Raises `AssertionError` unless one record says that the image is red."""
    manifest = json.loads((model / MANIFEST_NAME).read_text())
    ref = ModelRef(manifest["name"], manifest["version"])
    prefix = f"/models/{artifact_prefix(ref.name, ref.version)}"
    objects = {
        prefix + file.relative_to(model).as_posix(): file.read_bytes()
        for file in model.rglob("*")
        if file.is_file()
    }
    objects["/images/uploads/red.png"] = image.read_bytes()
    cloud = Cloud(objects, Aliases(production=ref))
    Thread(target=cloud.serve_forever, daemon=True).start()
    os.environ |= _environment(f"http://127.0.0.1:{cloud.server_port}")
    handler = import_module(f"lambdas.{function}.handler")
    handler.lambda_handler(_event(function, image), CONTEXT)
    (record,) = cloud.records
    assert record["label_shard"]["S"].startswith("red#"), record


def _environment(url: str) -> dict[str, str]:
    settings = (
        ClassificationSettings("images", "models", "predictions", "registry", 90, 1, 0, 0),
        UsageSettings.of("usage", Quotas(10**6, PLENTY, PLENTY)),
        DeadLetterSettings("http://127.0.0.1:9/dead"),
        BudgetSettings("arn:aws:sns:eu-central-1:123456789012:budget"),
    )
    found = {
        "AWS_LAMBDA_FUNCTION_NAME": "predict",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": url,
    }
    for part in settings:
        found |= part.to_env()
    return found


def _event(function: str, image: Path) -> dict[str, Any]:
    import base64  # noqa: PLC0415

    if function == "predict":
        event: dict[str, Any] = json.loads((EVENTS / "http_request.json").read_text())
        return event | {"body": base64.b64encode(image.read_bytes()).decode()}
    message = json.loads((EVENTS / "sqs_message.json").read_text())
    notification = json.loads((EVENTS / "s3_notification.json").read_text())
    (record,) = notification["Records"]
    record["s3"]["bucket"]["name"] = "images"
    record["s3"]["object"] |= {"key": "uploads/red.png", "size": image.stat().st_size}
    return {"Records": [message | {"body": json.dumps(notification)}]}
