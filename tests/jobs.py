"""Training jobs as the tests make them: records, a table and buckets on moto."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3

from lambdas import clients
from lambdas.jobs.inputs import Inputs
from tests.unit.training.conftest import SHRUNKEN
from visionflow.access.budget import StageStop
from visionflow.datasets.store import DatasetStore
from visionflow.datasets.versions import VersionStore
from visionflow.jobs.folder import JobFolders
from visionflow.jobs.record import JobRecord, JobRequest
from visionflow.jobs.store import JobStore
from visionflow.models.gate import GateLimits
from visionflow.timestamps import new_id, timestamp

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
TABLE, JOBS, DATASETS, USAGE = "jobs", "job-files", "datasets", "usage"
DATASETS_TABLE = "datasets-table"
ROLE_ID = "AROAEXAMPLE"
# A request whose run takes seconds; a request has a field of its own for the recipe.
# The limits of the gate are the stage's.
TINY_FIELDS = {
    name: value
    for name, value in SHRUNKEN.items()
    if name != "recipe" and name not in GateLimits().fields
}


def request(**changes: Any) -> JobRequest:
    fields = {**TINY_FIELDS, **changes.pop("set", {})}
    whole = JobRequest(
        "cifar10-small", f"s3://{DATASETS}/colours", recipe="scratch", set=fields, max_hours=2.0
    )
    return replace(whole, **changes)


def record(asked: JobRequest | None = None, **changes: Any) -> JobRecord:
    whole = JobRecord(id=new_id(NOW), request=asked or request(), created_at=timestamp(NOW))
    return replace(whole, **changes)


def make_table() -> JobStore:
    make_pair_table(TABLE)
    return JobStore(TABLE, boto3.client("dynamodb"))


def make_stop() -> StageStop:
    """Of a stage that goes on until a test stops it."""
    make_pair_table(USAGE)
    return StageStop(USAGE, boto3.client("dynamodb"))


def make_pair_table(table: str) -> None:
    """One with a partition key and a sort key."""
    boto3.client("dynamodb").create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[{"AttributeName": k, "AttributeType": "S"} for k in ("pk", "sk")],
    )


def folders() -> JobFolders:
    return JobFolders(JOBS, boto3.client("s3"))


def inputs(store: JobStore) -> Inputs:
    return Inputs(store, folders(), clients.s3(), GateLimits(), versions())


def versions() -> VersionStore:
    store = DatasetStore(DATASETS_TABLE, boto3.client("dynamodb"))
    return VersionStore(DATASETS, boto3.client("s3"), store)


def moto_get() -> Callable[[str, Path], int]:
    """What HTTP would bring from moto, which answers boto3 alone."""
    client = boto3.client("s3")

    def get(url: str, target: Path) -> int:
        asked = urlsplit(url)
        bucket, key = asked.netloc.partition(".")[0], unquote(asked.path[1:])
        try:
            target.write_bytes(client.get_object(Bucket=bucket, Key=key)["Body"].read())
        except client.exceptions.NoSuchKey:
            return 404
        return 200

    return get


def make_buckets(*names: str) -> None:
    client = boto3.client("s3")
    for name in names:
        client.create_bucket(
            Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )


def upload_folder(folder: Path, bucket: str, prefix: str) -> None:
    client = boto3.client("s3")
    for file in folder.rglob("*"):
        if file.is_file():
            client.upload_file(str(file), bucket, f"{prefix}/{file.relative_to(folder)}")
