"""Backfills on a local cloud: images that nobody has announced, and what became of each."""

import json
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import boto3
import duckdb
from PIL import Image as pillow  # noqa: N813  its `Image` is not ours

from tests.e2e.cloud import Cloud, Record, eventually
from tests.e2e.faults import Fault, FaultPlan, FaultyGateway
from tests.images import bad_files, encode
from tests.tiny_model import write_tiny_artifact
from visionflow.backfills.price import chunks_of
from visionflow.models.manifest import read_artifact
from visionflow.models.publication import Publisher
from visionflow.models.registry import ModelRegistry
from visionflow.models.routing import Order
from visionflow.models.store import ModelStore
from visionflow.predictions.record import s3_object_id
from visionflow.predictions.rows import read_prediction

AT_WORK = ("listing", "running")
# Of the images are done when a backfill is cancelled.
CANCELLED_AT = 0.2
_RETRIES = 3
_FIRST_S, _EACH_S = 120.0, 1.0


@dataclass(frozen=True)
class Image:
    """An object; ``code`` is the failure that it must end in."""

    key: str
    data: bytes
    code: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a backfill and of its images: how many have no result, several, or one that
    fails where it should not or does not where it should."""

    view: Record
    missing: int
    repeated: int
    wrong: int
    faults: Counter[Fault]


def images(datas: Sequence[bytes], prefix: str, poison: float, seed: int = 0) -> list[Image]:
    """``datas`` under keys below ``prefix``, a share of them replaced by what no one can read."""
    generator = random.Random(seed)
    bad = sorted((data, code) for name, (data, code) in bad_files().items())
    step = round(1 / poison) if poison else len(datas) + 1
    found = []
    for number, data in enumerate(datas):
        key = f"{prefix}{number:06} größe+.jpg"
        if number % step == step // 2:
            found.append(Image(key, *bad[generator.randrange(len(bad))]))
        else:
            found.append(Image(key, data))
    return found


def publish_two(cloud: Cloud, name: str, folder: Path) -> tuple[str, str]:
    """Two versions of a model ``name``, the new one first: it takes red for green and so on, and is
    sure of more. Makes ``folder``."""
    registry = ModelRegistry(cloud.outputs.registry_table, cloud.dynamodb)
    publisher = Publisher(ModelStore(cloud.outputs.models_bucket, cloud.s3), registry)
    for version, turned, threshold in (("1", False, 0.7), ("2", True, 0.5)):
        artifact = folder / version
        artifact.mkdir(parents=True)
        write_tiny_artifact(artifact, version, threshold, name=name, turned=turned)
        publisher.publish(
            artifact,
            read_artifact(artifact),
            lambda: Order("the tests", datetime.now(UTC)),
            promote=False,
        )
    return f"{name}/2", f"{name}/1"


def coloured(count: int) -> list[bytes]:
    """Of any colour, so that the two versions agree about some."""
    generator = random.Random(0)
    return [
        encode(pillow.new("RGB", (80 + n, 60), tuple(generator.randrange(256) for _ in range(3))))
        for n in range(count)
    ]


@contextmanager
def unannounced(cloud: Cloud, *, forever: bool = True) -> Iterator[None]:
    """What is dropped meanwhile stays in the queue; at the end it is taken out, unless it is to
    be delivered then."""
    client = boto3.client("lambda", **cloud.emulator.client_options)
    name = cloud.outputs.queue_url.rpartition("/")[2]
    (mapping,) = (
        found
        for found in client.list_event_source_mappings()["EventSourceMappings"]
        if name in found["EventSourceArn"]
    )
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        yield
        if forever:
            cloud.sqs.purge_queue(QueueUrl=cloud.outputs.queue_url)
    finally:
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def drop(cloud: Cloud, dropped: Sequence[Image]) -> dict[str, Image]:
    """The images by their version ids."""
    with ThreadPoolExecutor(4) as pool:
        versions = list(pool.map(lambda image: cloud.drop(image.key, image.data), dropped))
    return dict(zip(versions, dropped, strict=True))


def post(cloud: Cloud, path: str, **body: Any) -> Record:
    answer = cloud.call("POST", path, json.dumps(body).encode(), "application/json")
    assert answer.status in (HTTPStatus.OK, HTTPStatus.ACCEPTED), answer.body
    return answer.body


def wait(cloud: Cloud, backfill_id: str, within: float, done: int | None = None) -> Record:
    """The backfill once it works no more, or ``done`` of its images are done."""

    def look() -> Record | None:
        answer = cloud.call("GET", f"/backfills/{backfill_id}")
        if answer.status != HTTPStatus.OK:
            return None  # the machine is busy: as a page would, ask again
        progress = answer.body["progress"]
        enough = done is not None and progress["listed"] - progress["left"] >= done
        return answer.body if enough or answer.body["state"] not in AT_WORK else None

    return eventually(look, within, f"backfill {backfill_id} ends")


def run(
    cloud: Cloud,
    versions: Mapping[str, Image],
    prefix: str,
    *,
    into: str,
    kills: int = 0,
    cancel: bool = False,
    seed: int = 0,
    **body: Any,
) -> Outcome:
    """Backfill ``versions``, which lie below ``prefix``. With ``kills`` calls of its workers fail
    too; with ``cancel`` it is cancelled on the way, and resumed."""
    bucket = cloud.outputs.images_bucket
    within = _FIRST_S + _EACH_S * len(versions)
    records = [s3_object_id(bucket, image.key, version) for version, image in versions.items()]
    files = chunks_of(len(versions)) if into == "files" else None
    plan = FaultPlan(seed=seed, versions=list(versions), records=records, kills=kills, files=files)
    gateway = FaultyGateway(cloud.emulator, bucket, cloud.outputs.predictions_table, plan)
    with gateway.serving(), _sent_to(cloud, gateway.url) if kills else nullcontext():
        source = f"s3://{bucket}/{prefix}"
        started = post(cloud, "/backfills", source=source, into=into, **body)["backfill"]
        path = f"/backfills/{started['id']}"
        if cancel:
            wait(cloud, started["id"], within, round(CANCELLED_AT * len(versions)))
            answer = cloud.call("POST", f"{path}/cancel", b"{}", "application/json")
            if answer.status != HTTPStatus.CONFLICT:  # it may have come to its end
                assert answer.body["state"] == "cancelled", answer.body
                post(cloud, f"{path}/resume")  # while chunks may still be at work
        view = wait(cloud, started["id"], within)
        for _ in range(_RETRIES):
            if view["state"] == "failed":
                post(cloud, f"{path}/retry")
                view = wait(cloud, started["id"], within)
    found = _recorded(cloud, prefix) if into == "records" else _filed(cloud, view)
    counts = Counter(version for version, _ in found)
    return Outcome(
        view=view,
        missing=len(set(versions) - set(counts)),
        repeated=sum(count > 1 for count in counts.values()),
        wrong=sum(versions[version].code != code for version, code in found),
        faults=plan.happened,
    )


@contextmanager
def _sent_to(cloud: Cloud, url: str) -> Iterator[None]:
    """The calls of the function that classifies chunks go to ``url``."""
    client = boto3.client("lambda", **cloud.emulator.client_options)
    names = [
        found["FunctionName"]
        for page in client.get_paginator("list_functions").paginate()
        for found in page["Functions"]
    ]
    (function,) = (name for name in names if "-Chunk" in name)
    found = client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]

    def point(variables: dict[str, str]) -> None:
        client.update_function_configuration(
            FunctionName=function, Environment={"Variables": variables}
        )

    point(found | {"AWS_ENDPOINT_URL": url})
    try:
        yield
    finally:
        point(found)


def _recorded(cloud: Cloud, prefix: str) -> list[tuple[str, str | None]]:
    """Version and error code of every record, read from the table itself."""
    pages = cloud.dynamodb.get_paginator("scan").paginate(
        TableName=cloud.outputs.predictions_table, ConsistentRead=True
    )
    records = (read_prediction(item) for page in pages for item in page["Items"] if "image" in item)
    return [
        (record.image.version_id or "", record.error.code if record.error else None)
        for record in records
        if str(record.image.key).startswith(prefix)
    ]


def _filed(cloud: Cloud, view: Record) -> list[tuple[str, str | None]]:
    """The same of every row of the files, as DuckDB reads them."""
    with tempfile.TemporaryDirectory() as folder:
        download(cloud, view, Path(folder))
        rows = duckdb.read_parquet(f"{folder}/*.parquet")
        return rows.project("version_id, error_code").fetchall()


def download(cloud: Cloud, view: Record, folder: Path) -> None:
    bucket, _, prefix = view["results"]["location"].removeprefix("s3://").partition("/")
    pages = cloud.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for found in page.get("Contents", []):
            cloud.s3.download_file(bucket, found["Key"], str(folder / Path(found["Key"]).name))


def all_announced(cloud: Cloud, count: int) -> None:
    """Return once the queue holds a message for each of ``count`` images."""
    queue = cloud.outputs.queue_url
    eventually(
        lambda: True if cloud.messages(queue) >= count else None, 30 + count / 10, "announced"
    )
