"""The predict function as it is deployed, with an artifact's folder in place of S3 and DynamoDB.

The handler builds its own service: the decoder is forked, ONNX Runtime imported in a thread and the
version read, verified, opened and tried out as in Lambda. Clients are created too, and not asked.
"""

import io
import json
import os
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from lambdas.aws import clients
from lambdas.aws.errors import EXCEPTIONS
from lambdas.classification.settings import ClassificationSettings
from lambdas.predict import handler
from visionflow import dynamodb, strict
from visionflow.access.quotas import Amounts, Quotas
from visionflow.access.usage import UsageSettings
from visionflow.models.manifest import MANIFEST_NAME
from visionflow.models.ref import ModelRef
from visionflow.models.routing import Aliases

_REGISTRY = "registry"
_PLENTY = Amounts(10**9, 10**9, 10**15, 10**9, 10**9)


class _Folder:
    """S3's calls: reads an artifact, keeps nothing."""

    exceptions = EXCEPTIONS

    def __init__(self, artifact: Path) -> None:
        self._artifact = artifact

    def get_object(self, Key: str, **_: object) -> dict[str, Any]:  # noqa: N803  boto3's names
        path = Key.split("/", 3)[3]
        return {"Body": io.BytesIO((self._artifact / path).read_bytes())}

    def put_object(self, **_: object) -> dict[str, Any]:
        return {}


class _Tables:
    """DynamoDB's calls: the aliases point at one version, and nothing else is there."""

    exceptions = EXCEPTIONS

    def __init__(self, model: ModelRef) -> None:
        self._aliases: Any = dynamodb.to_item(strict.to_dict(Aliases(production=model)))

    def get_item(self, TableName: str, **_: object) -> dict[str, Any]:  # noqa: N803
        return {"Item": self._aliases} if TableName == _REGISTRY else {}

    def put_item(self, **_: object) -> dict[str, Any]:
        return {}

    def update_item(self, **_: object) -> dict[str, Any]:
        return {}


class _Context:
    function_name = "predict"
    memory_limit_in_mb = 1769
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:predict"
    aws_request_id = "52fdfc07-2182-154f-163f-5f0f9a621d72"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def build(artifact: Path) -> None:
    """Have the handler build its service, by the clients of its environment, which then answer from
    ``artifact``."""
    manifest = json.loads((artifact / MANIFEST_NAME).read_bytes())
    model = ModelRef(manifest["name"], manifest["version"])
    settings = ClassificationSettings("images", "models", "predictions", _REGISTRY, 90, 1, 0, 0)
    usage = UsageSettings.of("usage", Quotas(10**9, _PLENTY, _PLENTY))
    os.environ |= settings.to_env() | usage.to_env()
    for name, local in {"s3": _Folder(artifact), "dynamodb": _Tables(model)}.items():
        setattr(clients, name, _created(getattr(clients, name), local))
    handler.service()


def _created(create: Any, local: object) -> Any:
    def client() -> object:
        create()
        return local

    return client


def load() -> None:
    """Have ready what the aliases point at."""
    handler.service().active.load()


def call(event: Mapping[str, Any]) -> None:
    """Invoke once. Raises `RuntimeError` unless the status is 200."""
    with redirect_stdout(io.StringIO()):  # log lines and metrics, which Lambda would read there
        response = handler.lambda_handler(dict(event), _Context())
    if response["statusCode"] != 200:
        raise RuntimeError(response["body"])
