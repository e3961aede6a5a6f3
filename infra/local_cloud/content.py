"""Filling a freshly deployed local cloud: the dashboard and the starter model.

On AWS two custom resources of the template do the same.
"""

import json
import mimetypes
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from infra.local_cloud.outputs import Outputs
from visionflow.models.manifest import read_artifact
from visionflow.models.publication import Publisher
from visionflow.models.ref import ModelRef
from visionflow.models.registry import ModelRegistry
from visionflow.models.routing import Order
from visionflow.models.store import ModelStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client


def upload_dashboard(built: Path, outputs: Outputs, s3: "S3Client") -> None:
    """Upload the built site with its configuration; ``index.html`` last, as it names the others."""
    files = [file for file in built.rglob("*") if file.is_file()]
    for file in sorted(files, key=lambda file: file.name == "index.html"):
        s3.put_object(
            Bucket=outputs.dashboard_bucket,
            Key=file.relative_to(built).as_posix(),
            Body=file.read_bytes(),
            ContentType=mimetypes.guess_type(file.name)[0] or "application/octet-stream",
        )
    config = {"apiUrl": outputs.api_url, "stage": "local", "auth": None}
    s3.put_object(
        Bucket=outputs.dashboard_bucket,
        Key="config.json",
        Body=json.dumps(config).encode(),
        ContentType="application/json",
        CacheControl="no-store",
    )


def publish_starter(
    artifact: Path, outputs: Outputs, s3: "S3Client", dynamodb: "DynamoDBClient"
) -> ModelRef:
    """Publish the committed model and, where nothing serves yet, promote it."""
    manifest = read_artifact(artifact)
    registry = ModelRegistry(outputs.registry_table, dynamodb)
    Publisher(ModelStore(outputs.models_bucket, s3), registry).publish(
        artifact,
        manifest,
        lambda: Order("visionflow up", datetime.now(UTC), "the starter model"),
        promote=registry.current() is None,
    )
    return ModelRef(manifest.name, manifest.version)
