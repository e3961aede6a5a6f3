import json
from datetime import UTC, datetime
from typing import Any

import pytest

import lambdas.ingest.handler
from lambdas.classification.announcements import Watched, announced
from lambdas.classification.uploads import Upload
from lambdas.ingest.service import IngestService
from tests.images import bad_files, encode, plain
from tests.integration.conftest import COUNTING, INGEST, Cloud, event
from visionflow.errors import PlatformError
from visionflow.images.store import StoredImage

RED = encode(plain("red"))
WATCHED = Watched("images", ("uploads/",))


def test_a_dropped_image_is_recorded(cloud: Cloud) -> None:
    cloud.drop("uploads/red.jpg", RED)
    assert cloud.deliver(cloud.messages()) == []
    (entry,) = cloud.logs()
    assert (entry["label"], entry["status"], entry["source"]) == ("red", "ok", "s3")
    assert entry["image"]["key"] == "uploads/red.jpg"
    assert entry["image"]["version_id"]
    assert cloud.messages() == []


@pytest.mark.parametrize(
    "key",
    [
        "uploads/two words.jpg",
        "uploads/one+one.jpg",
        "uploads/100%.jpg",
        "uploads/고양이.jpg",
        "uploads/a/b/c.JPG",
        "uploads/no-extension",
        "uploads/" + "x" * 1016,
    ],
)
def test_any_key_is_read_as_it_was_written(cloud: Cloud, key: str) -> None:
    cloud.drop(key, RED)
    assert cloud.deliver(cloud.messages()) == []
    (entry,) = cloud.logs()
    assert entry["image"]["key"] == key


def test_the_same_event_three_times_makes_one_record(cloud: Cloud) -> None:
    cloud.drop("uploads/red.jpg", RED)
    (message,) = cloud.messages()
    for _ in range(3):
        assert cloud.deliver([message]) == []
    assert cloud.deliver([message, message]) == []
    assert len(cloud.logs()) == 1


def test_two_workers_with_the_same_event_make_one_record(cloud: Cloud) -> None:
    """The second one looks before the first has written, so only the condition can stop it."""
    cloud.drop("uploads/red.jpg", RED)
    ((upload, _),) = announced(json.loads(cloud.messages()[0]["body"]), Upload, WATCHED).arrivals
    slow = IngestService.build(INGEST, COUNTING)
    fast = IngestService.build(INGEST, COUNTING)
    now = datetime.now(UTC)
    fetch = slow.images.fetch

    def fetch_while_the_other_finishes(*args: Any, **kwargs: Any) -> StoredImage:
        assert fast.ingest(upload, now) is not None
        return fetch(*args, **kwargs)

    slow.images.fetch = fetch_while_the_other_finishes  # type: ignore[method-assign]
    assert slow.ingest(upload, now) is None
    assert [entry["label"] for entry in cloud.logs()] == ["red"]


def test_overwriting_an_object_makes_a_second_record(cloud: Cloud) -> None:
    cloud.drop("uploads/colour.jpg", RED)
    cloud.drop("uploads/colour.jpg", encode(plain("blue")))
    assert cloud.deliver(cloud.messages()) == []
    assert sorted(entry["label"] for entry in cloud.logs()) == ["blue", "red"]


@pytest.mark.parametrize("name", bad_files())
def test_a_bad_file_becomes_a_failed_record_and_is_not_retried(cloud: Cloud, name: str) -> None:
    data, code = bad_files()[name]
    cloud.drop(f"uploads/{name}", data)
    assert cloud.deliver(cloud.messages()) == []
    (entry,) = cloud.logs()
    assert entry["status"] == "failed"
    assert entry["error"]["code"] == code
    assert entry["label"] is entry["model"] is entry["thumbnail_url"] is None
    assert entry["image"]["bytes"] == len(data)


def test_an_object_over_the_limit_is_refused_without_a_download(cloud: Cloud) -> None:
    cloud.drop("uploads/huge.jpg", bytes(32_000_001))
    assert cloud.deliver(cloud.messages()) == []
    (entry,) = cloud.logs()
    assert entry["error"]["code"] == "image_too_large"
    assert entry["image"]["bytes"] is None


def test_an_object_deleted_before_its_event_is_a_failed_record(cloud: Cloud) -> None:
    cloud.drop("uploads/red.jpg", RED)
    messages = cloud.messages()
    for version in cloud.s3.list_object_versions(Bucket="images")["Versions"]:
        cloud.s3.delete_object(Bucket="images", Key=version["Key"], VersionId=version["VersionId"])
    assert cloud.deliver(messages) == []
    (entry,) = cloud.logs()
    assert entry["error"]["code"] == "image_missing"


def test_an_archived_object_is_a_failed_record(cloud: Cloud) -> None:
    cloud.s3.put_object(Bucket="images", Key="uploads/old.jpg", Body=RED, StorageClass="GLACIER")
    assert cloud.deliver(cloud.messages()) == []
    (entry,) = cloud.logs()
    assert entry["error"]["code"] == "image_archived"


@pytest.mark.parametrize("size", [(1, 513), (2000, 3)])
def test_a_sliver_is_recorded_like_any_image(cloud: Cloud, size: tuple[int, int]) -> None:
    cloud.drop("uploads/sliver.png", encode(plain("red", size), "PNG"))
    assert cloud.deliver(cloud.messages()) == []
    (entry,) = cloud.logs()
    assert (entry["status"], entry["label"]) == ("ok", "red")


def test_only_the_messages_that_failed_come_back(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    for colour in ("red", "lime", "blue"):
        cloud.drop(f"uploads/{colour}.jpg", encode(plain(colour)))
    messages = cloud.messages()
    fetch = lambdas.ingest.handler.service().images.fetch

    def fetch_with_a_fault(key: str, *which: Any) -> StoredImage:
        if "lime" in key:
            raise PlatformError("S3 said: slow down")
        return fetch(key, *which)

    with monkeypatch.context() as patch:
        patch.setattr(lambdas.ingest.handler.service().images, "fetch", fetch_with_a_fault)
        failed = cloud.deliver(messages)
    assert len(failed) == 1
    assert sorted(entry["label"] for entry in cloud.logs()) == ["blue", "red"]
    assert cloud.deliver([m for m in messages if m["messageId"] in failed]) == []
    assert sorted(entry["label"] for entry in cloud.logs()) == ["blue", "green", "red"]


def test_without_a_model_nothing_is_recorded_and_all_come_back(empty_cloud: Cloud) -> None:
    empty_cloud.drop("uploads/red.jpg", RED)
    messages = empty_cloud.messages()
    assert empty_cloud.deliver(messages) == [m["messageId"] for m in messages]
    assert empty_cloud.logs() == []


def test_s3_s_test_event_and_folder_markers_are_no_images(cloud: Cloud) -> None:
    cloud.drop("uploads/holiday/", b"")
    messages = [cloud.message(event("s3_test_event")), *cloud.messages()]
    assert len(messages) == 2
    assert cloud.deliver(messages) == []
    assert cloud.logs() == []


def test_keys_arrive_decoded() -> None:
    ((upload, request_id),) = announced(event("s3_notification"), Upload, WATCHED).arrivals
    assert upload.key == "uploads/summer photos/고양이+1.jpg"
    assert upload.version_id == "096fKKXTRTtl3on89fVO.nfljtsv6qko"
    assert request_id == "C3D13FE58DE4C810"
