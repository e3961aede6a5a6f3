"""Copies of images in the bucket of datasets: the bytes, and nothing about a person."""

import boto3
import pytest

from visionflow.errors import MissingImageError
from visionflow.images.store import ImageStore


@pytest.fixture
def copies(aws: None) -> ImageStore:
    s3 = boto3.client("s3")
    for bucket in ("images", "datasets"):
        s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
    return ImageStore("datasets", s3)


def put(content_type: str) -> None:
    boto3.client("s3").put_object(
        Bucket="images",
        Key="uploads/posted/01",
        Body=b"an image",
        ContentType=content_type,
        Metadata={"owner": "user:ann", "filename": "Ann%27s%20passport.jpg"},
        Tagging="sent-by=ann",
    )


def test_a_copy_has_the_bytes_and_the_type_alone(copies: ImageStore) -> None:
    s3 = boto3.client("s3")
    put("image/jpeg")
    copies.take_copy("images", "uploads/posted/01", None, "content/pets/01")
    found = s3.get_object(Bucket="datasets", Key="content/pets/01")
    assert found["Body"].read() == b"an image"
    assert (found["ContentType"], found["Metadata"]) == ("image/jpeg", {})
    assert s3.get_object_tagging(Bucket="datasets", Key="content/pets/01")["TagSet"] == []


def test_a_type_that_is_no_image_s_is_not_taken_over(copies: ImageStore) -> None:
    put("text/html; charset=ann")
    copies.take_copy("images", "uploads/posted/01", None, "copy")
    head = boto3.client("s3").head_object(Bucket="datasets", Key="copy")
    assert head["ContentType"] == "application/octet-stream"


def test_what_is_gone_cannot_be_copied(copies: ImageStore) -> None:
    with pytest.raises(MissingImageError):
        copies.take_copy("images", "uploads/posted/02", None, "copy")
