"""All faults that can occur between a dropped image and its record, at once."""

import hashlib
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3

from tests.e2e.cloud import Cloud
from tests.e2e.faults import Fault, FaultPlan, FaultyGateway
from tests.images import bad_files, encode, textured
from visionflow.predictions.record import Prediction, s3_object_id
from visionflow.predictions.rows import read_prediction

POISON_SHARE = 0.05
OVERWRITTEN_SHARE = 0.05
MOST_DELIVERIES = 3
# Messages that no function can read; the design sends them to the dead-letter queue.
NO_EVENTS = ("no JSON at all", '{"Records": [{}]}', '{"hello": "world"}')
# Seconds until a failed message comes back. Minutes on AWS, and longer than any batch takes here.
REDELIVERY_S = 4
# A fixed part, and a part for each image; a busy machine needs most of it.
DONE_WITHIN_S, DONE_WITHIN_S_EACH = 120.0, 0.4


@dataclass(frozen=True)
class Image:
    """One dropped object version. ``code`` is the failure that its record must have."""

    key: str
    data: bytes
    code: str | None


@dataclass(frozen=True)
class ChaosReport:
    """The faults of a run and its outcome."""

    images: int
    poison: int
    messages: int
    faults: Counter[Fault]
    missing: int
    repeated: int
    wrong: int
    left_in_queue: int
    dead_letters: Counter[str]
    seconds: float

    def __str__(self) -> str:
        faults = ", ".join(f"{fault} {n}" for fault, n in sorted(self.faults.items()))
        return (
            f"{self.images} images ({self.poison} poison) by {self.messages} messages in "
            f"{self.seconds:.1f} s; faults: {faults}; records missing {self.missing}, repeated "
            f"{self.repeated}, wrong {self.wrong}; left in the queue {self.left_in_queue}, dead "
            f"letters {self.dead_letters.total()}"
        )


def run_chaos(cloud: Cloud, *, images: int, kills: int, seed: int = 0) -> ChaosReport:
    """Drop ``images`` images, deliver their events in disorder, and count what came of them.

    The calls of the workers go through a `FaultyGateway`. Returns when the queue is empty.
    """
    generator = random.Random(seed)
    prefix = f"uploads/chaos-{seed}/"
    dropped = list(_images(images, prefix, generator))
    outputs = cloud.outputs
    with _held_back(cloud) as let_go:
        versions = _drop(cloud, dropped)
        events = _announced(cloud, images)
        deliveries = [
            event for event in events for _ in range(generator.randint(1, MOST_DELIVERIES))
        ]
        generator.shuffle(deliveries)
        # First of all, so that their five tries pass while the others are done.
        deliveries = [*NO_EVENTS, *deliveries]
        _send(cloud, deliveries)
        records = [
            s3_object_id(outputs.images_bucket, image.key, version)
            for version, image in versions.items()
        ]
        plan = FaultPlan(seed=seed, versions=list(versions), records=records, kills=kills)
        gateway = FaultyGateway(
            cloud.emulator, outputs.images_bucket, outputs.predictions_table, plan
        )
        with gateway.serving():
            began = time.monotonic()
            let_go(gateway.url)
            cloud.wait_until_idle(DONE_WITHIN_S + images * DONE_WITHIN_S_EACH)
            seconds = time.monotonic() - began
    found = _records(cloud, prefix)
    counts = Counter(record.image.version_id for record in found)
    return ChaosReport(
        images=images,
        poison=sum(image.code is not None for image in dropped),
        messages=len(deliveries),
        faults=plan.happened,
        missing=len(set(versions) - set(counts)),
        repeated=sum(count > 1 for count in counts.values()),
        wrong=sum(not _is_right(record, versions) for record in found),
        left_in_queue=cloud.messages(outputs.queue_url),
        dead_letters=_dead_letters(cloud),
        seconds=seconds,
    )


def _images(count: int, prefix: str, generator: random.Random) -> Iterator[Image]:
    poison = sorted(bad_files().values())
    key = ""
    for number in range(count):
        # Some keys are overwritten, so that an event's version is not the newest one.
        if not key or generator.random() >= OVERWRITTEN_SHARE:
            key = f"{prefix}{number:05} größe+.jpg"
        if number % round(1 / POISON_SHARE) == 0:
            data, code = poison[generator.randrange(len(poison))]
            yield Image(key, data, code)
        else:
            yield Image(key, encode(textured(seed=number)), None)


