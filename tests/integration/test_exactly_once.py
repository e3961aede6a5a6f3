"""One record per object version, whatever became of the object before its event was handled."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.images import encode, plain
from tests.integration.conftest import Cloud, event

KEY = "uploads/colour.jpg"
RED, BLUE = encode(plain("red")), encode(plain("blue"))


def colours(cloud: Cloud) -> list[str]:
    """The label, or the failure's code, of every record."""
    return sorted((entry["label"] or entry["error"]["code"]) for entry in cloud.logs())


def unversioned(message: dict[str, Any], version_id: str | None) -> dict[str, Any]:
    """The message as S3 sends it while a bucket keeps no versions."""
    body = json.loads(message["body"])
    for record in body["Records"]:
        del record["s3"]["object"]["versionId"]
        if version_id is not None:
            record["s3"]["object"]["versionId"] = version_id
    return message | {"body": json.dumps(body)}


def test_an_event_of_an_older_version_is_answered_with_that_version(cloud: Cloud) -> None:
    cloud.drop(KEY, RED)
    cloud.drop(KEY, BLUE)
    older, newer = cloud.messages()
    assert cloud.deliver([newer]) == []
    assert colours(cloud) == ["blue"]
    assert cloud.deliver([older]) == []
    assert colours(cloud) == ["blue", "red"]


def test_an_image_behind_a_delete_marker_is_still_answered(cloud: Cloud) -> None:
    cloud.drop(KEY, RED)
    messages = cloud.messages()
    cloud.s3.delete_object(Bucket="images", Key=KEY)
    assert cloud.deliver(messages) == []
    assert colours(cloud) == ["red"]


def test_of_two_versions_the_deleted_one_alone_is_missing(cloud: Cloud) -> None:
    cloud.drop(KEY, RED)
    cloud.drop(KEY, BLUE)
    messages = cloud.messages()
    older = cloud.s3.list_object_versions(Bucket="images", Prefix=KEY)["Versions"][-1]
    cloud.s3.delete_object(Bucket="images", Key=KEY, VersionId=older["VersionId"])
    assert cloud.deliver(messages) == []
    assert colours(cloud) == ["blue", "image_missing"]


@pytest.mark.parametrize("version_id", [None, "null"])
def test_without_versions_a_replaced_image_is_missing_and_not_mistaken(
    cloud: Cloud, version_id: str | None
) -> None:
    """Its bytes are gone; the newer ones belong to the newer event."""
    cloud.drop(KEY, RED)
    cloud.drop(KEY, BLUE)
    messages = [unversioned(message, version_id) for message in cloud.messages()]
    for _ in range(2):
        assert cloud.deliver(messages) == []
    assert colours(cloud) == ["blue", "image_missing"]


@pytest.mark.parametrize(
    "key",
    [
        "uploads/" + "é" * 508,  # 1,024 bytes
        "uploads/" + "고" * 338 + "+ ",  # 1,024 bytes
        "uploads/é and e\u0301.jpg",
        "uploads/%2B+%20 .jpg",
        "uploads/emoji 🐈‍⬛/../dots.jpg",
        "uploads/?query&a=b#fragment",
        "uploads/line\nbreak.jpg",
    ],
)
def test_no_key_is_too_strange(cloud: Cloud, key: str) -> None:
    assert len(key.encode()) <= 1024
    cloud.drop(key, RED)
    messages = cloud.messages()
    for _ in range(2):
        assert cloud.deliver(messages) == []
    (entry,) = cloud.logs()
    assert (entry["image"]["key"], entry["label"]) == (key, "red")


def copy(cloud: Cloud) -> None:
    cloud.s3.put_object(Bucket="images", Key="elsewhere/red.jpg", Body=RED)
    cloud.s3.copy_object(Bucket="images", Key=KEY, CopySource="images/elsewhere/red.jpg")


def multipart(cloud: Cloud) -> None:
    large = RED + bytes(6_000_000)  # decoders stop at the end of the image
    started = cloud.s3.create_multipart_upload(Bucket="images", Key=KEY)
    upload: Any = {"Bucket": "images", "Key": KEY, "UploadId": started["UploadId"]}
    parts: list[Any] = []
    for number, data in enumerate((large[:5_500_000], large[5_500_000:]), start=1):
        part = cloud.s3.upload_part(**upload, PartNumber=number, Body=data)
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
    cloud.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})


@pytest.mark.parametrize("write", [copy, multipart])
def test_copies_and_multipart_uploads_are_images_like_any(
    cloud: Cloud, write: Callable[[Cloud], None]
) -> None:
    write(cloud)
    messages = cloud.messages()
    assert messages
    for _ in range(2):
        assert cloud.deliver(messages) == []
    (entry,) = cloud.logs()
    assert (entry["label"], entry["image"]["key"]) == ("red", KEY)


def test_two_objects_with_the_same_bytes_are_two_images(cloud: Cloud) -> None:
    cloud.drop("uploads/a.jpg", RED)
    cloud.deliver(cloud.messages())
    cloud.drop("uploads/b.jpg", RED)
    cloud.deliver([m for m in cloud.messages() if "b.jpg" in m["body"]])
    assert colours(cloud) == ["red", "red"]


def test_one_message_may_announce_several_images(cloud: Cloud) -> None:
    notification = event("s3_notification")
    (template,) = notification["Records"]
    notification["Records"] = []
    for colour in ("red", "blue"):
        answer = cloud.s3.put_object(
            Bucket="images", Key=f"uploads/{colour}.jpg", Body=encode(plain(colour))
        )
        obj = {"key": f"uploads/{colour}.jpg", "size": 1, "eTag": answer["ETag"].strip('"')}
        obj["versionId"] = answer["VersionId"]
        notification["Records"].append(template | {"s3": template["s3"] | {"object": obj}})
    for _ in range(2):
        assert cloud.deliver([cloud.message(notification)]) == []
    assert colours(cloud) == ["blue", "red"]


def test_the_same_message_three_times_in_one_batch_makes_one_record(cloud: Cloud) -> None:
    cloud.drop(KEY, RED)
    (message,) = cloud.messages()
    batch = [message | {"messageId": str(number)} for number in range(3)]
    assert cloud.deliver(batch) == []
    assert colours(cloud) == ["red"]
    assert cloud.messages() == []  # neither the thumbnail nor the record announces anything
