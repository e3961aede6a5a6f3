"""Images dropped into the bucket: S3 -> SQS -> Lambda -> record."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.cloud import Cloud
from tests.images import bad_files, encode, textured
from visionflow.images.limits import DEFAULT_LIMITS

pytestmark = pytest.mark.e2e


def test_a_dropped_image_is_listed(cloud: Cloud) -> None:
    key = "uploads/one.jpg"
    cloud.drop(key, encode(textured(seed=1)))
    (record,) = cloud.wait_for({key}, within=60)
    assert record["source"] == "s3"
    assert record["model"]["name"] == "starter"
    assert record["image"]["width"] == 64


@pytest.mark.parametrize(
    "key",
    [
        "uploads/a name with spaces.jpg",
        "uploads/a+plus+and%20percent.jpg",
        "uploads/강아지 사진.jpg",
        "uploads/folder/deeper/ünïcödé & more.jpg",
    ],
)
def test_any_key_is_recorded_as_it_is(cloud: Cloud, key: str) -> None:
    version = cloud.drop(key, encode(textured(seed=2)))
    (record,) = cloud.wait_for({key}, within=60)
    assert record["image"]["version_id"] == version


def test_a_new_version_of_a_key_is_a_new_record(cloud: Cloud) -> None:
    key = "uploads/twice.jpg"
    versions = {cloud.drop(key, encode(textured(seed=seed))) for seed in (3, 4)}
    cloud.wait_until_idle()
    records = cloud.records_of({key})
    assert {record["image"]["version_id"] for record in records} == versions
    assert len(records) == 2


def test_three_hundred_images_at_once_are_each_recorded_once(cloud: Cloud) -> None:
    images = {f"uploads/flood/{n:03}.jpg": encode(textured(seed=n)) for n in range(300)}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(cloud.drop, images, images.values()))
    cloud.wait_for(set(images), within=60)
    cloud.wait_until_idle()
    records = cloud.records_of(set(images))
    assert len(records) == 300
    assert {record["image"]["key"] for record in records} == set(images)
    assert cloud.messages(cloud.outputs.dead_letter_queue_url) == 0


def test_an_event_delivered_three_more_times_makes_no_other_record(cloud: Cloud) -> None:
    key = "uploads/again.jpg"
    version = cloud.drop(key, encode(textured(seed=5)))
    cloud.wait_for({key}, within=60)
    event = {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Put",
                "s3": {
                    "bucket": {"name": cloud.outputs.images_bucket},
                    "object": {"key": key, "size": 1, "eTag": "e", "versionId": version},
                },
            }
        ]
    }
    for _ in range(3):
        cloud.sqs.send_message(QueueUrl=cloud.outputs.queue_url, MessageBody=json.dumps(event))
    cloud.wait_until_idle()
    assert len(cloud.records_of({key})) == 1


def test_bad_files_become_failed_records_and_leave_the_queues_empty(cloud: Cloud) -> None:
    files = bad_files() | {"huge.jpg": (bytes(DEFAULT_LIMITS.max_bytes + 1), "image_too_large")}
    codes = {f"uploads/bad/{name}": code for name, (_, code) in files.items()}
    for name, (data, _) in files.items():
        cloud.drop(f"uploads/bad/{name}", data)
    records = cloud.wait_for(set(codes), within=60)
    assert {record["image"]["key"]: record["error"]["code"] for record in records} == codes
    assert {record["status"] for record in records} == {"failed"}
    cloud.wait_until_idle()
    assert cloud.messages(cloud.outputs.dead_letter_queue_url) == 0
    assert {record["id"] for record in records} <= {
        record["id"] for record in cloud.logs(status="failed")
    }