def _drop(cloud: Cloud, images: list[Image]) -> dict[str, Image]:
    """The images by their version ids."""
    with ThreadPoolExecutor(8) as pool:
        versions = pool.map(lambda image: cloud.drop(image.key, image.data), images)
        return dict(zip(versions, images, strict=True))


def _announced(cloud: Cloud, count: int) -> list[str]:
    """Take the notifications that S3 sent out of the queue."""
    queue = cloud.outputs.queue_url
    events: list[str] = []

    def look() -> bool | None:
        messages = cloud.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        for message in messages.get("Messages", []):
            cloud.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            events.append(message["Body"])
        return True if len(events) == count else None

    deadline = time.monotonic() + 60
    while look() is None:
        if time.monotonic() > deadline:
            raise AssertionError(f"S3 announced {len(events)} of {count} objects")
    return events


def _send(cloud: Cloud, bodies: list[str]) -> None:
    for start in range(0, len(bodies), 10):
        batch = enumerate(bodies[start : start + 10])
        entries: Any = [{"Id": str(number), "MessageBody": body} for number, body in batch]
        cloud.sqs.send_message_batch(QueueUrl=cloud.outputs.queue_url, Entries=entries)


@contextmanager
def _held_back(cloud: Cloud) -> Iterator[Callable[[str], None]]:
    """Detach the queue from the function until the yielded function is called with the URL that
    the workers shall use for AWS. Restores everything afterwards."""
    client = boto3.client("lambda", **cloud.emulator.client_options)
    queue = cloud.outputs.queue_url
    (mapping,) = (
        found
        for found in client.list_event_source_mappings()["EventSourceMappings"]
        if queue.rpartition("/")[2] in found["EventSourceArn"]
    )
    function = mapping["FunctionArn"].split(":function:")[1].split(":")[0]
    variables = client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    asked = cloud.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])

    def drive(arn: str, environment: dict[str, str], *, enabled: bool) -> None:
        client.update_function_configuration(
            FunctionName=function, Environment={"Variables": environment}
        )
        client.update_event_source_mapping(UUID=mapping["UUID"], FunctionName=arn, Enabled=enabled)

    latest = mapping["FunctionArn"].split(f":function:{function}")[0] + f":function:{function}"
    drive(latest, variables, enabled=False)
    cloud.sqs.set_queue_attributes(
        QueueUrl=queue, Attributes={"VisibilityTimeout": str(REDELIVERY_S)}
    )
    try:
        yield lambda url: drive(latest, variables | {"AWS_ENDPOINT_URL": url}, enabled=True)
    finally:
        drive(mapping["FunctionArn"], variables, enabled=True)
        cloud.sqs.set_queue_attributes(QueueUrl=queue, Attributes=asked["Attributes"])


def _records(cloud: Cloud, prefix: str) -> list[Prediction]:
    """Every record of the run, read from the table itself, not from an index."""
    pages = cloud.dynamodb.get_paginator("scan").paginate(
        TableName=cloud.outputs.predictions_table, ConsistentRead=True
    )
    found = (read_prediction(item) for page in pages for item in page["Items"] if "image" in item)
    return [record for record in found if str(record.image.key).startswith(prefix)]


def _is_right(record: Prediction, versions: dict[str, Image]) -> bool:
    """Whether the record has its version's checksum, key, and the expected status and code."""
    image = versions[record.image.version_id or ""]
    code = record.error.code if record.error else None
    return (
        record.image.key == image.key
        and record.image.sha256 == hashlib.sha256(image.data).hexdigest()
        and code == image.code
        and (record.status == "failed") == (image.code is not None)
    )


def _dead_letters(cloud: Cloud) -> Counter[str]:
    queue = cloud.outputs.dead_letter_queue_url
    bodies: Counter[str] = Counter()
    while messages := cloud.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get(
        "Messages"
    ):
        for message in messages:
            cloud.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            bodies[message["Body"]] += 1
    return bodies
